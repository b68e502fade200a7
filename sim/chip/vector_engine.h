#pragma once

#include <optional>

#include "sim/chip/engine.h"
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
  void start(const Issued& issued, std::int64_t now);
  std::int64_t passCycles() const;
  void finish();

  const isa::Instruction* current_ = nullptr;
  std::int64_t completion_ = 0;
  std::optional<VectorTile> tile_;  ///< empty for a mere synchronisation
  VectorCost cost_;
};

}  // namespace npusim
