#include "sim/chip/steady_passes.h"

#include <gtest/gtest.h>

#include "sim/chip/npu.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using isa::EndLoop;
using isa::Engine;
using isa::Loop;

constexpr std::int64_t kBytes = 1 << 16;  // a pass takes 20 k cycles: 5 refreshes
constexpr std::int64_t kBurst = 64;
constexpr PassLimit kFour{PassLimit::Kind::AtMost, 4};

isa::Transfer load(std::int64_t bytes, std::int64_t stride) {
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, bytes);
  transfer.source.address.terms = {{.depth = 0, .stride = stride}};
  return transfer;
}

/// A layer, then two in a loop, then one more, all of loads.
isa::Program program(std::int64_t passes, std::int64_t stride) {
  ProgramBuilder builder(smallChip());
  builder.layer("head", 0);
  builder.add(Engine::LoadInputs, load(kBytes, 0));
  builder.layer("block.one", 0);
  builder.add(Engine::LoadInputs, Loop{passes});
  builder.add(Engine::LoadInputs, load(kBytes, stride));
  builder.layer("block.two", 0);
  builder.add(Engine::LoadInputs, load(3 * kBytes, stride));
  builder.add(Engine::LoadInputs, EndLoop{});
  builder.layer("tail", 0);
  builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, kBytes));
  return builder.program();
}

Npu::Prediction predict(const isa::Program& program, const PassLimit& limit, int calls = 1) {
  Npu npu(smallChip(), program, false, Fidelity::Tile, limit);
  npu.load();
  Npu::Prediction prediction;
  for (int call = 0; call < calls; ++call) prediction = npu.predict();
  return prediction;
}

void expectWhole(const Npu::Prediction& prediction, std::int64_t passes) {
  EXPECT_EQ(prediction.layers[0].counters.dramBytes.read, kBytes);
  EXPECT_EQ(prediction.layers[1].counters.dramBytes.read, passes * kBytes);
  EXPECT_EQ(prediction.layers[2].counters.dramBytes.read, 3 * passes * kBytes);
  EXPECT_EQ(prediction.layers[3].counters.dramBytes.read, kBytes);
  const DramCounts& memory = prediction.total.counters.memories.at(0);
  EXPECT_EQ(memory.bytes, (4 * passes + 2) * kBytes);
  EXPECT_EQ(memory.reads * kBurst, memory.bytes);
  EXPECT_EQ(prediction.layers[3].endCycle, prediction.total.cycles);
  EXPECT_GE(prediction.layers[3].startCycle, prediction.layers[1].endCycle);
}

TEST(SteadyPasses, BytesAreThoseOfAllPassesAndLaterLayersComeLater) {
  constexpr std::int64_t kPasses = 1000;
  const Npu::Prediction prediction = predict(program(kPasses, 4 * kBytes), kFour);
  expectWhole(prediction, kPasses);
  const PredictResult& total = prediction.total;
  ASSERT_EQ(total.shortenedLoops.size(), 1U);
  EXPECT_EQ(total.shortenedLoops[0].name, "block");
  EXPECT_EQ(total.shortenedLoops[0].passes, kPasses);
  EXPECT_LE(total.shortenedLoops[0].simulatedPasses, 6);
  EXPECT_GT(total.leftOutCycles, total.cycles * 9 / 10);
  // 12.8 bytes a cycle at the peak of the memory, and never above it
  const auto least = static_cast<double>(4 * kPasses * kBytes) / 12.8;
  EXPECT_GT(static_cast<double>(total.cycles), least);
  EXPECT_LT(static_cast<double>(total.cycles), 1.3 * least);
  const std::int64_t refreshes = total.counters.refreshes;
  EXPECT_NEAR(static_cast<double>(refreshes), static_cast<double>(total.cycles) / 3900,
              0.3 * static_cast<double>(refreshes));
}

TEST(SteadyPasses, AllPassesRunUnlessTheyAreLimited) {
  const Npu::Prediction prediction = predict(program(40, 4 * kBytes), {});
  expectWhole(prediction, 40);
  EXPECT_TRUE(prediction.total.shortenedLoops.empty());
  EXPECT_EQ(prediction.total.leftOutCycles, 0);
}

TEST(SteadyPasses, AutoLeavesSmallLoopsWhole) {
  const Npu::Prediction prediction = predict(program(40, 4 * kBytes), {PassLimit::Kind::Auto});
  expectWhole(prediction, 40);
  EXPECT_TRUE(prediction.total.shortenedLoops.empty());
}

TEST(SteadyPasses, EveryPredictionIsShortened) {
  const Npu::Prediction prediction = predict(program(100, 4 * kBytes), kFour, 3);
  expectWhole(prediction, 100);
  EXPECT_EQ(prediction.total.shortenedLoops.size(), 1U);
}

/// A stride of half a burst: bytes differ from pass to pass, and two of them are compared.
TEST(SteadyPasses, PassesThatMeetBurstsInTurnsAreTakenTogether) {
  const Npu::Prediction prediction = predict(program(60, 4 * kBytes + kBurst / 2), kFour);
  ASSERT_EQ(prediction.total.shortenedLoops.size(), 1U);
  EXPECT_EQ(prediction.total.shortenedLoops[0].simulatedPasses % 2, 0);
  EXPECT_EQ(prediction.layers[1].counters.dramBytes.read, 60 * kBytes + 30 * kBurst);
}

TEST(SteadyPasses, ValuesNeedAllPasses) {
  EXPECT_THROW(Npu(smallChip(), program(4, kBytes), true, Fidelity::Tile, kFour), std::exception);
}

}  // namespace
}  // namespace npusim
