#include "sim/array/pe/cached_array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>

#include "sim/array/sums.h"
#include "sim/core/tensor.h"
#include "tests/sim/array/pe/cached_oracle.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using testing_tiles::Dice;
using testing_tiles::Problem;

/// A random cached array for a problem of `formats`, and the ports of its one buffer.
struct Machine {
  ArrayConfig array;
  std::vector<BufferPort> ports;
};

Machine randomMachine(DataType format, Dice& dice) {
  Machine machine;
  ArrayConfig& array = machine.array;
  array.rows = dice.roll(1, 7);
  array.cols = dice.roll(1, 7);
  array.dataflow = dataflowPreset("cached");
  array.macsPerCycle = {{arrayFormat(format), dice.pick<double>({1, 1, 0.25, 0.5, 2, 3})}};
  array.zeroGating = dice.coin();
  array.cache.lineBytes = std::int64_t{4} << dice.roll(0, 4);
  array.cache.bytes = dice.roll(0, 3) == 0 ? 0 : array.cache.lineBytes << dice.roll(0, 5);
  array.cache.ways = std::int64_t{1} << dice.roll(0, 4);
  array.cache.coalesce = dice.coin();
  array.cache.missCycles = dice.roll(1, 6);
  machine.ports = {{dice.roll(1, 6), std::int64_t{1} << dice.roll(2, 6)}};
  return machine;
}

struct Drawn {
  Machine machine;
  std::unique_ptr<Problem> problem;
  std::string text;
};

Drawn draw(std::uint32_t seed) {
  Dice dice(seed);
  const auto formats = testing_tiles::kFormats[seed % testing_tiles::kFormats.size()];
  Drawn drawn{randomMachine(formats.a, dice), testing_tiles::randomProblem(formats, 4000, dice),
              "seed " + std::to_string(seed)};
  return drawn;
}

constexpr std::uint32_t kSeeds = 400;

/// The cost without and with coalescing.
std::pair<ArrayCost, ArrayCost> bothWays(Drawn& drawn, const std::vector<BufferPort>& ports) {
  CacheConfig& cache = drawn.machine.array.cache;
  cache.coalesce = false;
  const ArrayCost apart = CachedArray(drawn.machine.array, ports).cost(drawn.problem->tile);
  cache.coalesce = true;
  return {apart, CachedArray(drawn.machine.array, ports).cost(drawn.problem->tile)};
}

void expectSums(const Drawn& drawn, const ArrayWork& work, const OracleResult& expected) {
  const auto& [steps, in, out] = std::tie(expected.steps, expected.sumsIn, expected.sumsOut);
  const DataType format = arrayFormat(drawn.problem->tile.a.type);
  const std::int64_t buffered = drawn.machine.array.storedSumBytes(format);
  const std::int64_t bytes = sumBytesOf(format);  // in a PE
  const ReadWrite store = {(steps + out) * bytes, (steps + in) * bytes};
  EXPECT_EQ(work.localStore.outputs, store) << drawn.text;
  EXPECT_EQ(work.network.outputs, (in + out) * bytes) << drawn.text;
  EXPECT_EQ(work.partialReadBytes, drawn.problem->tile.accumulates ? in * buffered : 0)
      << drawn.text;
  EXPECT_EQ(work.partialWriteBytes, out * buffered) << drawn.text;
}

TEST(CachedArray, EqualsThePlainMachineInCyclesAndCounts) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Drawn drawn = draw(seed);
    const auto& [array, ports] = drawn.machine;
    const MatrixTile& tile = drawn.problem->tile;
    const OracleResult expected = cachedOracle(array, ports, tile);
    CachedArray model(array, ports);
    const ArrayCost cost = model.cost(tile);
    const std::int64_t line = array.cache.bytes > 0 ? array.cache.lineBytes : byteSize(tile.a.type);
    ASSERT_EQ(cost.timing, (ArrayTiming{0, expected.cycles, 1})) << drawn.text;
    ASSERT_EQ(cost.work.cacheHits, expected.hits[0] + expected.hits[1]) << drawn.text;
    ASSERT_EQ(cost.work.cacheMisses, expected.misses[0] + expected.misses[1]) << drawn.text;
    ASSERT_EQ(cost.work.inputBytes, expected.fetched[0] * line) << drawn.text;
    ASSERT_EQ(cost.work.weightBytes, expected.fetched[1] * line) << drawn.text;
    ASSERT_EQ(cost.work.waitPeCycles, static_cast<double>(expected.waited)) << drawn.text;
    expectSums(drawn, cost.work, expected);
    if (HasFailure()) return;
  }
}

