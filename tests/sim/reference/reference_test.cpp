#include "sim/reference/reference.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <random>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/reference/cache_traffic.h"
#include "sim/reference/matrix_time.h"
#include "sim/reference/precision.h"
#include "tests/sim/reference/works.h"

namespace npusim {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using works::Works;

/// 4 cores of 16 MACs at 1 GHz behind a shared 64 KiB cache and 10 GB/s.
ReferenceConfig smallMachine() {
  ReferenceConfig machine;
  machine.name = "small";
  machine.clockMhz = 1000;
  machine.cores = 4;
  machine.macsPerCyclePerCore = {{DataType::Float32, 16}};
  machine.vectorOpsPerCyclePerCore = 4;
  machine.tileM = machine.tileN = 8;
  machine.caches = {{"L1", 64 << 10, 1, 1024, 1}};
  machine.memoryGbPerS = 10;
  machine.memoryPjPerByte = 100;
  machine.macPj = {{DataType::Float32, 2}};
  machine.elementOpPj = 3;
  return machine;
}

double seconds(const ReferenceConfig& machine, const Works& works) {
  return costReference(machine, works, DataType::Float32).timeS;
}

TEST(Reference, LargeProductRunsAtThePeak) {
  const OperatorWork product = works::matmul(512, 512, 512);
  ReferenceConfig machine = smallMachine();
  machine.memoryGbPerS = 1000;
  const double ideal = 512.0 * 512 * 512 / (4 * 16) * 1e-9;
  EXPECT_THAT(seconds(machine, {product}), DoubleNear(ideal, 1e-12));
  machine.matrixEfficiency = 0.5;
  EXPECT_THAT(seconds(machine, {product}), DoubleNear(2 * ideal, 1e-12));
}

TEST(Reference, RaggedTilesAndWavesCountAsFull) {
  const ReferenceConfig machine = smallMachine();
  const auto cycles = [&](std::int64_t m, std::int64_t n, std::int64_t batch) {
    return blockMatrix(machine, works::activationMatmul(batch, m, n, 1), DataType::Float32).cycles;
  };
  EXPECT_EQ(cycles(8, 8, 4), 8 * 8 / 16.0) << "one tile a core";
  EXPECT_GT(cycles(9, 8, 4), cycles(8, 8, 4)) << "a tile more for one row more";
  EXPECT_EQ(cycles(8, 8, 8), 2 * cycles(8, 8, 4)) << "two waves";
  EXPECT_GT(cycles(8, 8, 5), cycles(8, 8, 4)) << "a wave that does not fill";
}

TEST(Reference, ALongReductionIsSplitOverIdleCores) {
  const OperatorWork narrow = works::activationMatmul(1, 8, 8, 4096);
  const MatrixBlocking blocking = blockMatrix(smallMachine(), narrow, DataType::Float32);
  EXPECT_EQ(blocking.splitK, 4);
  EXPECT_LT(blocking.cycles, 8 * 8 * 4096 / 16.0 / 3);
}

TEST(Reference, StreamingTakesTheMemorysTime) {
  const OperatorWork add = works::elementwise("add", 1 << 20, {1, 0, 0}, 2);
  EXPECT_THAT(seconds(smallMachine(), {add}), DoubleNear(3.0 * 4 * (1 << 20) / 10e9, 1e-9));
  ReferenceConfig machine = smallMachine();
  machine.memoryEfficiency = 0.5;
  EXPECT_THAT(seconds(machine, {add}), DoubleNear(6.0 * 4 * (1 << 20) / 10e9, 1e-9));
}

TEST(Reference, WhatFitsStaysInTheCache) {
  const OperatorWork add = works::elementwise("add", 1 << 10, {1, 0, 0}, 2);
  const ReferenceCost cost = costReference(smallMachine(), {add}, DataType::Float32);
  EXPECT_EQ(cost.dramBytes, 0);
  ASSERT_EQ(cost.trafficBytes.size(), 1u);
  EXPECT_EQ(cost.trafficBytes[0].first, "L1");
  EXPECT_EQ(cost.trafficBytes[0].second, 3 * 4 << 10);
}

TEST(Reference, WeightsOfANetworkThatDoesNotFitAreReadEachTime) {
  const OperatorWork layer = works::matmul(4, 64, 64);
  const auto dram = [&](std::size_t layers) {
    return costReference(smallMachine(), Works(layers, layer), DataType::Float32).dramBytes;
  };
  EXPECT_EQ(dram(3), 0);
  EXPECT_EQ(dram(5), 5 * 64 * 64 * 4) << "five layers hold 80 KiB of weights";
}

TEST(Reference, LessOverlapAddsTheShorterTime) {
  const OperatorWork layer = works::matmul(16, 512, 512);
  ReferenceConfig machine = smallMachine();
  const double hidden = seconds(machine, {layer});
  machine.overlap = 0;
  const double added = seconds(machine, {layer});
  const double computing = 16.0 * 512 * 512 / (4 * 16) * 1e-9;
  EXPECT_THAT(added, DoubleNear(hidden + computing, 1e-9));
}

TEST(Reference, TheHostLaunchesAhead) {
  const OperatorWork add = works::elementwise("add", 1 << 20, {1, 0, 0}, 2);
  ReferenceConfig machine = smallMachine();
  const double work = seconds(machine, {add});
  ASSERT_GT(work, 20e-6);
  machine.launchUs = 20;
  EXPECT_THAT(seconds(machine, Works(10, add)), DoubleNear(10 * (work + 20e-6), 1e-9));
  machine.launchOverlapUs = 15;
  EXPECT_THAT(seconds(machine, Works(10, add)), DoubleNear(15e-6 + 10 * (work + 5e-6), 1e-9));
  const OperatorWork tiny = works::elementwise("tiny", 1, {1, 0, 0});
  EXPECT_THAT(seconds(machine, Works(10, tiny)), DoubleNear(10 * 15e-6 + 5e-6, 1e-6))
      << "short operators wait for the host";
}

/// Elementwise work has no weights that a cache could keep.
TEST(Reference, WhatRunsInALoopCostsAsMuchAsManyOperators) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const auto roll = [&](int most) { return std::uniform_int_distribution<int>(1, most)(random); };
    const std::int64_t elements = roll(1 << 18);
    const OperatorWork once = works::elementwise("add", elements, {1, 0, 0}, 2);
    OperatorWork many = once;
    many.times = roll(40);
    ReferenceConfig machine = smallMachine();
    machine.launchUs = roll(30);
    machine.launchOverlapUs = roll(static_cast<int>(machine.launchUs)) - 1;
    const Works apart(static_cast<std::size_t>(many.times), once);
    const ReferenceCost a = costReference(machine, apart, DataType::Float32);
    const ReferenceCost b = costReference(machine, {many}, DataType::Float32);
    EXPECT_THAT(b.timeS, DoubleNear(a.timeS, 1e-12)) << "seed " << seed;
    EXPECT_THAT(b.energyJ, DoubleNear(a.energyJ, 1e-15)) << "seed " << seed;
    EXPECT_EQ(b.dramBytes, a.dramBytes) << "seed " << seed;
  }
}

