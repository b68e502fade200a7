#include "kernels/emit/access.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "kernels/emit/transfer_nest.h"

namespace npusim::emit {
namespace {

using isa::Access;
using isa::Affine;
using isa::Extent;
using isa::LoopTerm;
using mapping::AxisTile;
using mapping::OperandTile;
using mapping::Slot;
using plan::Axis;
using plan::Operand;

/// Adds a term to terms that are sorted as isa::canonicalize() sorts them.
void addTerm(std::vector<LoopTerm>& terms, const LoopTerm& added) {
  if (added.stride == 0) return;
  const auto key = [](const LoopTerm& term) {
    return std::tuple(term.depth, term.divisor, term.modulo);
  };
  const auto at = std::find_if(terms.begin(), terms.end(),
                               [&](const LoopTerm& term) { return key(term) >= key(added); });
  if (at != terms.end() && key(*at) == key(added)) {
    at->stride += added.stride;
  } else {
    terms.insert(at, added);
  }
}

LoopTerm coreTerm(const isa::CoreDigit& digit, std::int64_t stride) {
  return {isa::kCoreDepth, stride, digit.count, digit.divisor};
}

/// Adds how far what is read or written moves with the loops around it.
void addPasses(const plan::Plan& plan, Affine& address,
               const std::vector<plan::PassStride>& passes) {
  for (const plan::PassStride& pass : passes) {
    if (pass.passes == 1) continue;
    const bool wraps = plan.passesOf(pass.repeat) > pass.modulo;
    addTerm(address.terms, {.depth = plan.depthOf(pass.repeat) - 1,
                            .stride = pass.bytes,
                            .modulo = wraps ? pass.modulo : 0});
  }
}

}  // namespace

Affine addressOf(const plan::Plan& plan, const plan::View& view) {
  Affine result{plan.block(view.block).address + view.offset, {}};
  addPasses(plan, result, view.passes);
  return result;
}

Extent AccessWriter::extent(int dim) const {
  Extent result{tile(dim), 0, {}};
  if (!isRagged(dim)) return result;
  result.limit = lastOf(dim);
  addFirst(result.terms, dim, 1);
  return result;
}

int AccessWriter::stageDepth() const {
  return (plan_.images > 1 ? 1 : 0) + plan_.depthOf(task_.repeat);
}

void AccessWriter::addPasses(Affine& address, const Operand& operand) const {
  emit::addPasses(plan_, address, operand.passes);
}
int AccessWriter::depthOf(int dim) const {
  const int depth = tiling_.depth(dim);
  return depth < 0 ? depth : depth + stageDepth();
}

bool AccessWriter::isRagged(int dim) const {
  return plan::endsEarly(task_, dim) ||
         task_.dims[static_cast<std::size_t>(dim)].extent % tile(dim) != 0;
}

std::int64_t AccessWriter::lastOf(int dim) const {
  return plan::endsEarly(task_, dim) ? plan::wholeExtent(task_, dim)
                                     : task_.dims[static_cast<std::size_t>(dim)].extent;
}

void AccessWriter::addFirst(std::vector<LoopTerm>& terms, int dim, std::int64_t factor) const {
  const int depth = depthOf(dim);
  if (depth >= 0) addTerm(terms, {.depth = depth, .stride = factor * tile(dim)});
  if (!plan::endsEarly(task_, dim)) return;
  const auto dealt = static_cast<std::size_t>(plan::dealtFrom(task_, dim));
  addTerm(terms, coreTerm(*task_.dims[dealt].digit,
                          factor * task_.dims[static_cast<std::size_t>(dim)].extent));
}

void AccessWriter::addLoopTerms(Affine& affine, const Axis& axis, std::int64_t factor) const {
  for (std::size_t d = 0; d < task_.dims.size(); ++d) {
    const std::int64_t step = factor * axis.coefficients[d];
    const int depth = depthOf(static_cast<int>(d));
    if (task_.dims[d].digit) {
      addTerm(affine.terms, coreTerm(*task_.dims[d].digit, step));
    } else if (task_.dims[d].images) {
      addTerm(affine.terms, {.depth = 0, .stride = step});
    } else if (depth >= 0) {
      addTerm(affine.terms, {.depth = depth, .stride = step * tile(static_cast<int>(d))});
    }
  }
}

bool AccessWriter::mayLeave(const Axis& axis) const {
  const plan::Coordinates reached = plan::coordinates(task_, axis);
  return reached.low < 0 || reached.high >= axis.extent;
}

isa::Bound AccessWriter::bound(const Axis& axis, const std::vector<int>& dims) const {
  isa::Bound result;
  result.limit = axis.extent;
  result.origin.base = axis.offset;
  addLoopTerms(result.origin, axis, 1);
  for (const int d : dims) {
    result.strides.push_back(tile(d) > 1 ? axis.coefficients[static_cast<std::size_t>(d)] : 0);
  }
  return result;
}

Affine AccessWriter::slotAddress(const Slot& slot, std::int64_t address) const {
  Affine result{address, {}};
  if (slot.depth == 1) return result;
  std::int64_t passes = plan_.images * plan_.passesOf(task_.repeat);
  for (int depth = 0; depth <= slot.level; ++depth) {
    passes *= mapping::tileCount(task_, tiling_, tiling_.order[static_cast<std::size_t>(depth)]);
  }
  addTerm(result.terms,
          {slot.level + stageDepth(), slot.bytes, passes > slot.depth ? slot.depth : 0});
  return result;
}

Access AccessWriter::seen(const Operand& operand, const Slot& slot, const OperandTile& tiles,
                          std::int64_t address, const std::vector<int>& dims) const {
  const plan::Block& block = plan_.block(operand.block);
  Access access;
  access.type = operand.type;
  access.storage = slot.used() ? slot.storage : block.storage;
  access.address =
      slot.used() ? slotAddress(slot, address) : Affine{block.address + operand.offset, {}};
  if (!slot.used()) addPasses(access.address, operand);
  access.strides.assign(dims.size(), 0);
  for (std::size_t a = 0; a < operand.axes.size(); ++a) {
    const Axis& axis = operand.axes[a];
    const AxisTile& part = tiles.axes[a];
    const std::int64_t stride = slot.used() ? part.localStride : axis.stride;
    if (!slot.used()) {
      addInPlace(access.address, axis, part, block.kept);
    } else if (part.fixed) {
      access.address.base += (axis.offset - part.start) * stride;
    }
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (tile(dims[i]) == 1) continue;
      access.strides[i] += stride * axis.coefficients[static_cast<std::size_t>(dims[i])];
    }
    if (mayLeave(axis)) access.bounds.push_back(bound(axis, dims));
  }
  return access;
}

