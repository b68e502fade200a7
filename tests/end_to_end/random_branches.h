#pragma once

#include <vector>

#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random.h"

namespace npusim::end_to_end {

/// Grows a graph of branches and loops within one another, on matrices [4, 6]. The conditions of
/// branches are inputs or follow from the values; what branches hand on may be their own, constant,
/// from before them or handed on twice.
class RandomBranches {
 public:
  explicit RandomBranches(Random& random) : random_(random) {}

  Graph make();

 private:
  using Values = std::vector<ValueId>;

  ValueId add(Operation operation, Values inputs, std::vector<ElementStep> steps = {});
  /// A value like those before it, or several nodes, at most `depth` branches and loops deep.
  ValueId anything(Values& known, int depth);
  ValueId product(const Values& known);
  ValueId condition(const Values& known);
  void branch(Values& known, int depth);
  Values body(Values known, int depth);
  void loop(Values& known, int depth);
  ValueId stack(const Values& known, std::int64_t count);
  int open(Repeat repeat);

  Random& random_;
  GraphBuilder net_;
  Values flags_;  ///< boolean inputs
  int repeat_ = -1;
};

}  // namespace npusim::end_to_end
