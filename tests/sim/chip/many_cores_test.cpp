#include <gmock/gmock.h>

#include "sim/chip/npu.h"
#include "sim/core/error.h"
#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

ChipConfig chipOf(std::int64_t cores) {
  ChipConfig chip = smallChip();
  chip.cores = cores;
  chip.network.syncCycles = 10;
  return chip;
}

class ManyCores : public ::testing::TestWithParam<int> {};

TEST_P(ManyCores, ComputeTheValuesOfOne) {
  const ChipConfig chip = chipOf(GetParam());
  isa::Program program = tiledProduct(chip, 3, 24, 20, 33);
  const Outcome outcome = runTiled(chip, program);
  expectSame(outcome.y, outcome.expected);
  EXPECT_EQ(outcome.prediction.total.macs, GetParam() * 3 * 24 * 20 * 33);
  EXPECT_EQ(outcome.prediction.layers[0].endCycle, outcome.prediction.total.cycles);
}

INSTANTIATE_TEST_SUITE_P(Counts, ManyCores, ::testing::Values(2, 4, 64));

class TwoCoresAt : public ::testing::TestWithParam<Fidelity> {};

/// All cores compute with one model of the array.
TEST_P(TwoCoresAt, ComputeTheValuesOfOne) {
  const ChipConfig chip = chipOf(2);
  isa::Program program = tiledProduct(chip, 3, 24, 20, 33);
  const Tensor a = randomFloats({2 * 3 * 24, 33}, 1), w = randomFloats({33, 20}, 2);
  setWeights(program, w);
  Npu npu(chip, program, true, GetParam());
  npu.load();
  npu.setInput("a", a);
  const Npu::Prediction prediction = npu.predict();
  expectSame(npu.output("y"), naiveProduct(a, w));
  EXPECT_EQ(prediction.total.macs, 2 * 3 * 24 * 20 * 33);
}

INSTANTIATE_TEST_SUITE_P(Fidelities, TwoCoresAt,
                         ::testing::Values(Fidelity::Tile, Fidelity::Pe, Fidelity::Module),
                         [](const auto& of) { return std::string(name(of.param)); });

/// Adds to so many floats of the buffer.
isa::VectorPass passOver(std::int64_t elements) {
  isa::VectorPass pass;
  pass.dims = {extent(elements)};
  pass.operands = {{access(kBuffer, 0, {4}, DataType::Float32), {}}};
  pass.post = {{.op = ElementOp::Add, .alpha = 1}};
  pass.out = {access(kBuffer, 0, {4}, DataType::Float32), {}};
  return pass;
}

constexpr std::int64_t kLanes = 32;  // one addition each a cycle

Npu::Prediction predict(const ChipConfig& chip, const isa::Program& program) {
  Npu npu(chip, program, false);
  npu.load();
  return npu.predict();
}

/// Core 1 adds for 1000 cycles, the others for 100; then all go on.
isa::Program unevenWork(const ChipConfig& chip) {
  ProgramBuilder builder(chip);
  builder.layer("uneven", 0);
  const auto barrier = builder.semaphore("all done", 0, isa::CoreRange{});
  builder.add(Engine::Vector, passOver(kLanes * 100), {}, {barrier}, {0, 1});
  builder.add(Engine::Vector, passOver(kLanes * 1000), {}, {barrier}, {1, 1});
  builder.add(Engine::Vector, passOver(kLanes * 100), {}, {barrier}, {2, 2});
  builder.add(Engine::Matrix, isa::Sync{}, {barrier});
  return std::move(builder.program());
}

TEST(ManyCoresTime, AllWaitForTheLastAndTheNews) {
  const ChipConfig chip = chipOf(4);
  const isa::Program program = unevenWork(chip);
  const Npu::Prediction prediction = predict(chip, program);
  // Issue, 1000 cycles of all lanes, the news, issue of what waits.
  EXPECT_EQ(prediction.total.cycles, 1 + 1000 + 10 + 1);
  EXPECT_EQ(prediction.total.stalls.dependency, 1 + 1000 + 1) << "every core waits for core 1";
  EXPECT_EQ(prediction.total.stalls.network, 10);
  EXPECT_EQ(prediction.layers[0].boundBy, "vector");
  EXPECT_EQ(prediction.total.counters.vectorSimpleOps, kLanes * 1300);
}

TEST(ManyCoresTime, WithIdealMemoryTheNewsIsThereAtOnce) {
  ChipConfig chip = chipOf(4);
  chip.idealMemory = true;
  const isa::Program program = unevenWork(chip);
  EXPECT_EQ(predict(chip, program).total.cycles, 0) << "vector passes take no time either";
}