TEST(Reference, AnOperatorWithoutWorkIsFree) {
  ReferenceConfig machine = smallMachine();
  machine.launchUs = 20;
  OperatorWork reshape;
  reshape.kind = OperatorWork::Kind::Movement;
  OperatorWork empty = works::matmul(0, 8, 8);
  empty.weightElements = 0;
  EXPECT_EQ(seconds(machine, {reshape, empty}), 0);
}

TEST(Reference, LaunchMustContainItsOverlap) {
  ReferenceConfig machine = smallMachine();
  machine.launchOverlapUs = 1;
  try {
    seconds(machine, {});
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "small: launch_overlap_us exceeds launch_us; it is a part of it");
  }
}

TEST(Reference, EnergyIsEventsPlusIdlePowerUnderTheCap) {
  const OperatorWork add = works::elementwise("add", 1 << 20, {1, 0, 0}, 2);
  ReferenceConfig machine = smallMachine();
  const double bytes = 3.0 * 4 * (1 << 20);
  const double events = ((1 << 20) * 3.0 + bytes * 1 + bytes * 100) * 1e-12;
  const auto energy = [&] { return costReference(machine, {add}, DataType::Float32).energyJ; };
  EXPECT_THAT(energy(), DoubleNear(events, 1e-12));
  machine.idleW = 2;
  EXPECT_THAT(energy(), DoubleNear(events + 2 * seconds(machine, {add}), 1e-12));
  machine.busyW = 2.1;
  EXPECT_THAT(energy(), DoubleNear(2.1 * seconds(machine, {add}), 1e-12));
}

