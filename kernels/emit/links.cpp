#include "kernels/emit/links.h"

#include <set>

namespace npusim::emit {
namespace {

/// A task as it is executed: in the first or second pass of each loop around it, outermost first.
struct Execution {
  int task = 0;
  struct In {
    int repeat = 0, pass = 0;
    bool operator==(const In&) const = default;
  };
  std::vector<In> loops;
};

/// Two passes of every loop show all that one pass owes another.
class Unrolling {
 public:
  Unrolling(const plan::Plan& plan) : plan_(plan) { add(0, plan.tasks.size(), -1); }
  std::vector<Execution> take() { return std::move(executions_); }

 private:
  void add(std::size_t first, std::size_t last, int repeat) {
    for (std::size_t t = first; t < last;) {
      const int inner = plan_.loopInside(plan_.tasks[t].repeat, repeat);
      if (inner == repeat) {
        executions_.push_back({static_cast<int>(t++), loops_});
        continue;
      }
      std::size_t end = t;
      while (end < last && plan_.isIn(plan_.tasks[end].repeat, inner)) ++end;
      const std::int64_t passes = plan_.repeats[static_cast<std::size_t>(inner)].passes;
      for (int pass = 0; pass < std::min<std::int64_t>(2, passes); ++pass) {
        loops_.push_back({inner, pass});
        add(t, end, inner);
        loops_.pop_back();
      }
      t = end;
    }
  }

  const plan::Plan& plan_;
  std::vector<Execution::In> loops_;
  std::vector<Execution> executions_;
};

/// The place of an execution as seen from inside its first `depth` loops.
Place placeAt(const Execution& execution, std::size_t depth) {
  if (depth < execution.loops.size()) return {true, execution.loops[depth].repeat};
  return {false, execution.task};
}

Link link(const Execution& from, isa::Engine fromEngine, const Execution& to,
          isa::Engine toEngine) {
  std::size_t depth = 0;
  const auto in = [&](const Execution& e) { return depth < e.loops.size(); };
  while (in(from) && in(to) && from.loops[depth] == to.loops[depth]) ++depth;
  const bool carried = in(from) && in(to) && from.loops[depth].repeat == to.loops[depth].repeat;
  if (carried) ++depth;
  return {placeAt(from, depth), fromEngine, placeAt(to, depth), toEngine, carried};
}

}  // namespace

std::vector<Link> links(const plan::Plan& plan, const std::vector<PlacedTask>& tasks) {
  const std::vector<Execution> executions = Unrolling(plan).take();
  std::vector<PlacedTask> unrolled;
  for (const Execution& each : executions) {
    unrolled.push_back(tasks[static_cast<std::size_t>(each.task)]);
  }
  std::vector<Link> result;
  std::set<Link> known;
  for (const Dependency& d : dependencies(plan, unrolled)) {
    const Link found = link(executions[static_cast<std::size_t>(d.fromTask)], d.from,
                            executions[static_cast<std::size_t>(d.toTask)], d.to);
    if (known.insert(found).second) result.push_back(found);
  }
  return result;
}

}  // namespace npusim::emit
