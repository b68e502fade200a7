#include "sim/chip/charges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sim/chip/npu.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using isa::EndLoop;
using isa::Engine;
using isa::Loop;

constexpr std::int64_t kBytes = 1 << 12;

isa::Transfer load(std::int64_t bytes) { return copy(kDram, 0, kBuffer, 0, bytes); }

Npu::Prediction predict(const isa::Program& program) {
  Npu npu(smallChip(), program, false);
  npu.load();
  return npu.predict();
}

std::int64_t sumOfCycles(const Npu::Prediction& prediction) {
  std::int64_t cycles = 0;
  for (const LayerResult& layer : prediction.layers) cycles += layer.cycles;
  return cycles;
}

/// A loop in which one layer loads `first` bytes and then another `second`.
isa::Program twoInALoop(std::int64_t passes, std::int64_t first, std::int64_t second) {
  ProgramBuilder builder(smallChip());
  builder.layer("first", 0);
  builder.add(Engine::LoadInputs, Loop{passes});
  builder.add(Engine::LoadInputs, load(first));
  builder.layer("second", 0);
  builder.add(Engine::LoadInputs, load(second));
  builder.add(Engine::LoadInputs, EndLoop{});
  return builder.program();
}

TEST(Charges, LayersOfALoopThatTakeTheSameShareItsCycles) {
  const Npu::Prediction even = predict(twoInALoop(10, kBytes, kBytes));
  EXPECT_EQ(sumOfCycles(even), even.total.cycles);
  const auto half = static_cast<double>(even.total.cycles) / 2;
  EXPECT_NEAR(static_cast<double>(even.layers[0].cycles), half, 0.1 * half);
}

TEST(Charges, OfALoopEachLayerHasWhatItTakes) {
  const Npu::Prediction uneven = predict(twoInALoop(10, kBytes, 9 * kBytes));
  EXPECT_EQ(sumOfCycles(uneven), uneven.total.cycles);
  const auto all = static_cast<double>(uneven.total.cycles);
  EXPECT_NEAR(static_cast<double>(uneven.layers[1].cycles), 0.9 * all, 0.05 * all);
  EXPECT_EQ(uneven.layers[1].boundBy, "dram");
}

TEST(Charges, WaitsOfALoopGoToTheLayerThatIsWaitedFor) {
  const Npu::Prediction prediction = predict(twoInALoop(10, kBytes, 9 * kBytes));
  for (const LayerResult& layer : prediction.layers) {
    EXPECT_GT(layer.stalls.dram, layer.cycles / 2) << layer.name;
    EXPECT_LE(layer.stalls.dram, layer.cycles) << layer.name;
  }
  EXPECT_EQ(prediction.layers[0].stalls.dram + prediction.layers[1].stalls.dram,
            prediction.total.stalls.dram);
}

TEST(Charges, LayersOfALoopBeginInItsFirstPassAndEndInItsLast) {
  const Npu::Prediction prediction = predict(twoInALoop(4, kBytes, kBytes));
  const LayerResult& first = prediction.layers[0];
  const LayerResult& second = prediction.layers[1];
  EXPECT_EQ(first.startCycle, 0);
  EXPECT_LT(second.startCycle, prediction.total.cycles / 3);
  EXPECT_GT(first.endCycle, prediction.total.cycles / 2);
  EXPECT_EQ(second.endCycle, prediction.total.cycles);
}

/// The second layer's loads run ahead of the first one's passes in a queue of their own.
TEST(Charges, WhatRunsAheadInALoopIsNotCharged) {
  ProgramBuilder builder(smallChip());
  const isa::SemaphoreId meets = builder.semaphore("meets");
  builder.layer("slow", 0);
  builder.add(Engine::LoadInputs, Loop{8});
  builder.add(Engine::LoadInputs, load(4 * kBytes), {}, {meets});
  builder.add(Engine::LoadInputs, EndLoop{});
  builder.layer("quick", 0);
  builder.add(Engine::LoadWeights, Loop{8});
  builder.add(Engine::LoadWeights, load(64));
  builder.add(Engine::LoadWeights, isa::Sync{}, {meets});
  builder.add(Engine::LoadWeights, EndLoop{});
  const Npu::Prediction prediction = predict(builder.program());
  EXPECT_EQ(sumOfCycles(prediction), prediction.total.cycles);
  EXPECT_GT(prediction.layers[0].cycles, prediction.total.cycles * 9 / 10);
  EXPECT_GT(prediction.layers[1].cycles, 0);
}

/// Queues of loads by several layers; in no loop, or each layer in one of its own.
isa::Program withoutSharedLoops(unsigned seed) {
  std::mt19937 random(seed);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  ProgramBuilder builder(smallChip());
  for (int layer = draw(2, 6); layer > 0; --layer) {
    builder.layer("layer" + std::to_string(layer), 0);
    for (const Engine engine : {Engine::LoadWeights, Engine::LoadInputs, Engine::Store}) {
      const bool loop = draw(0, 1) == 1;
      if (loop) builder.add(engine, Loop{draw(1, 4)});
      for (int count = draw(0, 2); count > 0; --count) builder.add(engine, load(64 * draw(1, 40)));
      if (loop) builder.add(engine, EndLoop{});
    }
  }
  return builder.program();
}

/// A test each: SystemC elaborates once a process.
class ChargesWithoutSharedLoops : public ::testing::TestWithParam<unsigned> {};

TEST_P(ChargesWithoutSharedLoops, AreTheCyclesUpToALayersEndFromThatOfThoseBefore) {
  const Npu::Prediction prediction = predict(withoutSharedLoops(GetParam()));
  std::int64_t finished = 0;
  for (const LayerResult& layer : prediction.layers) {
    const std::int64_t until = std::max(finished, layer.endCycle);
    EXPECT_EQ(layer.cycles, until - finished) << "seed " << GetParam() << ", " << layer.name;
    finished = until;
  }
  EXPECT_EQ(finished, prediction.total.cycles) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChargesWithoutSharedLoops, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace npusim