void AccessWriter::addInPlace(Affine& address, const Axis& axis, const AxisTile& part,
                              bool kept) const {
  AxisTile whole = part;
  whole.fixed = false;
  addBlockStart(address, axis, whole);
  // Of what it keeps each core has its own part at the same place.
  if (kept) {
    std::erase_if(address.terms, [](const auto& term) { return term.depth == isa::kCoreDepth; });
  }
}

Access AccessWriter::operand(int i, const std::vector<int>& dims) const {
  const auto at = static_cast<std::size_t>(i);
  return seen(task_.operands[at], placed_.mapping.operands[at], placed_.mapping.operandTiles[at],
              placed_.operandAddress[at], dims);
}

Access AccessWriter::output(const std::vector<int>& dims) const {
  return seen(task_.output, placed_.mapping.output, placed_.mapping.outputTile,
              placed_.outputAddress, dims);
}

Access AccessWriter::dense(const Slot& slot, std::int64_t address, DataType type,
                           const std::vector<int>& layout, const std::vector<int>& dims) const {
  Access access;
  access.storage = slot.storage;
  access.type = type;
  access.address = slotAddress(slot, address);
  access.strides.assign(dims.size(), 0);
  std::int64_t stride = byteSize(type);
  for (std::size_t l = layout.size(); l-- > 0;) {
    const auto at = std::find(dims.begin(), dims.end(), layout[l]);
    if (at != dims.end() && tile(layout[l]) > 1) {
      access.strides[static_cast<std::size_t>(at - dims.begin())] = stride;
    }
    stride *= tile(layout[l]);
  }
  return access;
}

