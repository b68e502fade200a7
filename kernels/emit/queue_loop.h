#pragma once

#include <array>
#include <cstddef>

#include "kernels/emit/emit_task.h"
#include "sim/isa/program.h"

namespace npusim::emit {

/// A loop around what is appended to the queues between its making and close(), on `cores`. Waits
/// and signals stand before and behind it (`outside`), or at the beginning and end of each pass.
class QueueLoop {
 public:
  QueueLoop(isa::Program& program, isa::CoreRange cores);

  bool uses(std::size_t engine) const;

  struct Meetings {
    EngineSemaphores waits, signals;
  };
  void close(const isa::Loop& loop, const Meetings& outside, const Meetings& inside = {});

 private:
  isa::Instruction sync(std::int32_t layer, std::vector<isa::SemaphoreId> waits,
                        std::vector<isa::SemaphoreId> signals) const;

  isa::Program& program_;
  isa::CoreRange cores_;
  std::array<std::size_t, isa::kEngineCount> begins_{};
};

}  // namespace npusim::emit
