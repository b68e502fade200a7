#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// A graph of a description while it grows: keeps track of the open loops, in which a layer's
/// weights are those of the pass.
class DescriptionBuilder {
 public:
  explicit DescriptionBuilder(std::uint64_t seed) : seed_(seed) {}

  Graph graph;

  const Shape& shape(ValueId id) const { return graph.value(id).shape; }

  /// Pseudo-random weights that a seed stands for; see Constant::materialize() for their values.
  /// In loops whose passes have weights of their own they are stacked over the passes, and this
  /// pass's part is taken. `transposed`: what is returned has the two dimensions of `shape`
  /// exchanged.
  ValueId weight(const std::string& name, const Shape& shape, double zeroShare = 0,
                 bool transposed = false);
  /// Does weight() return a constant?
  bool weightsAreConstant() const;

  /// One number everywhere, or given ones: no weights.
  ValueId splat(const std::string& name, Shape shape, double value);
  ValueId number(const std::string& name, double value) { return splat(name, {}, value); }
  ValueId given(const std::string& name, Tensor tensor);

  ValueId add(std::string name, std::string_view opName, Operation operation,
              std::vector<ValueId> inputs, std::vector<ElementStep> steps = {});
  /// The same before all open loops: its inputs are from there.
  ValueId addOutside(std::string name, std::string_view opName, Operation operation,
                     std::vector<ValueId> inputs, std::vector<ElementStep> steps = {});
  /// The value of that name, or kNoValue.
  ValueId find(std::string_view name) const;

  /// What is added until endLoop() runs `passes` times. `ownWeights`: with others in each pass.
  void beginLoop(const std::string& name, std::int64_t passes, bool ownWeights);
  void endLoop() { loops_.pop_back(); }
  /// State of the innermost loop, before all else in it; goes on as carryOn() says.
  ValueId carried(const std::string& name, ValueId initial);
  void carryOn(ValueId state, ValueId next);

 private:
  struct Loop {
    int repeat = 0;         ///< index into Graph::repeats
    std::size_t first = 0;  ///< of its nodes
    bool ownWeights = false;
  };

  ValueId stacked(const std::string& name, const Shape& shape, double zeroShare, bool transposed);
  /// Adds a node inside the outermost `level` loops, before the one inside those.
  ValueId place(Node node, std::size_t level);

  std::uint64_t seed_;
  std::vector<Loop> loops_;
};

}  // namespace npusim