TEST(Reference, MacsCostTheirFormatsEnergy) {
  const OperatorWork product = works::matmul(64, 64, 64);
  ReferenceConfig machine = smallMachine();
  machine.memoryPjPerByte = machine.caches[0].pjPerByte = 0;
  EXPECT_THAT(costReference(machine, {product}, DataType::Float32).energyJ,
              DoubleNear(2e-12 * 64 * 64 * 64, 1e-15));
}

TEST(ReferencePrecision, WidensWhatTheMachineLacks) {
  const ReferenceConfig haswell = loadReference("cpu_haswell");
  const ReferenceConfig a15 = loadReference("cpu_a15");
  const ReferenceConfig a100 = loadReference("gpu_a100");
  EXPECT_EQ(precisionUsed(haswell, DataType::Int8), DataType::Int8);
  EXPECT_EQ(precisionUsed(haswell, DataType::Float16), DataType::Float32);
  EXPECT_EQ(precisionUsed(haswell, DataType::Int16), DataType::Float32);
  EXPECT_EQ(precisionUsed(a15, DataType::Int8), DataType::Float16);
  EXPECT_EQ(precisionUsed(a15, DataType::BFloat16), DataType::Float32);
  EXPECT_EQ(precisionUsed(a100, DataType::BFloat16), DataType::BFloat16);
}

TEST(ReferencePrecision, ResultNamesTheFormatAndUsesItsBytes) {
  const OperatorWork add = works::elementwise("add", 1 << 26, {1, 0, 0}, 1);
  const ReferenceCost cost = costReference(loadReference("cpu_haswell"), {add}, DataType::Float16);
  EXPECT_EQ(cost.precision, DataType::Float32);
  EXPECT_EQ(cost.dramBytes, 2LL * 4 << 26);
}

TEST(ReferencePrecision, AMachineWithoutAWiderFormatIsRefused) {
  ReferenceConfig machine = smallMachine();
  machine.macsPerCyclePerCore = {{DataType::Int8, 1}};
  try {
    precisionUsed(machine, DataType::Float16);
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("offers neither fp16 nor a wider format"));
  }
}

/// Traffic of random products and convolutions on random two-level machines.
class RandomTraffic : public testing::TestWithParam<unsigned> {
 protected:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    const double exponent = std::uniform_real_distribution<double>(
        std::log2(static_cast<double>(low)), std::log2(static_cast<double>(high)))(random_);
    return static_cast<std::int64_t>(std::exp2(exponent));
  }
  ReferenceConfig machine() {
    ReferenceConfig machine = smallMachine();
    const std::int64_t copies = pick(1, 64);
    machine.caches = {{"L1", copies * pick(1 << 12, 1 << 18), copies, 64, 1},
                      {"L2", pick(1 << 24, 1 << 27), 1, 32, 1}};
    return machine;
  }
  std::mt19937 random_{GetParam()};
};

