#include "kernels/movement/copy.h"
#include "kernels/movement/movement.h"

namespace npusim::movement {
namespace {

using lowering::Lowering;
using plan::View;

/// Passes of the loop that is lowered now.
std::int64_t passes(const Lowering& lowering) {
  return lowering.graph().repeats.at(static_cast<std::size_t>(lowering.repeat())).passes;
}

/// This pass's part of [passes, ...].
View partOf(const Lowering& lowering, View whole, bool reverse) {
  const std::int64_t count = passes(lowering);
  const std::int64_t stride = whole.strides.front();
  if (reverse) whole.offset += (count - 1) * stride;
  whole.passes.push_back({lowering.repeat(), reverse ? -stride : stride, count});
  whole.shape.erase(whole.shape.begin());
  whole.strides.erase(whole.strides.begin());
  return whole;
}

}  // namespace

void lowerTake(Lowering& lowering, const Node& node) {
  const View whole = lowering.view(node.inputs[0]);
  const View part = partOf(lowering, whole, std::get<Take>(node.operation).reverse);
  if (!lowering.mustWrite(node.output)) return lowering.setView(node.output, part);
  addCopy(lowering, node, "", part, lowering.outputView(node), npusim::movement::whole(part.shape),
          std::nullopt);
}

void lowerCarried(Lowering& lowering, const Node& node) {
  const int loop = lowering.repeat();
  const std::int64_t count = passes(lowering);
  const Value& value = lowering.graph().value(node.output);
  const std::int64_t bytes = elementCount(value.shape) * byteSize(value.type);
  Shape two = value.shape;
  two.insert(two.begin(), 2);
  View state = lowering.addActivation(node.name, value.type, two, false);
  state.shape = value.shape;
  state.strides.erase(state.strides.begin());
  const plan::PassStride slots{loop, bytes, count, 2};
  // The first pass finds the initial state where the loop, seen from before it, begins.
  View first = state;
  if (const auto around = lowering.aroundLoop(slots)) first.passes.push_back(*around);
  lowering.enter(lowering.graph().repeats[static_cast<std::size_t>(loop)].parent);
  addCopy(lowering, node, ".initial", lowering.view(node.inputs[0]), first, whole(value.shape),
          std::nullopt);
  lowering.enter(loop);
  state.passes.push_back(slots);
  lowering.setView(node.output, state);
}

void lowerCollect(Lowering& lowering, const Node& node) {
  const View part = lowering.view(node.inputs[0]);
  const View place =
      partOf(lowering, lowering.outputView(node), std::get<Collect>(node.operation).reverse);
  addCopy(lowering, node, "", part, place, whole(part.shape), std::nullopt);
}

void lowerMerge(Lowering& lowering, const Node& node) {
  // Whichever branch was taken has written it.
  lowering.setView(node.output, lowering.outputView(node));
}

}  // namespace npusim::movement
