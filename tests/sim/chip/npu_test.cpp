#include "sim/chip/npu.h"

#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Npu, TiledProductComputesItsValues) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  const Outcome outcome = runTiled(chip, program);
  expectSame(outcome.y, outcome.expected);
  EXPECT_EQ(outcome.prediction.total.macs, 120 * 33 * 20);
  EXPECT_EQ(outcome.prediction.layers[0].cycles, outcome.prediction.total.cycles);
  // Every tile's transfer moves whole bursts of 64 bytes.
  const auto bursts = [](std::int64_t first, std::int64_t bytes) {
    return ((first + bytes + 63) / 64 - first / 64) * 64;
  };
  constexpr std::int64_t kTileA = 24 * 33 * 4, kW = 33 * 20 * 4, kTileY = 24 * 20 * 4;
  std::int64_t read = bursts(5 * kTileA, kW), written = 0;
  for (std::int64_t tile = 0; tile < 5; ++tile) {
    read += bursts(tile * kTileA, kTileA);
    written += bursts(5 * kTileA + kW + tile * kTileY, kTileY);
  }
  EXPECT_EQ(outcome.prediction.total.counters.dramBytes.read, read);
  EXPECT_EQ(outcome.prediction.total.counters.dramBytes.write, written);
}

TEST(Npu, PredictionsRepeatInTheSteadyState) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 20, 24, 20, 33);
  const Tensor a = randomFloats({480, 33}, 1), w = randomFloats({33, 20}, 2);
  setWeights(program, w);
  Npu npu(chip, program, true);
  npu.load();
  npu.setInput("a", a);
  const Npu::Prediction first = npu.predict();
  const Npu::Prediction second = npu.predict();
  const Npu::Prediction third = npu.predict();
  EXPECT_EQ(second.total.cycles, third.total.cycles);
  EXPECT_EQ(third.total.firstCallCycles, first.total.cycles);
  EXPECT_EQ(second.total.counters.dramBytes.read, first.total.counters.dramBytes.read);
  expectSame(npu.output("y"), naiveProduct(a, w));
}

/// Two machines do not fit in a process, so the next two tests meet in this figure.
constexpr std::int64_t kTwelveTiles = 6089;

TEST(Npu, ValuesOffTakesTheSameCycles) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 12, 24, 20, 33);
  program.values = false;
  Npu npu(chip, program, false);
  npu.load();
  const Npu::Prediction off = npu.predict();
  EXPECT_EQ(off.total.cycles, kTwelveTiles);
  EXPECT_EQ(off.total.counters.zeroOperandMacs, 0);
}

TEST(Npu, ValuesOnTakesTheSameCycles) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 12, 24, 20, 33);
  EXPECT_EQ(runTiled(chip, program).prediction.total.cycles, kTwelveTiles);
}

TEST(Npu, AMissingWaitGivesWrongValues) {
  ChipConfig chip = smallChip();
  chip.memories[0].timing.clockMhz = 200;
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.queue(Engine::Matrix)[2].waits.erase(program.queue(Engine::Matrix)[2].waits.begin());
  const Outcome outcome = runTiled(chip, program);
  EXPECT_FALSE(same(outcome.y, outcome.expected));
}

TEST(Npu, AMissingSignalIsANamedDeadlock) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.queue(Engine::LoadInputs)[1].signals.clear();
  try {
    runTiled(chip, program);
    FAIL() << "ran to its end";
  } catch (const CheckFailed& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("deadlock at cycle"),
                      HasSubstr("load_inputs waits at instruction 1 (layer 'product', loop pass 2) "
                                "for semaphore 'slot free'"),
                      HasSubstr("matrix waits at instruction 2 (layer 'product', loop pass 0) for "
                                "semaphore 'inputs loaded'"),
                      HasSubstr("store waits")));
  }
}

TEST(Npu, MacsOtherThanTheShapesAreOurBug) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.layers[0].macs += 1;
  try {
    runTiled(chip, program);
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("MACs of the shape of layer 'product'"));
  }
}

TEST(Npu, InputsMustFitTheirPort) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  setWeights(program, randomFloats({33, 20}, 2));
  Npu npu(chip, program, true);
  try {
    npu.setInput("a", randomFloats({3, 4}, 1));
    FAIL();
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "input 'a' is fp32 3x4; the network takes fp32 120x33");
  }
  EXPECT_THROW(npu.setInput("b", randomFloats({3, 4}, 1)), BadInput);
  EXPECT_THROW(npu.output("b"), BadInput);
}

TEST(Npu, LoadAndIoTakeTheHostLinksTime) {
  ChipConfig chip = smallChip();
  chip.host = {.bandwidthGbPerS = 4,
               .latencyUs = 2,
               .dispatchUs = 7,
               .loadSetupMs = 3,
               .loadMsPerMib = 8,
               .energyPjPerBit = 1};
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  setWeights(program, randomFloats({33, 20}, 2));
  Npu npu(chip, program, true);
  const LoadResult load = npu.load();
  EXPECT_NEAR(load.timeS, 2e-6 + 2640 / 4e9, 1e-12);
  EXPECT_EQ(load.cycles, 2660);
  EXPECT_NEAR(load.hostTimeS, 3e-3 + 8e-3 * 2640 / 1048576, 1e-12);
  const IoResult io = npu.io();
  EXPECT_EQ(io.bytes, 120 * 33 * 4 + 120 * 20 * 4);
  EXPECT_NEAR(io.timeS, 2 * 2e-6 + 7e-6 + static_cast<double>(io.bytes) / 4e9, 1e-12);
  EXPECT_NEAR(io.dispatchS, 7e-6, 1e-15);
}

TEST(Npu, TheProgramMustMatchTheChip) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  ChipConfig other = chip;
  other.buffers.push_back(chip.buffers[0]);
  EXPECT_THROW(Npu(other, program, false), BadInput);
  ChipConfig many = chip;
  many.cores = 4;
  EXPECT_THROW(Npu(many, program, false), BadInput);
}

}  // namespace
}  // namespace npusim
