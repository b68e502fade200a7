#include "kernels/emit/queue_builder.h"

namespace npusim::emit {

void QueueBuilder::beginLayer(int layer, isa::CoreRange cores) {
  layer_ = layer;
  cores_ = cores;
  open_ = false;
}

void QueueBuilder::openLoop(std::int64_t count) {
  flush();
  queue_.push_back({isa::Loop{count}, layer_, {}, {}, cores_});
  open_ = false;
}

void QueueBuilder::closeLoop() {
  flush();
  queue_.push_back({isa::EndLoop{}, layer_, {}, {}, cores_});
  open_ = false;
}

void QueueBuilder::signal(isa::SemaphoreId semaphore) {
  if (!open_ || !waits_.empty()) emit(isa::Sync{});
  queue_.back().signals.push_back(semaphore);
}

void QueueBuilder::flush() {
  if (!waits_.empty()) emit(isa::Sync{});
}

}  // namespace npusim::emit
