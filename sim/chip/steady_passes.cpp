#include "sim/chip/steady_passes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "sim/chip/fabric.h"
#include "sim/chip/machine.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Bytes that each storage moves at least at a time.
std::vector<std::int64_t> unitsOf(const Fabric& fabric) {
  std::vector<std::int64_t> units(fabric.program.storages.size(), 1);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (i >= fabric.memories.size() || !fabric.memories[i]) continue;
    units[i] = roundUp(fabric.chip.dma.minBurstBytes, fabric.memories[i]->burstBytes());
  }
  return units;
}

double difference(std::int64_t one, std::int64_t other) {
  return static_cast<double>(std::abs(one - other)) /
         static_cast<double>(std::max<std::int64_t>({one, other, 1}));
}

/// Adds what `passes` alike did to counts that are of `of` passes of them.
class InProportion {
 public:
  InProportion(std::int64_t passes, std::int64_t of) : passes_(passes), of_(of) {}

  std::int64_t more(std::int64_t count) const {
    const std::int64_t rest = (count % of_ * passes_ + of_ / 2) / of_;
    return count / of_ * passes_ + rest;
  }
  void operator()(std::int64_t& count) const { count += more(count); }
  void operator()(ReadWrite& bytes) const {
    (*this)(bytes.read);
    (*this)(bytes.write);
  }
  template <typename Figure>
  void operator()(ByOperand<Figure>& figures) const {
    (*this)(figures.weights);
    (*this)(figures.inputs);
    (*this)(figures.outputs);
  }

 private:
  std::int64_t passes_, of_;
};

/// The counters that depend on time: on what lies between requests, and on refreshes.
constexpr std::array kByTime = {
    &Counters::bufferConflictCycles, &Counters::rowHits,   &Counters::rowMisses,
    &Counters::rowConflicts,         &Counters::activates, &Counters::refreshes};
constexpr std::array kDramByTime = {&DramCounts::activates, &DramCounts::refreshes,
                                    &DramCounts::activeCycles, &DramCounts::idleCycles};

template <typename Counts, typename Figures>
void addByTime(const Figures& figures, std::int64_t repeats, const Counts& simulated,
               const Counts& before, const Counts& after, Counts& result) {
  for (const auto figure : figures) {
    result.*figure = simulated.*figure + repeats * (after.*figure - before.*figure);
  }
}

}  // namespace

SteadyPasses::SteadyPasses(const Fabric& fabric, std::int64_t cores, const PassLimit& limit)
    : fabric_(fabric), limit_(limit) {
  if (limit.kind == PassLimit::Kind::All) return;
  ensure(!fabric.values, "passes can be left out only where no values are computed");
  for (EqualPasses& loop : equalPasses(fabric.program, fabric.turns, cores, unitsOf(fabric))) {
    if (wants(loop)) loops_.push_back({std::move(loop), {}, 0, {}, {}});
  }
}

bool SteadyPasses::wants(const EqualPasses& loop) const {
  const bool large = loop.bytes > PassLimit::kLargeBytes;
  return large || limit_.kind == PassLimit::Kind::AtMost;
}

void SteadyPasses::reset() {
  time_.clear();
  for (Watched& watched : loops_) {
    watched.completed.clear();
    watched.ended = 0;
    watched.books.clear();
    watched.cut.reset();
  }
}

void SteadyPasses::count(const isa::Instruction& instruction, std::int64_t turn, std::int64_t now) {
  for (Watched& watched : loops_) {
    if (watched.cut || !contains(watched.loop, instruction)) continue;
    const auto pass = static_cast<std::size_t>(watched.loop.shared.passOf(turn));
    if (pass >= watched.completed.size()) watched.completed.resize(pass + 1);
    if (++watched.completed[pass] == watched.loop.completions) endPass(watched, now);
    return;
  }
}

bool SteadyPasses::contains(const EqualPasses& loop, const isa::Instruction& instruction) const {
  return std::ranges::any_of(loop.parts, [&](const EqualPasses::Part& part) {
    const isa::Instruction* queue = fabric_.program.queue(part.engine).data();
    const std::less<> before;
    return !before(&instruction, queue + part.begin) && before(&instruction, queue + part.end);
  });
}

void SteadyPasses::endPass(Watched& watched, std::int64_t now) {
  ++watched.ended;
  watched.books.push_back(copyBooks(watched.loop, now));
  if (std::ssize(watched.books) > 2 * watched.loop.period + 1) watched.books.pop_front();
  if (std::ssize(watched.books) == 2 * watched.loop.period + 1) consider(watched);
}

