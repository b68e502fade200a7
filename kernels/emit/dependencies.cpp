#include <algorithm>

#include "kernels/emit/placement.h"

namespace npusim::emit {
namespace {

using isa::Engine;
using plan::Block;

constexpr std::size_t index(Engine engine) { return static_cast<std::size_t>(engine); }

/// For every engine the last task whose part of it is known to be complete; -1: none.
struct Clock {
  std::array<int, isa::kEngineCount> task;
  Clock() { task.fill(-1); }
  void join(const Clock& other) {
    for (std::size_t e = 0; e < task.size(); ++e) task[e] = std::max(task[e], other.task[e]);
  }
};

using TaskClocks = std::array<Clock, isa::kEngineCount>;

bool overlap(const Region& a, const Region& b) {
  return a.storage == b.storage && a.first < b.last && b.first < a.last;
}

bool conflict(const std::vector<Region>& before, const std::vector<Region>& after) {
  return std::any_of(before.begin(), before.end(), [&](const Region& a) {
    return std::any_of(after.begin(), after.end(),
                       [&](const Region& b) { return (a.written || b.written) && overlap(a, b); });
  });
}

void addSlot(std::vector<Region>& regions, const mapping::Slot& slot, std::int64_t address,
             bool written) {
  if (slot.used()) regions.push_back({slot.storage, address, address + slot.total(), written});
}

void addBlock(std::vector<Region>& regions, const plan::Plan& plan, const plan::Task& task,
              const plan::Operand& operand, bool written) {
  const Block& block = plan.block(operand.block);
  if (block.kind == Block::Kind::Weights) return;
  const plan::ByteRange range = plan::footprint(task, operand);
  regions.push_back(
      {block.storage, block.address + range.first, block.address + range.last, written});
}

/// Engines whose tokens an engine has taken by the end of its part of a task: program order of
/// one tile is load, matrix, vector, store.
std::vector<Engine> upstream(const plan::Plan& plan, const PlacedTask& placed, Engine engine) {
  std::vector<Engine> engines;
  const bool matrix = std::holds_alternative<plan::MatrixWork>(placed.task->work);
  if (engine == Engine::Store && placed.mapping.output.used()) engines.push_back(Engine::Vector);
  if (engine == Engine::Vector && matrix) engines.push_back(Engine::Matrix);
  for (std::size_t i = 0; i < placed.task->operands.size(); ++i) {
    if (!placed.mapping.operands[i].used()) continue;
    if (consumerOf(*placed.task, static_cast<int>(i)) != engine) continue;
    engines.push_back(loaderOf(plan, placed.task->operands[i]));
  }
  return engines;
}

}  // namespace

Engine loaderOf(const plan::Plan& plan, const plan::Operand& operand) {
  const bool weights = plan.block(operand.block).kind == Block::Kind::Weights;
  return weights ? Engine::LoadWeights : Engine::LoadInputs;
}

Engine consumerOf(const plan::Task& task, int operand) {
  if (std::holds_alternative<plan::CopyWork>(task.work)) return Engine::LoadInputs;
  const auto* matrix = std::get_if<plan::MatrixWork>(&task.work);
  if (matrix == nullptr) return Engine::Vector;
  const bool inArray = operand == matrix->a || operand == matrix->b || operand == matrix->bias;
  return inArray ? Engine::Matrix : Engine::Vector;
}

EngineRegions regionsOf(const plan::Plan& plan, const PlacedTask& placed) {
  EngineRegions regions;
  const plan::Task& task = *placed.task;
  const mapping::Mapping& mapping = placed.mapping;
  const bool copies = std::holds_alternative<plan::CopyWork>(task.work);
  for (std::size_t i = 0; i < task.operands.size(); ++i) {
    const Engine consumer = consumerOf(task, static_cast<int>(i));
    const bool streamed = mapping.operands[i].used();
    const Engine loader = loaderOf(plan, task.operands[i]);
    addBlock(regions[index(streamed ? loader : consumer)], plan, task, task.operands[i], false);
    if (!streamed) continue;
    addSlot(regions[index(loader)], mapping.operands[i], placed.operandAddress[i], true);
    addSlot(regions[index(consumer)], mapping.operands[i], placed.operandAddress[i], false);
  }
  addSlot(regions[index(Engine::Matrix)], mapping.accumulators, placed.accumulatorAddress, true);
  addSlot(regions[index(Engine::Vector)], mapping.accumulators, placed.accumulatorAddress, false);
  for (std::size_t i = 0; i < mapping.temporaries.size(); ++i) {
    addSlot(regions[index(Engine::Vector)], mapping.temporaries[i], placed.temporaryAddress[i],
            true);
  }
  const bool stored = mapping.output.used();
  const Engine writer = copies ? Engine::LoadInputs : stored ? Engine::Store : Engine::Vector;
  addBlock(regions[index(writer)], plan, task, task.output, true);
  if (stored) {
    addSlot(regions[index(Engine::Vector)], mapping.output, placed.outputAddress, true);
    addSlot(regions[index(Engine::Store)], mapping.output, placed.outputAddress, false);
  }
  return regions;
}

std::vector<Dependency> dependencies(const plan::Plan& plan, const std::vector<PlacedTask>& tasks) {
  std::vector<Dependency> result;
  std::vector<EngineRegions> regions;
  std::vector<TaskClocks> ends;
  TaskClocks known;
  for (int j = 0; j < static_cast<int>(tasks.size()); ++j) {
    const PlacedTask& placed = tasks[static_cast<std::size_t>(j)];
    regions.push_back(regionsOf(plan, placed));
    const EngineRegions& mine = regions.back();
    for (std::size_t to = 0; to < mine.size(); ++to) {
      if (mine[to].empty()) continue;
      for (int i = j - 1; i >= 0; --i) {
        // The last engine of the pipeline first: that it is done says most about the others.
        for (std::size_t from = mine.size(); from-- > 0;) {
          if (from == to || known[to].task[from] >= i) continue;
          if (!conflict(regions[static_cast<std::size_t>(i)][from], mine[to])) continue;
          result.push_back({i, static_cast<Engine>(from), j, static_cast<Engine>(to)});
          known[to].join(ends[static_cast<std::size_t>(i)][from]);
        }
      }
    }
    // Engines in pipeline order, so that what one has learned flows on to the next.
    for (std::size_t e = 0; e < mine.size(); ++e) {
      for (const Engine other : upstream(plan, placed, static_cast<Engine>(e))) {
        known[e].join(known[index(other)]);
      }
      known[e].task[e] = j;
    }
    ends.push_back(known);
  }
  return result;
}

}  // namespace npusim::emit
