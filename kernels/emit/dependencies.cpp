#include <algorithm>
#include <utility>

#include "kernels/emit/placement.h"

namespace npusim::emit {
namespace {

using isa::Engine;
using plan::Block;

constexpr std::size_t index(Engine engine) { return static_cast<std::size_t>(engine); }

bool contains(const isa::CoreRange& outer, const isa::CoreRange& inner) {
  if (outer.all()) return true;
  return !inner.all() && inner.first >= outer.first &&
         inner.first + inner.count <= outer.first + outer.count;
}

/// Parts of tasks, by engine, that are known to be complete on all their cores.
class Facts {
 public:
  explicit Facts(std::size_t tasks) {
    for (auto& each : complete_) each.assign(tasks / kBits + 1, 0);
  }
  bool has(int task, std::size_t engine) const {
    const auto at = static_cast<std::size_t>(task);
    return (complete_[engine][at / kBits] >> (at % kBits) & 1) != 0;
  }
  /// An engine's queue is in order: what came before on no other cores is complete too.
  void learn(const std::vector<PlacedTask>& tasks, int task, std::size_t engine) {
    const auto last = static_cast<std::size_t>(task);
    const isa::CoreRange& cores = tasks[last].task->cores;
    for (std::size_t t = 0; t <= last; ++t) {
      const std::uint64_t bit = std::uint64_t{1} << (t % kBits);
      if (contains(cores, tasks[t].task->cores)) complete_[engine][t / kBits] |= bit;
    }
  }
  void join(const Facts& other) {
    for (std::size_t e = 0; e < complete_.size(); ++e) {
      for (std::size_t w = 0; w < complete_[e].size(); ++w) {
        complete_[e][w] |= other.complete_[e][w];
      }
    }
  }

