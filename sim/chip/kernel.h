#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sim/chip/engine.h"

namespace npusim {

/// The SystemC side of the machine: one module a engine, woken when something is due. One in a
/// process, because SystemC elaborates once.
class Kernel {
 public:
  /// Throws InternalError for a second kernel in the process.
  Kernel(const ClockDomain& clock, std::span<const std::unique_ptr<Engine>> engines);
  ~Kernel();

  /// Calls the engine at the current cycle again.
  void wake(isa::Engine engine);

  /// Runs all engines from cycle 0 until nothing is due any more, and returns the last cycle.
  /// Rethrows what an engine threw.
  std::int64_t run();
  /// Lets `cycles` pass in which the engines rest.
  void pass(std::int64_t cycles);

 private:
  class Clock;
  class EngineModule;

  std::unique_ptr<Clock> clock_;
  std::vector<std::unique_ptr<EngineModule>> modules_;  ///< by engine
};

}  // namespace npusim
