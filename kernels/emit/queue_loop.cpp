#include "kernels/emit/queue_loop.h"

#include <utility>

namespace npusim::emit {

QueueLoop::QueueLoop(isa::Program& program, isa::CoreRange cores)
    : program_(program), cores_(cores) {
  for (std::size_t e = 0; e < begins_.size(); ++e) begins_[e] = program.queues[e].size();
}

bool QueueLoop::uses(std::size_t engine) const {
  return program_.queues[engine].size() > begins_[engine];
}

isa::Instruction QueueLoop::sync(std::int32_t layer, std::vector<isa::SemaphoreId> waits,
                                 std::vector<isa::SemaphoreId> signals) const {
  return {isa::Sync{}, layer, std::move(waits), std::move(signals), cores_};
}

void QueueLoop::close(const isa::Loop& loop, const Meetings& outside, const Meetings& inside) {
  for (std::size_t e = 0; e < begins_.size(); ++e) {
    if (!uses(e)) continue;
    std::vector<isa::Instruction>& queue = program_.queues[e];
    const auto begin = queue.begin() + static_cast<std::ptrdiff_t>(begins_[e]);
    const std::int32_t first = begin->layer;
    const std::int32_t last = queue.back().layer;
    std::vector<isa::Instruction> head;
    if (!outside.waits[e].empty()) head.push_back(sync(first, outside.waits[e], {}));
    head.push_back({loop, first, {}, {}, cores_});
    if (!inside.waits[e].empty()) head.push_back(sync(first, inside.waits[e], {}));
    queue.insert(begin, head.begin(), head.end());
    if (!inside.signals[e].empty()) queue.push_back(sync(last, {}, inside.signals[e]));
    queue.push_back({isa::EndLoop{}, last, {}, {}, cores_});
    if (!outside.signals[e].empty()) queue.push_back(sync(last, {}, outside.signals[e]));
  }
}

}  // namespace npusim::emit
