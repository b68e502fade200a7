#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/chip/collectives.h"
#include "sim/isa/program.h"

namespace npusim {

/// What all cores have in common of the program's semaphores.
class SemaphoreTable {
 public:
  explicit SemaphoreTable(const isa::Program& program);

  const std::string& name(isa::SemaphoreId semaphore) const {
    return program_.semaphores.at(static_cast<std::size_t>(semaphore)).name;
  }
  bool collective(isa::SemaphoreId semaphore) const { return at(semaphore).collective; }
  /// The engine whose queue signals it; empty when none does.
  std::optional<isa::Engine> producer(isa::SemaphoreId semaphore) const {
    return at(semaphore).producer;
  }
  /// Tokens before the first instruction, by semaphore.
  const std::vector<std::int64_t>& initial() const { return initial_; }

 private:
  struct Entry {
    bool collective = false;
    std::optional<isa::Engine> producer;
  };

  const Entry& at(isa::SemaphoreId semaphore) const {
    return entries_[static_cast<std::size_t>(semaphore)];
  }

  const isa::Program& program_;
  std::vector<Entry> entries_;
  std::vector<std::int64_t> initial_;
};

/// One core's counting semaphores, and its access to the collective ones.
class Semaphores {
 public:
  static constexpr std::int64_t kNever = Collectives::kNever;

  Semaphores(const SemaphoreTable& table, Collectives& collectives, std::int64_t core);

  /// `wake(engine)` is called when a token arrives that the engine failed to take.
  void onArrival(std::function<void(isa::Engine)> wake) { wake_ = std::move(wake); }

  /// Puts every semaphore back to its initial tokens.
  void reset();

  /// Takes a token, or returns false and remembers that `engine` waits for one.
  bool tryTake(isa::SemaphoreId semaphore, isa::Engine engine, std::int64_t now);
  void signal(isa::SemaphoreId semaphore, std::int64_t now);

  /// The cycle at which a missing token arrives, where that is known already; else kNever.
  std::int64_t arrival(isa::SemaphoreId semaphore) const;
  /// Who owes the next token.
  Owed owed(isa::SemaphoreId semaphore) const;

  const SemaphoreTable& table() const { return table_; }

 private:
  using EngineSet = std::uint8_t;  ///< a bit an engine

  const SemaphoreTable& table_;
  Collectives& collectives_;
  const std::int64_t core_;
  std::vector<std::int64_t> tokens_;
  std::vector<EngineSet> waiting_;
  std::function<void(isa::Engine)> wake_;
};

}  // namespace npusim