Extent AccessWriter::axisExtent(const Axis& axis, const AxisTile& part) const {
  Extent result{part.length, 1, {}};
  bool ragged = false;
  const int alone = onlyLong(axis);
  for (int d = 0; d < std::ssize(task_.dims); ++d) {
    const std::int64_t step = axis.coefficients[static_cast<std::size_t>(d)];
    const bool counts = step != 0 && !task_.dims[static_cast<std::size_t>(d)].isOuter();
    if (part.fixed || !counts || (alone >= 0 && d != alone)) continue;
    result.limit += step * (lastOf(d) - 1);
    addFirst(result.terms, d, step);
    ragged = ragged || isRagged(d);
  }
  return ragged ? result : Extent{part.length, 0, {}};
}

/// Of a dealt task's axis the only dimension along which a tile is longer than 1: the others do not
/// change how long the part is. -1 when there are several, or for one core.
int AccessWriter::onlyLong(const Axis& axis) const {
  if (!task_.dims.back().isOuter()) return -1;
  int found = -1;
  for (int d = 0; d < std::ssize(task_.dims); ++d) {
    if (axis.coefficients[static_cast<std::size_t>(d)] == 0 || tile(d) == 1) continue;
    if (found >= 0) return -1;
    found = d;
  }
  return found;
}

void AccessWriter::addBlockStart(Affine& address, const Axis& axis, const AxisTile& part) const {
  address.base += (part.fixed ? part.start : axis.offset) * axis.stride;
  if (part.fixed) return;
  if (axis.blockLength == 0) {
    addLoopTerms(address, axis, axis.stride);
    return;
  }
  Affine elements;
  addLoopTerms(elements, axis, 1);
  for (const isa::LoopTerm& term : elements.terms) {
    LoopTerm blocks = term;
    blocks.stride = term.stride / axis.blockLength * axis.blockStride;
    addTerm(address.terms, blocks);
  }
}

std::vector<int> AccessWriter::emptied(const Operand& operand) const {
  std::vector<int> result;
  for (int d = 0; d < std::ssize(task_.dims); ++d) {
    const bool emptyTiles = plan::endsEarly(task_, d) && tiling_.depth(d) >= 0;
    if (!emptyTiles && !plan::leavesIdle(task_, d)) continue;
    const auto at = static_cast<std::size_t>(d);
    bool follows = &operand == &task_.output, shown = false;
    for (const Axis& axis : operand.axes) {
      follows = follows || axis.coefficients[at] != 0;
      shown = shown || onlyLong(axis) == d;
    }
    if (follows && !shown) result.push_back(d);
  }
  return result;
}

Extent AccessWriter::onlyWhere(int dim) const {
  Extent result{1, lastOf(dim), {}};
  addFirst(result.terms, dim, 1);
  return result;
}

isa::Transfer AccessWriter::move(const Operand& operand, const Slot& slot, const OperandTile& tiles,
                                 std::int64_t address, bool toSlot) const {
  const plan::Block& block = plan_.block(operand.block);
  isa::Transfer transfer;
  Access& far = toSlot ? transfer.source : transfer.target;
  Access& near = toSlot ? transfer.target : transfer.source;
  far.storage = block.storage;
  near.storage = slot.storage;
  far.type = near.type = operand.type;
  far.address.base = block.address + operand.offset;
  addPasses(far.address, operand);
  near.address = slotAddress(slot, address);

  // Outermost in the block first, so that the innermost dimensions make long runs there.
  std::vector<std::size_t> byStride(operand.axes.size());
  std::iota(byStride.begin(), byStride.end(), 0);
  std::stable_sort(byStride.begin(), byStride.end(), [&](std::size_t x, std::size_t y) {
    return operand.axes[x].stride > operand.axes[y].stride;
  });
  constexpr std::size_t kNone = SIZE_MAX;
  std::vector<MoveDim> dims;
  for (const int d : emptied(operand)) dims.push_back({onlyWhere(d), 0, 0, {}, 0, false});
  // Which bound each dimension moves along, or none.
  std::vector<std::size_t> dimBound(dims.size(), kNone);
  for (const std::size_t a : byStride) {
    const Axis& axis = operand.axes[a];
    const AxisTile& part = tiles.axes[a];
    addBlockStart(far.address, axis, part);
    const bool bounded = !part.fixed && mayLeave(axis);
    if (bounded) transfer.source.bounds.push_back(bound(axis, {}));
    if (part.length == 1) continue;
    dims.push_back({axisExtent(axis, part), axis.stride, part.localStride, {}, 0, false});
    dimBound.push_back(bounded ? transfer.source.bounds.size() - 1 : kNone);
  }
  for (std::size_t d = 0; d < dims.size(); ++d) {
    dims[d].boundStrides.assign(transfer.source.bounds.size(), 0);
    if (dimBound[d] != kNone) dims[d].boundStrides[dimBound[d]] = 1;
  }
  finishTransfer(transfer, std::move(dims), byteSize(operand.type), toSlot);
  transfer.streamed =
      plan_.streams && block.kind == plan::Block::Kind::Activation && !block.distribution;
  transfer.coded = transfer.streamed && !block.raw && byteSize(operand.type) == 2;
  return transfer;
}

