#include "sim/chip/matrix_engine.h"

#include <algorithm>
#include <array>

#include "sim/chip/places.h"
#include "sim/chip/resolve.h"
#include "sim/core/error.h"
#include "sim/laws/buffer_law.h"
#include "sim/laws/lockstep_law.h"

namespace npusim {
namespace {

struct BufferTraffic {
  isa::StorageId storage;
  std::int64_t read, written;
};

/// A zero point is read once for every index that it differs along.
BufferTraffic zeroPointTraffic(const std::optional<ResolvedAccess>& zero, std::int64_t indices) {
  if (!zero) return {0, 0, 0};
  const bool one = std::ranges::all_of(zero->strides, [](std::int64_t s) { return s == 0; });
  return {zero->storage, (one ? 1 : indices) * byteSize(zero->type), 0};
}

/// What a tile moves at each of its operands' buffers.
std::array<BufferTraffic, 6> trafficOf(const MatrixTile& tile, const ArrayWork& work) {
  const bool reads = tile.bias && !tile.accumulates;
  const std::int64_t biasBytes = reads ? tile.n() * byteSize(tile.bias->type) : 0;
  return {{{tile.a.storage, work.inputBytes, 0},
           {tile.b.storage, work.weightBytes, 0},
           {tile.c.storage, work.partialReadBytes, work.partialWriteBytes},
           {reads ? tile.bias->storage : tile.c.storage, biasBytes, 0},
           zeroPointTraffic(tile.zeroA, tile.m()),
           zeroPointTraffic(tile.zeroB, tile.n())}};
}

}  // namespace

MatrixEngine::MatrixEngine(Machine& machine)
    : Engine(isa::Engine::Matrix, machine),
      array_(*machine.fabric.array),
      schedule_(machine.chip.array) {}

void MatrixEngine::reset() {
  schedule_.reset();
  flights_.clear();
  acceptAt_ = 0;
}

std::int64_t MatrixEngine::advance(std::int64_t now) {
  retire(now);
  while (acceptAt_ <= now) {
    const std::optional<Issued> issued = fetch(now);
    if (!issued) break;
    issue(*issued, now);
    retire(now);
  }
  std::int64_t next = acceptAt_ > now ? acceptAt_ : kNever;
  if (!flights_.empty()) next = std::min(next, flights_.front().completion);
  return next;
}

void MatrixEngine::issue(const Issued& issued, std::int64_t now) {
  const std::int64_t ready = now + machine().issueCycles();
  Flight flight{issued.instruction, std::max(ready, schedule_.last().completion), {}, {}};
  if (const auto* matrix = std::get_if<isa::Matrix>(&issued.instruction->body)) {
    flight.tile = resolve(*matrix, issued.indices);
    if (!flight.tile.empty()) return issueTile(std::move(flight), ready);
  } else {
    ensure(std::holds_alternative<isa::Sync>(issued.instruction->body),
           "the matrix queue holds matrix instructions only");
  }
  acceptAt_ = ready;
  flights_.push_back(std::move(flight));
}

void MatrixEngine::issueTile(Flight flight, std::int64_t ready) {
  const ArrayCost cost = array_.cost(flight.tile);
  const std::int64_t stretch = stretchCycles(flight.tile, cost);
  const ArraySlot slot = schedule_.place(ready, cost.timing, stretch);
  machine().fillCycles = schedule_.fillCycles();
  Timeline& timeline = machine().timeline;
  timeline.idle(slot.prologueStart, IdleCause::Overhead);
  timeline.busy(slot.streamEnd, slot.completion);
  timeline.stretch(slot.streamEnd - stretch, slot.streamEnd);
  spendArrayTime(flight.tile, cost);
  flight.completion = slot.completion;
  flight.work = cost.work;
  flight.conflictCycles = stretch;
  acceptAt_ = slot.prologueStart;
  flights_.push_back(std::move(flight));
}

/// Cycles by which bank conflicts stretch the tile's stream.
std::int64_t MatrixEngine::stretchCycles(const MatrixTile& tile, const ArrayCost& cost) const {
  const ChipConfig& chip = machine().chip;
  const DataType format = arrayFormat(tile.a.type);
  return bufferConflictCycles(chip, format, placesOf(tile), machine().fabric.dealings->of(tile),
                              cost.timing, cost.work);
}

/// PE-cycles of the tile's stream: useful, at the array's edges (with MACs that only multiply the
/// zeros of block-diagonal weights), within it without operands, and waiting for a buffer.
void MatrixEngine::spendArrayTime(const MatrixTile& tile, const ArrayCost& cost) {
  const ArrayConfig& array = machine().chip.array;
  const double rate = array.macsPerCycle.at(arrayFormat(tile.a.type));
  const double pes = static_cast<double>(array.rows * array.cols * arraysInStep(machine().chip));
  const double all = static_cast<double>(tile.m() * tile.n() * tile.k()) / rate;
  const double useful =
      all * static_cast<double>(tile.usefulNumerator) / static_cast<double>(tile.usefulDenominator);
  const auto ends = static_cast<double>(cost.timing.prologue + cost.timing.drain);
  machine().arrayTime += {.useful = useful,
                          .edge = cost.work.edgePeCycles + all - useful,
                          .fillDrain = cost.work.fillDrainPeCycles - ends * pes,
                          .buffer = cost.work.waitPeCycles};
}

void MatrixEngine::retire(std::int64_t now) {
  while (!flights_.empty() && flights_.front().completion <= now) {
    const Flight& flight = flights_.front();
    if (!flight.tile.empty()) finishTile(flight);
    complete(*flight.instruction, flight.completion);
    flights_.pop_front();
  }
}

void MatrixEngine::finishTile(const Flight& flight) {
  const MatrixTile& tile = flight.tile;
  LayerTally& layer = machine().layerOf(*flight.instruction);
  countTile(flight, layer);
  if (!machine().values) return;
  const ZeroWork zero = array_.compute(tile, machine().storages);
  const std::int64_t useful = zero.macs * tile.usefulNumerator / tile.usefulDenominator;
  layer.counters.zeroOperandMacs += useful;
  if (!machine().chip.array.zeroGating) return;
  layer.counters.gatedMacs += useful;
  layer.counters.localStoreBytes -= zero.savedStore;
}

void MatrixEngine::countTile(const Flight& flight, LayerTally& layer) {
  const MatrixTile& tile = flight.tile;
  Counters& counters = layer.counters;
  const std::int64_t scaled =
      tile.m() * tile.n() * tile.k() * tile.usefulNumerator + layer.macRemainder;
  counters.macs += scaled / tile.usefulDenominator;
  layer.macRemainder = scaled % tile.usefulDenominator;
  counters.localStoreBytes += flight.work.localStore;
  counters.arrayNetworkBytes += flight.work.network;
  counters.cacheHits += flight.work.cacheHits;
  counters.cacheMisses += flight.work.cacheMisses;
  counters.bufferConflictCycles += flight.conflictCycles;
  for (const BufferTraffic& part : trafficOf(tile, flight.work)) {
    machine().countBuffer(counters, part.storage, part.read, part.written);
    counters.arrayBufferBytes += {part.read, part.written};
  }
}

}  // namespace npusim
