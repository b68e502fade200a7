#include "sim/chip/sequencer.h"

#include "sim/core/error.h"

namespace npusim {

std::vector<std::size_t> rangeEnds(const std::vector<isa::Instruction>& queue) {
  std::vector<std::size_t> ends(queue.size(), queue.size());
  for (std::size_t i = queue.size(); i-- > 1;) {
    ends[i - 1] = queue[i - 1].cores == queue[i].cores ? ends[i] : i;
  }
  return ends;
}

void Sequencer::restart() {
  next_ = 0;
  loops_.clear();
  indices_ = {};
  settle();
}

void Sequencer::advance() {
  ++next_;
  settle();
}

/// Passes loop begins and ends until it stands at an instruction or at the end of the queue.
void Sequencer::settle() {
  for (; next_ < queue_.size(); ++next_) {
    skipOthers();
    if (next_ == queue_.size()) return;
    if (const auto* loop = std::get_if<isa::Loop>(&queue_[next_].body)) {
      if (loop->condition) return;
      enter(*loop);
    } else if (std::holds_alternative<isa::EndLoop>(queue_[next_].body)) {
      ensure(!loops_.empty(), "a loop that was never opened ends");
      const std::size_t depth = loops_.size() - 1;
      if (indices_.index[depth] + 1 < loops_[depth].count) {
        setIndex(depth, indices_.index[depth] + 1);
        next_ = loops_[depth].body - 1;
      } else {
        setIndex(depth, 0);
        loops_.pop_back();
      }
    } else {
      return;
    }
  }
}

void Sequencer::enter(const isa::Loop& loop) {
  ensure(loop.count > 0 && loops_.size() < isa::kMaxLoopDepth,
         "a loop without passes or nested too deeply reached the machine");
  loops_.push_back({next_ + 1, loop.count});
  setIndex(loops_.size() - 1, 0);
}

const isa::Condition* Sequencer::condition() const {
  if (next_ == queue_.size()) return nullptr;
  const auto* loop = std::get_if<isa::Loop>(&queue_[next_].body);
  return loop != nullptr && loop->condition ? &*loop->condition : nullptr;
}

void Sequencer::decide(bool enters) {
  if (enters) {
    enter(std::get<isa::Loop>(queue_[next_].body));
  } else {
    int open = 0;
    do {
      if (std::holds_alternative<isa::Loop>(queue_[next_].body)) ++open;
      if (std::holds_alternative<isa::EndLoop>(queue_[next_].body)) --open;
      if (open > 0) ++next_;
    } while (open > 0);
  }
  advance();
}

/// To the next instruction that this core runs. What is in a loop runs on cores of that loop.
void Sequencer::skipOthers() {
  while (next_ < queue_.size() && !queue_[next_].cores.contains(core_)) next_ = rangeEnds_[next_];
  if (next_ < queue_.size()) indices_.core = core_ - queue_[next_].cores.first;
}

void Sequencer::setIndex(std::size_t depth, std::int64_t index) {
  indices_.index[depth] = index;
  const std::int64_t outer =
      depth == 0 ? 0 : indices_.flat[depth - 1] * (depth < loops_.size() ? loops_[depth].count : 1);
  indices_.flat[depth] = outer + index;
}

}  // namespace npusim