bool inside(const MatrixTile& tile, const std::array<std::int64_t, 7>& at) {
  return std::ranges::all_of(tile.a.bounds, [&](const ResolvedBound& bound) {
    const std::int64_t x = dot(bound.origin, bound.strides, at);
    return x >= 0 && x < bound.limit;
  });
}

/// What an output has to be, by the definition.
template <typename T>
T chain(const MatrixTile& tile, const Storage& storage, std::array<std::int64_t, 7> at) {
  const auto read = [&](const ResolvedAccess& access) {
    T value;
    const std::int64_t width = byteSize(access.type);
    readElements(access.type, storage.at(dot(access.address, access.strides, at), width), width, 1,
                 &value);
    return value;
  };
  T sum = tile.accumulates ? read(tile.c) : tile.bias ? read(*tile.bias) : T{};
  const std::span<std::int64_t> kPosition(&at[4], 3);
  do {
    const T zeroA = tile.zeroA ? read(*tile.zeroA) : T{};
    const T padding = tile.zeroA ? zeroA : static_cast<T>(tile.padding);
    const T a = (inside(tile, at) ? read(tile.a) : padding) - zeroA;
    if constexpr (std::is_same_v<T, float>) {
      sum = std::fma(a, read(tile.b), sum);
    } else {
      sum += a * (read(tile.b) - (tile.zeroB ? read(*tile.zeroB) : T{}));
    }
  } while (stepPosition(kPosition, std::span(tile.extents).subspan(4, 3)));
  return sum;
}

/// All outputs in their order in C, and the zero inputs of the products.
template <typename T>
std::vector<T> chains(const Problem& problem) {
  std::vector<T> outputs;
  std::array<std::int64_t, 7> at{};
  do {
    outputs.push_back(chain<T>(problem.tile, problem.storages[0], at));
  } while (stepPosition(std::span(at).first(4), std::span(problem.tile.extents).first(4)));
  return outputs;
}

template <typename T>
void expectChains(Drawn& drawn) {
  const std::vector<T> expected = chains<T>(*drawn.problem);
  CachedArray model(drawn.machine.array, drawn.machine.ports);
  model.compute(drawn.problem->tile, drawn.problem->storages);
  const std::vector<std::byte> bytes = testing_tiles::resultBytes(*drawn.problem);
  ASSERT_EQ(bytes.size(), expected.size() * sizeof(T)) << drawn.text;
  ASSERT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size()), 0) << drawn.text;
}

TEST(CachedArray, ValuesAreTheChainOverAscendingKBitForBit) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Drawn drawn = draw(seed);
    withSumType(drawn.problem->tile.c.type, [&]<typename T>(T) { expectChains<T>(drawn); });
  }
}

