#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/mapping/mapping.h"
#include "kernels/plan/plan.h"
#include "sim/isa/program.h"

namespace npusim::emit {

/// A mapped task whose slots have addresses; blocks carry their own.
struct PlacedTask {
  const plan::Task* task = nullptr;
  mapping::Mapping mapping;
  std::vector<std::int64_t> operandAddress;  ///< 0 for operands without a slot
  std::int64_t outputAddress = 0;
  std::int64_t accumulatorAddress = 0;
  std::vector<std::int64_t> temporaryAddress;
};

/// A byte range of a storage that an engine reads or writes during one task.
struct Region {
  isa::StorageId storage = 0;
  std::int64_t first = 0, last = 0;
  bool written = false;
  bool shared = false;  ///< by cores: of a block, not of a core's own slot
  /// Of a block: which one and which of its bytes; of a distributed one `first` and `last` are all
  /// of a core's share.
  plan::BlockId block = plan::kNoBlock;
  plan::ByteRange bytes = {};
};

/// What each engine touches in a task. Constant blocks are left out: nobody writes them.
using EngineRegions = std::array<std::vector<Region>, isa::kEngineCount>;
EngineRegions regionsOf(const plan::Plan& plan, const PlacedTask& placed);

/// Which engine fills an operand's slot.
isa::Engine loaderOf(const plan::Plan& plan, const plan::Operand& operand);

/// Which engine computes with an operand of a task.
isa::Engine consumerOf(const plan::Task& task, int operand);

/// One engine's part of a later task must wait for another's part of an earlier one, on all cores
/// of that task; for the same engine, for its part on the other cores.
struct Dependency {
  int fromTask = 0;
  isa::Engine from{};
  int toTask = 0;
  isa::Engine to{};
};

/// The dependencies between tasks that touch the same bytes, without those that follow from
/// others.
std::vector<Dependency> dependencies(const plan::Plan& plan, const std::vector<PlacedTask>& tasks);

/// The whole program from placed tasks.
isa::Program emitProgram(const plan::Plan& plan, const std::vector<PlacedTask>& tasks);

}  // namespace npusim::emit
