#include "kernels/emit/stage_loop.h"

#include <string>

namespace npusim::emit {

StageLoop::StageLoop(isa::Program& program, const plan::Plan& plan, const plan::Stage& stage)
    : program_(program), plan_(plan), stage_(stage) {
  for (std::size_t e = 0; e < begins_.size(); ++e) begins_[e] = program.queues[e].size();
}

void StageLoop::close() {
  std::array<std::vector<isa::SemaphoreId>, isa::kEngineCount> waits, signals;
  const auto used = [&](std::size_t e) { return program_.queues[e].size() > begins_[e]; };
  for (std::size_t from = 0; from < begins_.size(); ++from) {
    for (std::size_t to = 0; to < begins_.size(); ++to) {
      if (from == to || !used(from) || !used(to)) continue;
      isa::Semaphore& made = program_.semaphores.emplace_back();
      made.name = "stage " + std::to_string(stage_.first) + "." +
                  std::string(name(static_cast<isa::Engine>(from))) + "->" +
                  std::string(name(static_cast<isa::Engine>(to)));
      made.initial = 1;
      made.signallers = stage_.cores;
      const auto id = static_cast<isa::SemaphoreId>(program_.semaphores.size() - 1);
      signals[from].push_back(id);
      waits[to].push_back(id);
    }
  }
  for (std::size_t e = 0; e < begins_.size(); ++e) {
    if (used(e)) wrap(e, waits[e], signals[e]);
  }
}

void StageLoop::wrap(std::size_t engine, const std::vector<isa::SemaphoreId>& waits,
                     const std::vector<isa::SemaphoreId>& signals) {
  std::vector<isa::Instruction>& queue = program_.queues[engine];
  const auto begin = queue.begin() + static_cast<std::ptrdiff_t>(begins_[engine]);
  const std::int32_t firstLayer = begin->layer;
  std::vector<isa::Instruction> head = {
      {isa::Loop{plan_.images}, firstLayer, {}, {}, stage_.cores}};
  if (!waits.empty()) head.push_back({isa::Sync{}, firstLayer, waits, {}, stage_.cores});
  queue.insert(begin, head.begin(), head.end());
  const std::int32_t lastLayer = queue.back().layer;
  if (!signals.empty()) queue.push_back({isa::Sync{}, lastLayer, {}, signals, stage_.cores});
  queue.push_back({isa::EndLoop{}, lastLayer, {}, {}, stage_.cores});
}

}  // namespace npusim::emit
