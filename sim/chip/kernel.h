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
  /// `engines`: those of each core in the order of isa::Engine, core after core. Throws
  /// InternalError for a second kernel in the process.
  Kernel(const ClockDomain& clock, std::span<const std::unique_ptr<Engine>> engines);
  ~Kernel();

  /// Calls an engine of a core `cycles` later again, unless it is due before.
  void wake(std::int64_t core, isa::Engine engine, std::int64_t cycles = 0);

  /// Runs all engines from cycle 0 until nothing is due any more, and returns the last cycle.
  /// Rethrows what an engine threw.
  std::int64_t run();
  /// The current cycle of the run.
  std::int64_t now();
  /// Lets `cycles` pass in which the engines rest.
  void pass(std::int64_t cycles);

 private:
  class Clock;
  class EngineModule;

  std::unique_ptr<Clock> clock_;
  std::vector<std::unique_ptr<EngineModule>> modules_;  ///< by core and engine
};

}  // namespace npusim
