#include "sim/chip/branches.h"

namespace npusim {
namespace {

/// Loops that are open at some place of a queue.
class OpenLoops {
 public:
  void visit(const isa::Instruction& instruction) {
    if (const auto* loop = std::get_if<isa::Loop>(&instruction.body)) {
      const Open around = loops_.empty() ? Open{} : loops_.back();
      const std::int64_t decisions = loop->condition ? around.passes : around.decisions;
      loops_.push_back({around.passes * loop->count, decisions});
    } else if (std::holds_alternative<isa::EndLoop>(instruction.body)) {
      loops_.pop_back();
    }
  }
  std::int64_t decisions() const { return loops_.empty() ? 0 : loops_.back().decisions; }

 private:
  struct Open {
    std::int64_t passes = 1;     ///< of this loop and those around it
    std::int64_t decisions = 0;  ///< of the innermost condition
  };
  std::vector<Open> loops_;
};

}  // namespace

std::vector<std::int64_t> decisionsByLayer(const isa::Program& program) {
  std::vector<std::int64_t> decisions(program.layers.size(), 0);
  for (const auto& queue : program.queues) {
    OpenLoops open;
    for (const isa::Instruction& instruction : queue) {
      open.visit(instruction);
      if (open.decisions() > 0) {
        decisions[static_cast<std::size_t>(instruction.layer)] = open.decisions();
      }
    }
  }
  return decisions;
}

}  // namespace npusim
