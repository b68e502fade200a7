#include <array>

#include "sim/vector/vector_unit.h"

namespace npusim {
namespace {

std::array<std::int64_t, 3> countByClass(const std::vector<isa::VectorStep>& steps) {
  std::array<std::int64_t, 3> counts{};
  for (const isa::VectorStep& step : steps) {
    ++counts[static_cast<std::size_t>(costClass(step.op))];
  }
  return counts;
}

/// Positions up to the innermost dimension along which the operand moves.
std::int64_t readPositions(const VectorTile& tile, const ResolvedAccess& access) {
  std::size_t dims = tile.extents.size();
  while (dims > 0 && access.strides[dims - 1] == 0) --dims;
  return tile.positions(dims);
}

}  // namespace

VectorCost vectorCost(const VectorConfig& vector, const VectorTile& tile) {
  VectorShape shape;
  shape.elements = tile.positions(tile.extents.size());
  shape.outputs = tile.positions(tile.keptDims());
  shape.preSteps = countByClass(tile.pass->pre);
  shape.postSteps = countByClass(tile.pass->post);
  shape.reduces = tile.pass->reduceDims > 0;
  shape.afterArray = tile.pass->afterArray;

  VectorCost cost;
  cost.cycles = vectorCycles(vector, shape);
  const auto operations = [&](ElementCost kind) {
    const auto i = static_cast<std::size_t>(kind);
    return shape.preSteps[i] * shape.elements + shape.postSteps[i] * shape.outputs;
  };
  const std::vector<isa::VectorStep>& pre = tile.pass->pre;
  const bool multiplies =
      pre.size() == 1 && pre.front().op == ElementOp::Mul && pre.front().operand >= 0;
  const bool accumulates = shape.reduces && tile.pass->reduce == ReduceOp::Sum && multiplies;
  if (accumulates) cost.macs = shape.elements;
  cost.simpleOps = operations(ElementCost::Simple) + (shape.reduces ? shape.elements : 0);
  if (accumulates) cost.simpleOps -= 2 * shape.elements;  // counted as multiply-accumulates
  cost.divideOps = operations(ElementCost::Divide);
  cost.transcendentalOps = operations(ElementCost::Transcendental);
  for (const ResolvedOperand& operand : tile.operands) {
    cost.operandBytes.push_back(readPositions(tile, operand.access) *
                                byteSize(operand.access.type));
  }
  cost.outBytes = shape.outputs * byteSize(tile.out.access.type);
  return cost;
}

}  // namespace npusim
