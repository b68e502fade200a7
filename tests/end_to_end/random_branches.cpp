#include "tests/end_to_end/random_branches.h"

#include <string>

namespace npusim::end_to_end {

Graph RandomBranches::make() {
  Values known;
  for (int i = 0; i < 2; ++i) known.push_back(net_.input({4, 6}));
  for (int i = 0; i < 2; ++i) flags_.push_back(net_.input({1}, DataType::Bool));
  const std::int64_t parts = random_.integer(2, 4);
  for (int i = 0; i < parts; ++i) known.push_back(anything(known, 3));
  branch(known, 2);
  net_.graph().outputs = {known.back()};
  if (random_.once(2)) net_.graph().outputs.push_back(net_.unary(known[2], ElementOp::Neg));
  net_.graph().removeDead();
  return net_.graph();
}

ValueId RandomBranches::add(Operation operation, Values inputs, std::vector<ElementStep> steps) {
  const ValueId id = net_.add(std::move(operation), std::move(inputs), std::move(steps));
  net_.graph().nodes.back().repeat = repeat_;
  return id;
}

ValueId RandomBranches::product(const Values& known) {
  const ValueId weights = net_.constant(random_.floats({6, 6}, 0.5));
  return add(MatMul{}, {random_.among(known), weights, kNoValue});
}

ValueId RandomBranches::condition(const Values& known) {
  if (random_.once(2)) return random_.among(flags_);
  const ValueId sum = add(Reduce{ReduceOp::Sum, {0, 1}, true}, {random_.among(known)});
  const ValueId least = net_.constant(Tensor(DataType::Float32, {1}));
  return add(Elementwise{}, {sum, least}, {{ElementOp::Greater, 1, 0, 0, false}});
}

ValueId RandomBranches::anything(Values& known, int depth) {
  switch (random_.integer(0, depth == 0 ? 3 : 5)) {
    case 0:
      return product(known);
    case 1:
      return add(Elementwise{}, {random_.among(known)}, {{ElementOp::Tanh, -1, 0, 0, false}});
    case 2:
      return add(Elementwise{}, {random_.among(known), random_.among(known)},
                 {{ElementOp::Sub, 1, 0, 0, false}});
    case 3: {
      const ValueId turned = add(Transpose{{1, 0}}, {random_.among(known)});
      return add(Reshape{{4, 6}}, {turned});
    }
    case 4:
      branch(known, depth - 1);
      return known.back();
    default:
      loop(known, depth - 1);
      return known.back();
  }
}

int RandomBranches::open(Repeat repeat) {
  std::vector<Repeat>& repeats = net_.graph().repeats;
  repeat.name = "loop" + std::to_string(repeats.size());
  repeat.parent = repeat_;
  repeats.push_back(std::move(repeat));
  return std::exchange(repeat_, static_cast<int>(repeats.size()) - 1);
}

/// What a branch hands on: twice the same, something from before it, a constant, or its last.
RandomBranches::Values RandomBranches::body(Values known, int depth) {
  for (std::int64_t i = random_.integer(0, 3); i > 0; --i) known.push_back(anything(known, depth));
  if (random_.once(4)) known.push_back(net_.constant(random_.floats({4, 6}, 1)));
  return {known.back(), random_.once(2) ? known.back() : random_.among(known)};
}

void RandomBranches::branch(Values& known, int depth) {
  const ValueId decides = condition(known);
  std::vector<Values> results;
  for (const bool runsIf : {true, false}) {
    const int around = open({{}, 1, -1, decides, runsIf});
    results.push_back(body(known, depth));
    repeat_ = around;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    known.push_back(add(Merge{}, {decides, results[0][i], results[1][i]}));
  }
}

/// A loop with a state, perhaps a part of its own for each pass; its state, what it hands on and
/// what it collects are known after it.
void RandomBranches::loop(Values& known, int depth) {
  const std::int64_t passes = random_.integer(1, 3);
  const ValueId before = random_.among(known);
  const ValueId parts = random_.once(2) ? stack(known, passes) : kNoValue;
  const int around = open({{}, passes, -1, kNoValue, true});
  const ValueId state = add(Carried{}, {before, before});
  const std::size_t carried = net_.graph().nodes.size() - 1;
  Values inside = known;
  inside.push_back(state);
  if (parts != kNoValue) inside.push_back(add(Take{random_.once(2)}, {parts}));
  for (std::int64_t i = random_.integer(1, 2); i > 0; --i)
    inside.push_back(anything(inside, depth));
  const ValueId next = add(Elementwise{}, {inside.back(), state},
                           {{ElementOp::Add, 1, 0, 0, false}, {ElementOp::Tanh, -1, 0, 0, false}});
  net_.graph().nodes[carried].inputs[1] = next;
  const bool collects = random_.once(2);
  const ValueId all = collects ? add(Collect{passes, random_.once(2)}, {next}) : kNoValue;
  repeat_ = around;
  if (collects) known.push_back(add(Reduce{ReduceOp::Max, {0}, false}, {all}));
  known.push_back(random_.once(4) ? state : next);
}

/// Several values on top of one another.
ValueId RandomBranches::stack(const Values& known, std::int64_t count) {
  Values rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back(add(Reshape{{1, 4, 6}}, {random_.among(known)}));
  }
  return add(Concat{0}, rows);
}

}  // namespace npusim::end_to_end
