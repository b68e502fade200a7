#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::emit {

/// Appends to one engine's queue. Waits attach to the next instruction and signals to the last one
/// where no loop boundary lies between; else a Sync carries them.
class QueueBuilder {
 public:
  explicit QueueBuilder(std::vector<isa::Instruction>& queue) : queue_(queue) {}

  void beginLayer(int layer, isa::CoreRange cores = {});
  void openLoop(std::int64_t count);
  void closeLoop();
  void wait(isa::SemaphoreId semaphore) { waits_.push_back(semaphore); }
  void signal(isa::SemaphoreId semaphore);

  template <typename Body>
  void emit(Body body) {
    queue_.push_back({std::move(body), layer_, std::exchange(waits_, {}), {}, cores_});
    open_ = true;
  }

  /// Puts pending waits into a Sync.
  void flush();

 private:
  std::vector<isa::Instruction>& queue_;
  std::vector<isa::SemaphoreId> waits_;
  int layer_ = 0;
  isa::CoreRange cores_;
  bool open_ = false;  ///< the last instruction can take signals
};

}  // namespace npusim::emit
