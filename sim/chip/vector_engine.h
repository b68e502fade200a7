#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/chip/engine.h"
#include "sim/chip/remembered.h"
#include "sim/vector/vector_unit.h"

namespace npusim {

/// Executes vector passes one after another; a pass's values appear when it completes.
class VectorEngine : public Engine {
 public:
  explicit VectorEngine(Machine& machine) : Engine(isa::Engine::Vector, machine) {}

 protected:
  std::int64_t advance(std::int64_t now) override;
  bool working() const override { return current_ != nullptr; }
  void reset() override { current_ = nullptr; }

 private:
  /// What a pass costs by itself, and its cycles with those that banks make it wait.
  struct Cost {
    VectorCost work;
    std::int64_t cycles = 0;
  };

  void start(const Issued& issued, std::int64_t now);
  const Cost& costOf(const VectorTile& tile);
  Cost computeCost(const VectorTile& tile) const;
  void finish();

  const isa::Instruction* current_ = nullptr;
  std::int64_t completion_ = 0;
  std::optional<VectorTile> tile_;  ///< empty for a mere synchronisation
  const Cost* cost_ = nullptr;
  Remembered<Cost> costs_;
  std::vector<std::int64_t> places_;  ///< scratch
};

}  // namespace npusim
