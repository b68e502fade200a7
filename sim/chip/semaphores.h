#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// The program's counting semaphores.
class Semaphores {
 public:
  explicit Semaphores(const isa::Program& program);

  /// `wake(engine)` is called when a token arrives that the engine failed to take.
  void onArrival(std::function<void(isa::Engine)> wake) { wake_ = std::move(wake); }

  /// Puts every semaphore back to its initial tokens.
  void reset();

  /// Takes a token, or returns false and remembers that `engine` waits for one.
  bool tryTake(isa::SemaphoreId semaphore, isa::Engine engine);
  void signal(isa::SemaphoreId semaphore);

  const std::string& name(isa::SemaphoreId semaphore) const;
  /// The engine whose queue signals it; empty when none does.
  std::optional<isa::Engine> producer(isa::SemaphoreId semaphore) const;

 private:
  struct State {
    std::int64_t tokens = 0;
    std::array<bool, isa::kEngineCount> waiting{};
    std::optional<isa::Engine> producer;
  };

  State& at(isa::SemaphoreId semaphore);

  const isa::Program& program_;
  std::vector<State> states_;
  std::function<void(isa::Engine)> wake_;
};

}  // namespace npusim
