#include "sim/array/pe/cached_array.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "sim/array/pe/cached_machine.h"
#include "sim/array/pe/cached_values.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

/// What the array needs to know of a tile.
struct Job {
  Job(const ArrayConfig& array, const MatrixTile& theTile);

  const ArrayConfig& array;
  const MatrixTile& tile;
  DataType format;       ///< of the operands
  double rate;           ///< MACs of a PE in a cycle
  std::int64_t element;  ///< bytes of an operand
  LineSize line;         ///< what is fetched at a time: an operand where there is no cache
  CachedTask task;
};

/// Bytes that one access of the partial sums' store moves, and accesses that a sum takes.
std::int64_t sumAccesses(const OperandStoreConfig& store, DataType format) {
  return store.wordBits == 0 ? 1 : ceilDiv(sumBytesOf(format) * 8, store.wordBits);
}
std::int64_t sumBytes(const OperandStoreConfig& store, DataType format) {
  return store.wordBits == 0 ? sumBytesOf(format) : sumAccesses(store, format) * store.wordBits / 8;
}

/// A step reads and writes the partial sum, and the multiplier takes 1 / rate cycles for a product.
std::int64_t beatOf(const ArrayConfig& array, DataType format, double rate) {
  const OperandStoreConfig& store = array.localStore.outputs;
  return std::max({std::int64_t{1}, std::int64_t{std::llround(1 / rate)},
                   ceilDiv(2 * sumAccesses(store, format), store.ports)});
}

double rateOf(const ArrayConfig& array, DataType format) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  return rate->second;
}

Job::Job(const ArrayConfig& arrayConfig, const MatrixTile& theTile)
    : array(arrayConfig),
      tile(theTile),
      format(arrayFormat(tile.a.type)),
      rate(rateOf(array, format)),
      element(byteSize(tile.a.type)),
      line(array.cache.bytes > 0 ? array.cache.lineBytes : element),
      task{array.rows,
           array.cols,
           tile.m(),
           tile.n(),
           tile.k(),
           std::max<std::int64_t>(1, std::llround(rate)),
           beatOf(array, format, rate),
           tile.shape().startsFromSums() ? 1 : 0} {
  ensure(byteSize(tile.b.type) == element, "inputs and weights are of one width");
}

BufferPort portOf(const std::vector<BufferPort>& ports, std::int32_t storage) {
  const auto index = static_cast<std::size_t>(storage);
  return index < ports.size() ? ports[index] : BufferPort{};
}

/// What a run leaves behind.
struct Outcome {
  CachedRun run;
  ByFetched<std::int64_t> fetched;
};

template <typename Values>
Outcome runTile(const Job& job, const std::vector<BufferPort>& ports, CachedLines& lines,
                Values& values, ArrayObserver* observer) {
  const MatrixTile& tile = job.tile;
  const CachedAddresses addresses(tile);
  CachedFetch fetch(job.array.cache, job.line, addresses, portOf(ports, tile.a.storage),
                    portOf(ports, tile.b.storage), tile.a.storage == tile.b.storage);
  CachedMachine<Values> machine(job.task, addresses, job.line, lines, fetch, values, observer);
  const CachedRun run = machine.run();
  return {run, fetch.fetched()};
}

/// The last result leaves in the cycle after its last step.
constexpr std::int64_t kDrainCycles = 1;

/// Where the PEs' cycles went.
void countTime(const Job& job, const CachedRun& run, ArrayWork& work) {
  const auto pes = static_cast<double>(job.task.rows * job.task.cols);
  const double useful = static_cast<double>(job.tile.shape().macs()) / job.rate;
  work.waitPeCycles = static_cast<double>(run.waitedCycles);
  work.edgePeCycles = static_cast<double>(run.cycles) * pes - useful - work.waitPeCycles;
  work.fillDrainPeCycles = static_cast<double>(kDrainCycles) * pes;
}

/// Sums that came to the PEs before their first step.
std::int64_t sumsTaken(const Job& job, const CachedRun& run) {
  return job.tile.shape().startsFromSums() ? run.begun : 0;
}