TEST(CachedArray, CountersConserve) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Drawn drawn = draw(seed);
    const ArrayConfig& array = drawn.machine.array;
    const MatrixTile& tile = drawn.problem->tile;
    CachedArray model(array, drawn.machine.ports);
    const ArrayCost cost = model.cost(tile);
    const ArrayWork& work = cost.work;
    std::int64_t inputs = 0;
    std::array<std::int64_t, 7> at{};
    do {
      inputs += inside(tile, at) ? 1 : 0;
    } while (stepPosition(at, tile.extents));
    ASSERT_EQ(work.cacheHits + work.cacheMisses, tile.m() * tile.n() * tile.k() + inputs)
        << drawn.text;
    const std::int64_t line = array.cache.bytes > 0 ? array.cache.lineBytes : byteSize(tile.a.type);
    const std::int64_t received = work.network.inputs + work.network.weights;
    ASSERT_EQ(received, work.cacheMisses * line) << drawn.text;
    const std::int64_t fetched = work.inputBytes + work.weightBytes;
    if (array.cache.coalesce) {
      ASSERT_LE(fetched, received) << drawn.text;
    } else {
      ASSERT_EQ(fetched, received) << drawn.text;
    }
    const double pes = static_cast<double>(array.rows * array.cols);
    const double useful =
        static_cast<double>(tile.m() * tile.n() * tile.k()) / array.macsPerCycle.begin()->second;
    ASSERT_GE(work.edgePeCycles, -1e-6) << drawn.text;
    ASSERT_NEAR(useful + work.waitPeCycles + work.edgePeCycles + work.fillDrainPeCycles,
                static_cast<double>(cost.timing.total()) * pes, 1e-6)
        << drawn.text;
  }
}

/// What a PE misses does not depend on when: coalescing only spares fetches.
TEST(CachedArray, CoalescingSparesFetchesAndTime) {
  std::int64_t slow = 0, fast = 0;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Drawn drawn = draw(seed);
    const auto [apart, together] = bothWays(drawn, drawn.machine.ports);
    EXPECT_EQ(together.work.cacheMisses, apart.work.cacheMisses) << drawn.text;
    EXPECT_LE(together.work.inputBytes, apart.work.inputBytes) << drawn.text;
    EXPECT_LE(together.work.weightBytes, apart.work.weightBytes) << drawn.text;
    slow += apart.timing.stream;
    fast += together.timing.stream;
  }
  EXPECT_LT(fast * 10, slow * 9);
}

/// With any number of ports no line comes later than its own fetch would bring it. (Scarce ports
/// serve the oldest request first, and with fewer requests that is sometimes the less urgent one:
/// some tiles end a few cycles later.)
TEST(CachedArray, CoalescingIsNeverSlowerWherePortsAreFree) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Drawn drawn = draw(seed);
    const auto [apart, together] = bothWays(drawn, {});
    EXPECT_LE(together.timing.stream, apart.timing.stream) << drawn.text;
  }
}

/// The stack property of least-recently-used: what a fully associative cache holds, a larger one
/// holds too.
TEST(CachedArray, MoreCacheNeverMissesMoreWhenFullyAssociative) {
  for (std::uint32_t seed = 0; seed < kSeeds / 4; ++seed) {
    Drawn drawn = draw(seed);
    CacheConfig& cache = drawn.machine.array.cache;
    cache.ways = 65536;
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    for (cache.bytes = cache.lineBytes; cache.bytes <= 64 * cache.lineBytes; cache.bytes *= 2) {
      CachedArray model(drawn.machine.array, drawn.machine.ports);
      const std::int64_t misses = model.cost(drawn.problem->tile).work.cacheMisses;
      EXPECT_LE(misses, before) << drawn.text << ", " << cache.bytes << " bytes";
      before = misses;
    }
  }
}

TEST(CachedArray, KnowsAnEqualTileElsewhereButNotOneThatLiesOtherwise) {
  int changed = 0;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Drawn drawn = draw(seed);
    const auto& [array, ports] = drawn.machine;
    drawn.machine.array.cache = {
        .bytes = 64, .lineBytes = 16, .ways = 2, .coalesce = false, .missCycles = 3};
    MatrixTile& tile = drawn.problem->tile;
    CachedArray model(array, ports);
    const ArrayCost first = model.cost(tile);
    tile.a.address += 32;  // two sets of 16 bytes
    tile.b.address += 64;
    EXPECT_EQ(model.cost(tile), first) << drawn.text;
    EXPECT_EQ(CachedArray(array, ports).cost(tile), first) << drawn.text;
    tile.b.address += 4;
    const ArrayCost shifted = model.cost(tile);
    EXPECT_EQ(shifted, CachedArray(array, ports).cost(tile)) << drawn.text;
    changed += shifted == first ? 0 : 1;
  }
  EXPECT_GT(changed, 50);
}

}  // namespace
}  // namespace npusim