/// Ends the loop if its latest two periods are alike, or as late as the limit allows.
void SteadyPasses::consider(Watched& watched) {
  const EqualPasses& loop = watched.loop;
  const Books& before = watched.books[static_cast<std::size_t>(loop.period)];
  const Books &first = watched.books.front(), &after = watched.books.back();
  const double cycles = difference(after.cycle - before.cycle, before.cycle - first.cycle);
  const double bytes =
      difference(after.memoryBytes - before.memoryBytes, before.memoryBytes - first.memoryBytes);
  const std::int64_t left = loop.shared.passes - engines_.begun(loop);
  const std::int64_t repeats = left / loop.period;  // what runs are whole periods then, too
  const std::int64_t passes = loop.shared.passes - repeats * loop.period;
  const bool steady = cycles <= kTolerance && bytes <= kTolerance;
  const bool last = limit_.kind == PassLimit::Kind::AtMost && passes + loop.period > limit_.passes;
  if (repeats < 1 || time_.overlaps(before.cycle) || !(steady || last)) return;
  engines_.endAfter(loop, passes);
  time_.add({before.cycle, after.cycle, repeats});
  watched.cut = Cut{passes, repeats, before, after, cycles};
}

SteadyPasses::Books SteadyPasses::copyBooks(const EqualPasses& loop, std::int64_t now) const {
  Books books;
  books.cycle = now;
  for (const int layer : loop.shared.layers) {
    books.layers.push_back(fabric_.layers[static_cast<std::size_t>(layer)].counters);
    for (const DramCounts& memory : books.layers.back().memories) books.memoryBytes += memory.bytes;
  }
  books.arrays = sumArrays(fabric_);
  if (fabric_.network) books.linkCycles = fabric_.network->busiestLinkCycles();
  return books;
}

Counters SteadyPasses::extended(std::size_t layer, const Counters& simulated) const {
  for (const Watched& watched : loops_) {
    const std::vector<int>& layers = watched.loop.shared.layers;
    const auto found = std::ranges::find(layers, static_cast<int>(layer));
    if (!watched.cut || found == layers.end()) continue;
    return added(watched, static_cast<std::size_t>(found - layers.begin()), simulated);
  }
  return simulated;
}

Counters SteadyPasses::added(const Watched& watched, std::size_t member,
                             const Counters& simulated) const {
  const Cut& cut = *watched.cut;
  const InProportion inProportion(watched.loop.shared.passes - cut.passes, cut.passes);
  Counters before = cut.before.layers[member], after = cut.after.layers[member];
  Counters result = simulated;
  forEachCounter(inProportion, result);
  addByTime(kByTime, cut.repeats, simulated, before, after, result);
  for (std::size_t i = 0; i < simulated.memories.size(); ++i) {
    const DramCounts& own = simulated.memories[i];
    DramCounts& memory = result.memories[i];
    addByTime(kDramByTime, cut.repeats, own, before.memory(i), after.memory(i), memory);
    inProportion(memory.bytes);
    inProportion(memory.bytesRead);
    if (fabric_.chip.idealMemory) continue;
    const std::int64_t burst = fabric_.memories[fabric_.chip.buffers.size() + i]->burstBytes();
    memory.reads += (memory.bytesRead - own.bytesRead) / burst;
    memory.writes += (memory.bytes - own.bytes - memory.bytesRead + own.bytesRead) / burst;
  }
  return result;
}

ArraySums SteadyPasses::added() const {
  ArraySums sums;
  for (const Watched& watched : loops_) {
    if (!watched.cut) continue;
    const auto& [before, after] = std::pair(watched.cut->before.arrays, watched.cut->after.arrays);
    const auto times = static_cast<double>(watched.cut->repeats);
    sums.time += {.useful = times * (after.time.useful - before.time.useful),
                  .edge = times * (after.time.edge - before.time.edge),
                  .fillDrain = times * (after.time.fillDrain - before.time.fillDrain),
                  .buffer = times * (after.time.buffer - before.time.buffer)};
    sums.fillCycles += watched.cut->repeats * (after.fillCycles - before.fillCycles);
  }
  return sums;
}

std::int64_t SteadyPasses::addedLinkCycles() const {
  std::int64_t cycles = 0;
  for (const Watched& watched : loops_) {
    if (!watched.cut) continue;
    cycles +=
        watched.cut->repeats * (watched.cut->after.linkCycles - watched.cut->before.linkCycles);
  }
  return cycles;
}

std::vector<ShortenedLoop> SteadyPasses::shortened() const {
  std::vector<ShortenedLoop> loops;
  for (const Watched& watched : loops_) {
    if (!watched.cut) continue;
    loops.push_back({watched.loop.name, watched.loop.shared.passes, watched.cut->passes,
                     watched.cut->difference});
  }
  return loops;
}

}  // namespace npusim
