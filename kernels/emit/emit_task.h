#pragma once

#include "kernels/emit/placement.h"

namespace npusim::emit {

/// Appends one placed task's instructions to the program's queues, between the cross-task waits
/// and signals given by engine.
using EngineSemaphores = std::array<std::vector<isa::SemaphoreId>, isa::kEngineCount>;
void emitTask(isa::Program& program, const plan::Plan& plan, const PlacedTask& placed,
              const EngineSemaphores& waits, const EngineSemaphores& signals);

}  // namespace npusim::emit