isa::Transfer AccessWriter::load(int i) const {
  const auto at = static_cast<std::size_t>(i);
  isa::Transfer transfer = move(task_.operands[at], placed_.mapping.operands[at],
                                placed_.mapping.operandTiles[at], placed_.operandAddress[at], true);
  transfer.sharers = plan::sharersOf(task_, task_.operands[at]);
  return transfer;
}

isa::Transfer AccessWriter::store() const {
  return move(task_.output, placed_.mapping.output, placed_.mapping.outputTile,
              placed_.outputAddress, false);
}

void AccessWriter::lookUp(Access& source, int dim) const {
  const auto at = static_cast<std::size_t>(dim);
  for (const Axis& axis : task_.operands.front().axes) {
    if (axis.coefficients[at] == 0) continue;
    ensure(axis.coefficients[at] == 1 && axis.offset == 0,
           "a gathered axis is not looked up whole");
    source.strides[at] = axis.stride;
    if (mayLeave(axis)) continue;  // has its bound
    isa::Bound& length = source.bounds.emplace_back();
    length.limit = axis.extent;
    length.strides.assign(source.strides.size(), 0);
    length.strides[at] = 1;
  }
}

isa::Transfer AccessWriter::copy() const {
  const auto& work = std::get<plan::CopyWork>(task_.work);
  std::vector<int> dims(task_.dims.size());
  std::iota(dims.begin(), dims.end(), 0);
  isa::Transfer transfer;
  transfer.source = operand(0, dims);
  transfer.target = output(dims);
  if (work.gatherDim) {
    transfer.gather = operand(1, dims);
    lookUp(transfer.source, *work.gatherDim);
  }
  std::vector<MoveDim> moves;
  for (const int d : dims) {
    const auto at = static_cast<std::size_t>(d);
    const bool gathered = work.gatherDim == d;
    if (tile(d) == 1 && !gathered && !isRagged(d)) continue;
    MoveDim dim{extent(d), transfer.source.strides[at], transfer.target.strides[at], {}, 0,
                gathered};
    if (transfer.gather) dim.indexStride = transfer.gather->strides[at];
    for (const isa::Bound& b : transfer.source.bounds) dim.boundStrides.push_back(b.strides[at]);
    moves.push_back(std::move(dim));
  }
  transfer.source.strides.clear();
  transfer.target.strides.clear();
  if (transfer.gather) transfer.gather->strides.clear();
  for (isa::Bound& b : transfer.source.bounds) b.strides.clear();
  if (work.fill) {
    transfer.fill = work.fill;
    transfer.fillBytes = byteSize(task_.output.type);
  }
  const bool fillsOnly = work.fill && readsNothing(transfer, moves);
  if (fillsOnly) {
    for (MoveDim& dim : moves) dim.forget();
    transfer.source.bounds.clear();
  }
  finishTransfer(transfer, std::move(moves), byteSize(task_.output.type), true);
  if (fillsOnly) transfer.source = isa::fillOnly(transfer.target, transfer.dims.size());
  return transfer;
}

}  // namespace npusim::emit