 private:
  static constexpr std::size_t kBits = 64;
  std::array<std::vector<std::uint64_t>, isa::kEngineCount> complete_;
};

using TaskFacts = std::array<Facts, isa::kEngineCount>;

bool intersect(const isa::CoreRange& a, const isa::CoreRange& b) {
  if (a.all() || b.all()) return true;
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

bool overlap(const Region& a, const Region& b) {
  if (a.block != plan::kNoBlock && a.block == b.block) {
    return a.bytes.first < b.bytes.last && b.bytes.first < a.bytes.last;
  }
  return a.storage == b.storage && a.first < b.last && b.first < a.last;
}

/// With `sharedOnly`, cores' own slots do not count against each other.
bool conflict(const std::vector<Region>& before, const std::vector<Region>& after,
              bool sharedOnly) {
  return std::any_of(before.begin(), before.end(), [&](const Region& a) {
    return std::any_of(after.begin(), after.end(), [&](const Region& b) {
      const bool counts = !sharedOnly || a.shared || b.shared;
      return counts && (a.written || b.written) && overlap(a, b);
    });
  });
}

void addSlot(std::vector<Region>& regions, const mapping::Slot& slot, std::int64_t address,
             bool written) {
  if (slot.used()) regions.push_back({slot.storage, address, address + slot.total(), written});
}

/// `bytes` of a block.
void addBlock(std::vector<Region>& regions, const plan::Plan& plan, plan::BlockId id,
              const plan::ByteRange& bytes, bool written) {
  const Block& block = plan.block(id);
  if (block.kind == Block::Kind::Weights) return;
  Region region;
  region.bytes = bytes;
  region.block = id;
  region.written = written;
  region.shared = true;
  region.storage = block.storage;
  region.first = block.address + region.bytes.first;
  region.last = block.address + region.bytes.last;
  if (block.distribution) {
    region.storage = block.distribution->buffer;
    region.first = block.distribution->address;
    region.last = region.first + block.distribution->shareOf(block.bytes);
  }
  regions.push_back(region);
}

void addBlock(std::vector<Region>& regions, const plan::Plan& plan, const plan::Task& task,
              const plan::Operand& operand, bool written) {
  addBlock(regions, plan, operand.block, plan::footprint(task, operand), written);
}

/// What a branch reads to know whether it runs.
std::vector<Region> conditionOf(const plan::Plan& plan, const plan::Repeat& repeat) {
  plan::Operand byte;
  byte.offset = repeat.condition->offset;
  byte.type = repeat.condition->type;
  byte.passes = repeat.condition->passes;
  std::vector<Region> regions;
  addBlock(regions, plan, repeat.condition->block, plan::footprint({}, byte), false);
  return regions;
}

/// Every engine of a task reads the conditions of the branches that the task is in.
void addConditions(EngineRegions& regions, const plan::Plan& plan, const plan::Task& task) {
  for (int loop = task.repeat; loop >= 0;) {
    const plan::Repeat& repeat = plan.repeats[static_cast<std::size_t>(loop)];
    loop = repeat.parent;
    if (!repeat.condition) continue;
    const std::vector<Region> read = conditionOf(plan, repeat);
    for (std::vector<Region>& engine : regions) {
      if (!engine.empty()) engine.insert(engine.end(), read.begin(), read.end());
    }
  }
}

/// The engine that puts the task's output in its place.
Engine writerOf(const PlacedTask& placed) {
  if (std::holds_alternative<plan::CopyWork>(placed.task->work)) return Engine::LoadInputs;
  return placed.mapping.output.used() ? Engine::Store : Engine::Vector;
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
  return matrix->inArray(operand) ? Engine::Matrix : Engine::Vector;
}

EngineRegions regionsOf(const plan::Plan& plan, const PlacedTask& placed) {
  EngineRegions regions;
  const plan::Task& task = *placed.task;
  const mapping::Mapping& mapping = placed.mapping;
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
  addBlock(regions[index(writerOf(placed))], plan, task, task.output, true);
  if (stored) {
    addSlot(regions[index(Engine::Vector)], mapping.output, placed.outputAddress, true);
    addSlot(regions[index(Engine::Store)], mapping.output, placed.outputAddress, false);
  }
  addConditions(regions, plan, task);
  return regions;
}

namespace {

/// Finds the dependencies of one task after the other.
class Finder {
 public:
  Finder(const plan::Plan& plan, const std::vector<PlacedTask>& tasks)
      : plan_(plan), tasks_(tasks) {}

  std::vector<Dependency> run() {
    for (int j = 0; j < static_cast<int>(tasks_.size()); ++j) {
      followBranches(j);
      regions_.push_back(regionsOf(plan_, placed(j)));
      known_ = knownTo(placed(j).task->cores);
      for (std::size_t to = 0; to < isa::kEngineCount; ++to) {
        if (regions_.back()[to].empty()) continue;
        for (Branch& branch : branches_) enter(branch, j, to);
        if (plan_.supersteps) startAfter(j, to);
        for (int i = j - 1; i >= 0; --i) waitFor(i, j, to);
      }
      learn(j);
      ends_.push_back(known_);
      tell(placed(j).task->cores);
    }
    return std::move(result_);
  }

 private:
  /// A branch that the tasks at hand are in, and what was known before it.
  struct Branch {
    int repeat = 0, first = 0;
    std::vector<std::pair<isa::CoreRange, TaskFacts>> known;
    TaskFacts atEntry;  ///< known to the engines of its cores
    std::array<bool, isa::kEngineCount> entered{};
  };

  /// A branch may be skipped: what its tasks have learned holds in it only.
  void followBranches(int task) {
    const int loop = placed(task).task->repeat;
    while (!branches_.empty() && !plan_.isIn(loop, branches_.back().repeat)) {
      byCores_ = std::move(branches_.back().known);
      for (int t = branches_.back().first; t < task; ++t) {
        ends_[static_cast<std::size_t>(t)] = knownTo(placed(t).task->cores);
      }
      branches_.pop_back();
    }
    const int outer = branches_.empty() ? -1 : branches_.back().repeat;
    const std::size_t open = branches_.size();
    for (int r = loop; r != outer; r = plan_.repeats[static_cast<std::size_t>(r)].parent) {
      if (!plan_.repeats[static_cast<std::size_t>(r)].condition) continue;
      const TaskFacts facts = knownTo({});  // all cores come to it
      branches_.insert(branches_.begin() + static_cast<std::ptrdiff_t>(open),
                       {r, task, byCores_, facts, {}});
    }
  }

  /// An engine reads the condition when it comes to the branch, whatever it learns in there.
  void enter(Branch& branch, int j, std::size_t to) {
    if (std::exchange(branch.entered[to], true)) return;
    const std::vector<Region> read =
        conditionOf(plan_, plan_.repeats[static_cast<std::size_t>(branch.repeat)]);
    for (int i = branch.first - 1; i >= 0; --i) {
      for (std::size_t from = isa::kEngineCount; from-- > 0;) {
        if ((from == to && plan_.cores == 1) || branch.atEntry[to].has(i, from)) continue;
        if (conflict(regions_[static_cast<std::size_t>(i)][from], read, false)) add(i, from, j, to);
      }
    }
  }

  const PlacedTask& placed(int task) const { return tasks_[static_cast<std::size_t>(task)]; }

  TaskFacts none() const {
    const Facts facts(tasks_.size());
    return {facts, facts, facts, facts, facts};
  }

  /// What the engines of some cores know: what all tasks have learned that ran on all of them.
  TaskFacts knownTo(const isa::CoreRange& cores) {
    for (const auto& [range, facts] : byCores_) {
      if (range == cores) return facts;
    }
    TaskFacts known = none();
    for (const auto& [range, facts] : byCores_) {
      if (!contains(range, cores)) continue;
      for (std::size_t e = 0; e < known.size(); ++e) known[e].join(facts[e]);
    }
    byCores_.emplace_back(cores, known);
    return known;
  }

  void tell(const isa::CoreRange& cores) {
    for (auto& [range, facts] : byCores_) {
      if (!contains(cores, range)) continue;
      for (std::size_t e = 0; e < facts.size(); ++e) facts[e].join(known_[e]);
    }
  }

  void waitFor(int i, int j, std::size_t to) {
    // The last engine of the pipeline first: that it is done says most about the others.
    for (std::size_t from = isa::kEngineCount; from-- > 0;) {
      if ((from == to && !onSeveral(i, j)) || known_[to].has(i, from)) continue;
      const auto& before = regions_[static_cast<std::size_t>(i)][from];
      const bool apart = !intersect(placed(i).task->cores, placed(j).task->cores);
      const bool again = placed(i).task == placed(j).task;  // hands its slots over by itself
      if (!conflict(before, regions_.back()[to], from == to || apart || again)) continue;
      add(i, from, j, to);
    }
  }

  /// In supersteps a task begins, with its loads, when the one before has ended.
  void startAfter(int j, std::size_t to) {
    if (j == 0 || (to != index(Engine::LoadWeights) && to != index(Engine::LoadInputs))) return;
    const std::size_t from = index(writerOf(placed(j - 1)));
    if (known_[to].has(j - 1, from)) return;
    add(j - 1, from, j, to);
  }

  void add(int i, std::size_t from, int j, std::size_t to) {
    result_.push_back({i, static_cast<Engine>(from), j, static_cast<Engine>(to)});
    known_[to].join(ends_[static_cast<std::size_t>(i)][from]);
    known_[to].learn(tasks_, i, from);
  }

  /// Do the tasks run on more than one core between them?
  bool onSeveral(int i, int j) const {
    const isa::CoreRange& a = placed(i).task->cores;
    return plan_.cores > 1 && (a.count != 1 || a != placed(j).task->cores);
  }

  /// Engines in pipeline order, so that what one has learned flows on to the next. Tokens within a
  /// task say nothing of other cores.
  void learn(int j) {
    for (std::size_t e = 0; e < isa::kEngineCount; ++e) {
      for (const Engine other : upstream(plan_, placed(j), static_cast<Engine>(e))) {
        known_[e].join(known_[index(other)]);
      }
      if (plan_.cores == 1) known_[e].learn(tasks_, j, e);
    }
  }

  const plan::Plan& plan_;
  const std::vector<PlacedTask>& tasks_;
  std::vector<EngineRegions> regions_;
  TaskFacts known_ = none();  ///< to the engines of the cores of the task at hand
  std::vector<std::pair<isa::CoreRange, TaskFacts>> byCores_;
  std::vector<Branch> branches_;  ///< outermost first
  std::vector<TaskFacts> ends_;   ///< what each engine knew at the end of its part of a task
  std::vector<Dependency> result_;
};

}  // namespace

std::vector<Dependency> dependencies(const plan::Plan& plan, const std::vector<PlacedTask>& tasks) {
  return Finder(plan, tasks).run();
}

}  // namespace npusim::emit