/// Two groups of cores work on one layer each, one after another and then at once.
TEST(ManyCoresTime, GroupsOfCoresWorkOnTheirOwnLayers) {
  const ChipConfig chip = chipOf(4);
  ProgramBuilder builder(chip);
  const auto handed = builder.semaphore("handed on", 0, isa::CoreRange{0, 2});
  builder.layer("first", 0);
  builder.add(Engine::Vector, isa::Loop{3}, {}, {}, {0, 2});
  builder.add(Engine::Vector, passOver(kLanes * 100), {}, {handed}, {0, 2});
  builder.add(Engine::Vector, isa::EndLoop{}, {}, {}, {0, 2});
  builder.layer("second", 0);
  builder.add(Engine::Vector, isa::Loop{3}, {}, {}, {2, 2});
  builder.add(Engine::Vector, passOver(kLanes * 50), {handed}, {}, {2, 2});
  builder.add(Engine::Vector, isa::EndLoop{}, {}, {}, {2, 2});
  const Npu::Prediction prediction = predict(chip, builder.program());
  EXPECT_EQ(prediction.layers[0].endCycle, 3 * 101);
  EXPECT_EQ(prediction.layers[1].startCycle, 101 + 10);
  EXPECT_EQ(prediction.total.cycles, 3 * 101 + 10 + 51);
  EXPECT_EQ(prediction.layers[0].cycles, 303);
  EXPECT_EQ(prediction.layers[1].cycles, 61) << "what its end lies behind the first one's";
}

/// One core of very many has the work.
TEST(ManyCoresTime, IdleCoresChangeNothing) {
  const ChipConfig chip = chipOf(1472);
  ProgramBuilder builder(chip);
  builder.layer("alone", 24 * 20 * 33);
  const auto ready = builder.semaphore("ready");
  const isa::CoreRange alone{700, 1};
  builder.add(Engine::Vector, passOver(kLanes * 100), {}, {ready}, alone);
  builder.add(Engine::Matrix, product(24, 20, 33, kA, kB, kC, DataType::Float32, DataType::Float32),
              {ready}, {}, alone);
  const Npu::Prediction prediction = predict(chip, builder.program());
  EXPECT_EQ(prediction.total.counters.vectorSimpleOps, kLanes * 100);
  constexpr std::int64_t kDrain = 14;  // of 8x8, with nothing else to wait for
  EXPECT_EQ(prediction.total.busiestCoreCycles, prediction.total.cycles - 101 - 1 - kDrain);
  EXPECT_EQ(prediction.total.idlestCoreCycles, 0);
  const double peak = 1472.0 * 64 * static_cast<double>(prediction.total.cycles);
  EXPECT_NEAR(prediction.total.utilization, 24 * 20 * 33 / peak, 1e-12);
}

TEST(ManyCoresTime, PredictionsRepeat) {
  const ChipConfig chip = chipOf(4);
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  const auto barrier = [&](Engine engine) {
    program.queue(engine).push_back({isa::Sync{}, 0, {}, {}, {}});
    return &program.queue(engine).back();
  };
  program.semaphores.push_back({"stored", 0, isa::CoreRange{}});
  const auto stored = static_cast<isa::SemaphoreId>(program.semaphores.size() - 1);
  barrier(Engine::Store)->signals = {stored};
  barrier(Engine::Matrix)->waits = {stored};
  Npu npu(chip, program, false);
  npu.load();
  npu.predict();
  const Npu::Prediction second = npu.predict();
  const Npu::Prediction third = npu.predict();
  EXPECT_EQ(second.total.cycles, third.total.cycles);
  EXPECT_EQ(second.total.stalls.network, third.total.stalls.network);
  EXPECT_GE(second.total.stalls.network, 10);
}

TEST(ManyCoresErrors, ADeadlockNamesCoresAndSemaphore) {
  const ChipConfig chip = chipOf(4);
  ProgramBuilder builder(chip);
  builder.layer("layer", 0);
  const auto met = builder.semaphore("met", 0, isa::CoreRange{});
  builder.add(Engine::Vector, isa::Sync{}, {}, {met}, {0, 3});
  builder.add(Engine::Matrix, isa::Sync{}, {met}, {}, {2, 2});
  try {
    predict(chip, builder.program());
    FAIL() << "ran to its end";
  } catch (const CheckFailed& error) {
    EXPECT_STREQ(error.what(),
                 "deadlock at cycle 1: core 2: matrix waits at instruction 0 (layer 'layer') for "
                 "semaphore 'met'; core 3: matrix waits at instruction 0 (layer 'layer') for "
                 "semaphore 'met'");
  }
}

TEST(ManyCoresErrors, ADeadlockOfVeryManyNamesSome) {
  const ChipConfig chip = chipOf(64);
  ProgramBuilder builder(chip);
  builder.layer("layer", 0);
  builder.add(Engine::Matrix, isa::Sync{}, {builder.semaphore("never")});
  try {
    predict(chip, builder.program());
    FAIL() << "ran to its end";
  } catch (const CheckFailed& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("core 0: matrix waits"), HasSubstr("core 11: matrix waits"),
                      HasSubstr("; and 52 more")));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("core 12:")));
  }
}

TEST(ManyCoresErrors, AProgramIsForACertainNumberOfCores) {
  const isa::Program program = tiledProduct(chipOf(4), 5, 24, 20, 33);
  try {
    Npu(chipOf(8), program, false);
    FAIL();
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "the program is for 4 cores, chip 'small' has 8; compile it for this chip");
  }
}

}  // namespace
}  // namespace npusim