/// A step reads and writes its sum; one that comes in is written, one that leaves is read.
ReadWrite sumTraffic(const Job& job, const CachedRun& run) {
  const std::int64_t word = sumBytes(job.array.localStore.outputs, job.format);
  return {(run.steps + run.ended) * word, (run.steps + sumsTaken(job, run)) * word};
}

ArrayCost costOf(const Job& job, const Outcome& outcome) {
  const CachedRun& run = outcome.run;
  const std::int64_t line = job.line.bytes();
  ArrayWork work;
  work.inputBytes = outcome.fetched.input * line;
  work.weightBytes = outcome.fetched.weight * line;
  work.partialReadBytes =
      job.tile.accumulates ? run.begun * job.array.storedSumBytes(job.format) : 0;
  work.partialWriteBytes = run.ended * job.array.storedSumBytes(job.format);
  work.network = {run.misses.weight * line, run.misses.input * line,
                  (run.ended + sumsTaken(job, run)) * sumBytesOf(job.format)};
  if (job.array.cache.bytes > 0) {
    work.localStore.weights = {run.hits.weight * job.element, run.misses.weight * line};
    work.localStore.inputs = {run.hits.input * job.element, run.misses.input * line};
  }
  work.localStore.outputs = sumTraffic(job, run);
  work.cacheHits = run.hits.total();
  work.cacheMisses = run.misses.total();
  countTime(job, run, work);
  return {{0, run.cycles, kDrainCycles}, work};
}

/// Everything that the cost of a tile depends on.
std::vector<std::int64_t> keyOf(const Job& job) {
  const MatrixTile& tile = job.tile;
  const CacheConfig& cache = job.array.cache;
  const std::int64_t period = cache.bytes > 0 ? cache.bytes / cache.linesOfSet() : job.line.bytes();
  std::vector<std::int64_t> key(tile.extents.begin(), tile.extents.end());
  const auto addAll = [&](std::span<const std::int64_t> values) {
    key.insert(key.end(), values.begin(), values.end());
  };
  for (const ResolvedAccess* access : {&tile.a, &tile.b}) {
    addAll({{access->storage, access->address & (period - 1), byteSize(access->type)}});
    addAll(access->strides);
  }
  for (const ResolvedBound& bound : tile.a.bounds) {
    addAll({{bound.origin, bound.limit}});
    addAll(bound.strides);
  }
  addAll({{static_cast<std::int64_t>(arrayFormat(tile.a.type)), tile.accumulates,
           tile.bias.has_value()}});
  return key;
}

CachedLines emptyLines(const Job& job) { return {job.array.cache, job.task.rows * job.task.cols}; }

}  // namespace

CachedArray::CachedArray(const ArrayConfig& array, std::vector<BufferPort> ports)
    : array_(array), ports_(std::move(ports)) {
  ensure(array.dataflow.kind == ArrayKind::Cached, "an array of the dataflow cached");
}

ArrayCost CachedArray::cost(const MatrixTile& tile) {
  const Job job(array_, tile);
  const auto [known, isNew] = known_.try_emplace(keyOf(job));
  if (!isNew) return known->second;
  CachedLines lines = emptyLines(job);
  NoCachedValues values;
  known->second = costOf(job, runTile(job, ports_, lines, values, nullptr));
  return known->second;
}

ZeroWork CachedArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  ensure(!tile.empty(), "a tile with work");
  return withSumType(tile.c.type, [&]<typename T>(T) { return product<T>(tile, storages); });
}

template <typename T>
ZeroWork CachedArray::product(const MatrixTile& tile, std::vector<Storage>& storages) {
  const Job job(array_, tile);
  CachedLines lines = emptyLines(job);
  CachedValues<T> values(tile, storages, job.line, job.task.rows * job.task.cols, lines.slots());
  const ArrayCost cost = costOf(job, runTile(job, ports_, lines, values, observer_));
  const auto known = known_.find(keyOf(job));
  ensure(known == known_.end() || known->second == cost,
         "values change the cost of a cached array");
  ZeroWork zero{values.zeros(), {}};
  if (!array_.zeroGating || job.task.depth > 1) return zero;
  const std::int64_t bytes = zero.macs * sumBytes(array_.localStore.outputs, job.format);
  zero.savedStore.outputs = {bytes, bytes};
  return zero;
}

}  // namespace npusim
