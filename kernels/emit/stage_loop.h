#pragma once

#include <array>
#include <cstddef>

#include "kernels/plan/plan.h"
#include "sim/isa/program.h"

namespace npusim::emit {

/// Puts a loop over images around what is appended to the queues between its making and close():
/// the tasks of a stage. Every engine of the stage's cores begins a pass when all of them have
/// ended the one before; other stages run beside.
class StageLoop {
 public:
  StageLoop(isa::Program& program, const plan::Plan& plan, const plan::Stage& stage);
  void close();

 private:
  void wrap(std::size_t engine, const std::vector<isa::SemaphoreId>& waits,
            const std::vector<isa::SemaphoreId>& signals);

  isa::Program& program_;
  const plan::Plan& plan_;
  const plan::Stage& stage_;
  std::array<std::size_t, isa::kEngineCount> begins_{};
};

}  // namespace npusim::emit
