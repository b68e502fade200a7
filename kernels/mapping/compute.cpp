#include <algorithm>
#include <array>

#include "kernels/mapping/mapping.h"
#include "sim/laws/array_law.h"
#include "sim/laws/lockstep_law.h"
#include "sim/laws/vector_law.h"

namespace npusim::mapping {
namespace {

using plan::MatrixWork;
using plan::Task;

/// Share of an instruction's prologue and drain that shows although the next one may overlap it:
/// it does whenever an operand comes late.
constexpr double kShownSkew = 0.25;

using MatrixTile = std::array<std::int64_t, plan::kMatrixDims>;

/// Calls `visit(tile extents, how many such tiles)` for each combination of full and ragged tiles
/// over the matrix dimensions.
template <typename Visit>
void forEachTileShape(const Task& task, const Tiling& tiling, std::size_t dim, MatrixTile& extents,
                      std::int64_t count, const Visit& visit) {
  if (dim == extents.size()) {
    visit(extents, count);
    return;
  }
  const std::int64_t extent = task.dims[dim].extent;
  const std::int64_t tile = tiling.tile[dim];
  extents[dim] = tile;
  if (extent / tile > 0) {
    forEachTileShape(task, tiling, dim + 1, extents, count * (extent / tile), visit);
  }
  if (extent % tile == 0) return;
  extents[dim] = extent % tile;
  forEachTileShape(task, tiling, dim + 1, extents, count, visit);
}

void countSteps(const std::vector<isa::VectorStep>& steps, std::array<std::int64_t, 3>& counts) {
  for (const isa::VectorStep& step : steps) {
    ++counts[static_cast<std::size_t>(costClass(step.op))];
  }
}

}  // namespace

void Evaluator::compute(const MatrixWork& work) {
  using namespace plan;
  Estimate& e = mapping_.estimate;
  const DataType format = context_.plan.precision;
  const auto kTiles = static_cast<double>(tileCount(task_, mapping_.tiling, K0) *
                                          tileCount(task_, mapping_.tiling, K1) *
                                          tileCount(task_, mapping_.tiling, K2));
  ArrayTiming last;
  MatrixTile extents{};
  forEachTileShape(task_, mapping_.tiling, 0, extents, 1, [&](const auto& x, std::int64_t count) {
    MatrixShape shape;  // of sums that begin anew: what continued ones add is a fill of the array
    shape.extents = {x[M0], x[M1], x[M2], x[N], x[K0], x[K1], x[K2]};
    shape.strides = work.strides;
    shape.dilations = work.dilations;
    if (work.mapping) shape.pass = work.mapping->pass;
    last = timingOf(format, shape);
    const auto n = static_cast<double>(count);
    e.array += n * instructionCycles(last);
    e.bufferBytes +=
        n * static_cast<double>((shape.m() + shape.n()) * shape.k()) * byteSize(format);
    e.vector += n / kTiles * static_cast<double>(postCycles(work, shape.m() * shape.n()));
  });
}

/// Laws that search for a mapping or a dealing of their own are slow, and tilings share most of
/// their shapes.
ArrayTiming Evaluator::timingOf(DataType format, const MatrixShape& shape) {
  const bool systolic = context_.chip.array.dataflow.kind == ArrayKind::Systolic;
  if (systolic && arraysInStep(context_.chip) == 1) {
    return arrayTiming(context_.chip, format, shape);
  }
  const auto known = timings_.find(shape);
  if (known != timings_.end()) return known->second;
  return timings_.emplace(shape, arrayTiming(context_.chip, format, shape)).first->second;
}

double Evaluator::instructionCycles(const ArrayTiming& timing) const {
  const auto stream = static_cast<double>(std::max(timing.stream, context_.chip.issueCycles));
  const auto skew = static_cast<double>(timing.prologue + timing.drain);
  if (context_.chip.array.convention == Convention::ScaleSim) return stream;
  return stream + (context_.chip.array.doubleBufferedWeights ? kShownSkew * skew : skew);
}

std::int64_t Evaluator::postCycles(const MatrixWork& work, std::int64_t elements) const {
  VectorShape shape{.elements = elements, .outputs = elements};
  countSteps(work.steps, shape.postSteps);
  shape.afterArray = true;
  return vectorCycles(context_.chip.vector, shape);
}

double Evaluator::passCycles(const plan::VectorWork& work, const Tiling& tiling) const {
  double cycles = 0;
  for (const plan::Pass& pass : work.passes) {
    const std::span<const int> dims = pass.dims;
    VectorShape shape;
    shape.elements = tileElements(tiling, dims);
    shape.outputs =
        tileElements(tiling, dims.first(dims.size() - static_cast<std::size_t>(pass.reduceDims)));
    shape.reduces = pass.reduceDims > 0;
    countSteps(pass.pre, shape.preSteps);
    countSteps(pass.post, shape.postSteps);
    cycles += static_cast<double>(vectorCycles(context_.chip.vector, shape));
  }
  return cycles;
}

void Evaluator::compute(const plan::VectorWork& work) {
  const auto tiles =
      static_cast<double>(passes(static_cast<int>(mapping_.tiling.order.size()) - 1));
  mapping_.estimate.vector += tiles * passCycles(work, mapping_.tiling);
}

void Evaluator::compute(const plan::CopyWork&) {}  // from block to block, nothing to choose

ArrayTiming Evaluator::timingOf(const MatrixWork& work, const Tiling& tiling) {
  using namespace plan;
  MatrixShape shape;
  const auto& x = tiling.tile;
  shape.extents = {x[M0], x[M1], x[M2], x[N], x[K0], x[K1], x[K2]};
  shape.strides = work.strides;
  shape.dilations = work.dilations;
  if (work.mapping) shape.pass = work.mapping->pass;
  const int width = byteSize(task_.operands[static_cast<std::size_t>(work.a)].type);
  return timingOf(width == 1 ? DataType::Int8 : context_.plan.precision, shape);
}

}  // namespace npusim::mapping