TEST_P(RandomTraffic, LiesBetweenCompulsoryAndNoReuse) {
  const ReferenceConfig small = machine();
  const OperatorWork work =
      works::activationMatmul(pick(1, 8), pick(1, 3000), pick(1, 3000), pick(1, 3000));
  const MatrixBlocking blocking = blockMatrix(small, work, DataType::Float32);
  const NetworkFootprint full{1e12, 0};
  const std::vector<double> traffic =
      trafficByLevel(small, work, DataType::Float32, blocking, full);
  const OperatorBytes bytes = operatorBytes(work, DataType::Float32);
  const double noReuse = 2.0 * 4 * static_cast<double>(work.macs) + bytes.output;
  EXPECT_GE(traffic[0], bytes.total()) << "seed " << GetParam();
  EXPECT_LE(traffic[0], noReuse * (1 + 1e-12)) << "seed " << GetParam();
  for (std::size_t level = 1; level < traffic.size(); ++level) {
    EXPECT_LE(traffic[level], traffic[level - 1]) << "seed " << GetParam();
    const bool fits = bytes.total() <= static_cast<double>(small.caches[level - 1].capacityBytes);
    const double compulsory = fits ? 0 : bytes.total();
    EXPECT_GE(traffic[level] * (1 + 1e-12), compulsory) << "seed " << GetParam();
  }
}

TEST_P(RandomTraffic, ALargerCacheNeverMovesMore) {
  ReferenceConfig small = machine();
  const OperatorWork work = works::matmul(pick(1, 3000), pick(1, 3000), pick(1, 3000));
  const MatrixBlocking blocking = blockMatrix(small, work, DataType::Float32);
  const NetworkFootprint network = footprint({work}, DataType::Float32);
  const auto dram = [&] {
    return trafficByLevel(small, work, DataType::Float32, blocking, network).back();
  };
  const double before = dram();
  small.caches[1].capacityBytes *= 2;
  EXPECT_LE(dram(), before * (1 + 1e-12)) << "seed " << GetParam();
}

TEST_P(RandomTraffic, ProductMeetsTheClassicBlockedBound) {
  ReferenceConfig shared = smallMachine();
  shared.caches = {{"L1", pick(1 << 12, 1 << 14), 1, 64, 1}};
  const std::int64_t side = pick(400, 3000);
  const OperatorWork work = works::matmul(side, side, side);
  const double dram =
      trafficByLevel(shared, work, DataType::Float32, {8, 8, 1, 0}, {1e12, 0}).back();
  const double block = std::sqrt(static_cast<double>(shared.caches[0].capacityBytes) / 4 / 3);
  const auto n = static_cast<double>(side);
  EXPECT_NEAR(dram / (4 * (2 * n * n * n / block + n * n)), 1, 0.01) << "seed " << GetParam();
}

TEST_P(RandomTraffic, ParallelTimeIsNeverBelowPeakOrBandwidth) {
  const ReferenceConfig any = machine();
  const OperatorWork work = works::convolution(
      {pick(1, 4), pick(7, 60), pick(1, 128), pick(1, 128), 1 + 2 * pick(1, 3), 1, 1});
  const double time = seconds(any, {work});
  EXPECT_GE(time * (1 + 1e-12), static_cast<double>(work.macs) / (4 * 16) * 1e-9)
      << "seed " << GetParam();
  const ReferenceCost cost = costReference(any, {work}, DataType::Float32);
  EXPECT_GE(time * (1 + 1e-6), static_cast<double>(cost.dramBytes) / 10e9) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTraffic, testing::Range(1u, 101u));

std::int64_t totalMacs(const Works& works) {
  return std::accumulate(works.begin(), works.end(), std::int64_t{0},
                         [](std::int64_t sum, const OperatorWork& w) { return sum + w.macs; });
}

TEST(Works, NetworksHaveTheirKnownMacs) {
  EXPECT_EQ(totalMacs(works::resnet(50, 1, works::Style::Fused)), 4089184256);
  EXPECT_EQ(totalMacs(works::vgg(16, 1, works::Style::Fused)), 15470264320);
  EXPECT_EQ(totalMacs(works::mobilenetV2(224, 1, works::Style::Fused)), 300774272);
  EXPECT_NEAR(static_cast<double>(totalMacs(works::bert(works::kBertBase, 128, 1))), 22.3e9 / 2,
              0.05e9);
  const Works fused = works::resnet(50, 1, works::Style::Fused);
  EXPECT_EQ(fused.size(), 56u) << "53 convolutions, 2 pools, 1 product";
}

}  // namespace
}  // namespace npusim
