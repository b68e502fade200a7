#include "workloads/description/builder.h"

#include <algorithm>
#include <utility>

#include "sim/core/hash.h"

namespace npusim {
namespace {

/// A weight's values depend on its name and the network's seed alone.
Constant seededBy(std::string_view name, std::uint64_t seed, double zeroShare) {
  return {.dense = nullptr,
          .splat = {},
          .seed = fnv1a(name, kFnvOffset ^ (seed * 0x9e3779b97f4a7c15)),
          .zeroShare = zeroShare};
}

}  // namespace

ValueId DescriptionBuilder::weight(const std::string& name, const Shape& shape, double zeroShare,
                                   bool transposed) {
  if (!weightsAreConstant()) return stacked(name, shape, zeroShare, transposed);
  Value value;
  value.name = name;
  value.shape = shape;
  value.constant = seededBy(name, seed_, zeroShare);
  const ValueId id = graph.addValue(std::move(value));
  return transposed ? add(name + ".transposed", "Transpose", Transpose{{1, 0}}, {id}) : id;
}

bool DescriptionBuilder::weightsAreConstant() const {
  return std::none_of(loops_.begin(), loops_.end(),
                      [](const Loop& loop) { return loop.ownWeights; });
}

/// All passes' weights lie as [passes x shape[0], ...], so that their values have the spread of one
/// pass's; seen as [passes, ...], of which each loop takes its part.
ValueId DescriptionBuilder::stacked(const std::string& name, const Shape& shape, double zeroShare,
                                    bool transposed) {
  Shape part = shape;
  if (transposed) std::swap(part.at(0), part.at(1));
  Shape whole;
  Value all{name + ".all", DataType::Float32, shape, seededBy(name, seed_, zeroShare), {}};
  for (const Loop& loop : loops_) {
    if (!loop.ownWeights) continue;
    whole.push_back(graph.repeats[static_cast<std::size_t>(loop.repeat)].passes);
    all.shape.at(0) *= whole.back();
  }
  whole.insert(whole.end(), part.begin(), part.end());
  ValueId id =
      addOutside(name + ".passes", "Reshape", Reshape{whole}, {graph.addValue(std::move(all))});
  const std::size_t owners = static_cast<std::size_t>(
      std::count_if(loops_.begin(), loops_.end(), [](const Loop& l) { return l.ownWeights; }));
  std::size_t taken = 0;
  for (std::size_t level = 0; level < loops_.size(); ++level) {
    if (!loops_[level].ownWeights) continue;
    const bool last = ++taken == owners;
    Node take{last ? name : name + "." + std::to_string(taken), "Take", Take{}, {id}, {}, kNoValue};
    id = place(std::move(take), last ? loops_.size() : level + 1);
  }
  return id;
}

ValueId DescriptionBuilder::splat(const std::string& name, Shape shape, double value) {
  return graph.addValue(
      {name, DataType::Float32, std::move(shape), Constant{nullptr, value, {}}, {}});
}

ValueId DescriptionBuilder::given(const std::string& name, Tensor tensor) {
  return graph.addConstant(name, std::move(tensor));
}

ValueId DescriptionBuilder::add(std::string name, std::string_view opName, Operation operation,
                                std::vector<ValueId> inputs, std::vector<ElementStep> steps) {
  return place({std::move(name), std::string(opName), std::move(operation), std::move(inputs),
                std::move(steps), kNoValue},
               loops_.size());
}

ValueId DescriptionBuilder::addOutside(std::string name, std::string_view opName,
                                       Operation operation, std::vector<ValueId> inputs,
                                       std::vector<ElementStep> steps) {
  return place({std::move(name), std::string(opName), std::move(operation), std::move(inputs),
                std::move(steps), kNoValue},
               0);
}

ValueId DescriptionBuilder::place(Node node, std::size_t level) {
  node.repeat = level == 0 ? -1 : loops_[level - 1].repeat;
  const ValueId id = graph.addNode(std::move(node));
  if (level == loops_.size()) return id;
  const auto at = graph.nodes.begin() + static_cast<std::ptrdiff_t>(loops_[level].first);
  std::rotate(at, graph.nodes.end() - 1, graph.nodes.end());
  for (std::size_t inner = level; inner < loops_.size(); ++inner) ++loops_[inner].first;
  return id;
}

ValueId DescriptionBuilder::find(std::string_view name) const {
  const auto found = std::find_if(graph.values.begin(), graph.values.end(),
                                  [&](const Value& value) { return value.name == name; });
  return found == graph.values.end() ? kNoValue
                                     : static_cast<ValueId>(found - graph.values.begin());
}

void DescriptionBuilder::beginLoop(const std::string& name, std::int64_t passes, bool ownWeights) {
  Repeat repeat;
  repeat.name = name;
  repeat.passes = passes;
  repeat.parent = loops_.empty() ? -1 : loops_.back().repeat;
  graph.repeats.push_back(std::move(repeat));
  const auto index = static_cast<int>(graph.repeats.size() - 1);
  loops_.push_back({index, graph.nodes.size(), ownWeights});
}

ValueId DescriptionBuilder::carried(const std::string& name, ValueId initial) {
  return add(name, "Carried", Carried{}, {initial, initial});
}

void DescriptionBuilder::carryOn(ValueId state, ValueId next) {
  const auto writes = [state](const Node& node) { return node.output == state; };
  std::find_if(graph.nodes.begin(), graph.nodes.end(), writes)->inputs.at(1) = next;
}

}  // namespace npusim
