#include <gtest/gtest.h>

#include "sim/laws/array_law.h"
#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;

TEST(NpuTime, OverlappedTilesTakeTheLawsCycles) {
  ChipConfig chip = smallChip();
  chip.idealMemory = true;
  isa::Program program = tiledProduct(chip, 9, 40, 16, 24);
  const Outcome outcome = runTiled(chip, program);
  // 3 x 2 folds of 40 rows a tile; prologues and drains hide but for the first and the last.
  const ArrayTiming tile =
      arrayTiming(chip.array, DataType::Float32, MatrixShape::product(40, 16, 24));
  EXPECT_EQ(tile.stream, 6 * 40);
  EXPECT_EQ(outcome.prediction.total.cycles, tile.prologue + 9 * tile.stream + tile.drain + 8 * 0);
  expectSame(outcome.y, outcome.expected);
}

TEST(NpuTime, IdealMemoryLeavesOnlyTheArraysCyclesInBothConventions) {
  ChipConfig chip = smallChip();
  chip.idealMemory = true;
  chip.array.convention = Convention::ScaleSim;
  isa::Program program = tiledProduct(chip, 1, 37, 19, 23);
  const Outcome outcome = runTiled(chip, program);
  EXPECT_EQ(outcome.prediction.total.cycles, 3 * 3 * (37 + 2 * 8 + 8 - 2) - 1);
  EXPECT_EQ(outcome.prediction.total.stalls.dram, 0);
}

TEST(NpuTime, TheArraysTimeIsFullyAccountedFor) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const PredictResult total = runTiled(chip, program).prediction.total;
  const Loss& loss = total.loss;
  EXPECT_NEAR(total.utilization + loss.edge + loss.fillDrain + loss.dram + loss.buffer +
                  loss.dependency + loss.network + loss.overhead,
              1, 1e-12);
  EXPECT_NEAR(total.utilization,
              static_cast<double>(total.macs) / (64.0 * static_cast<double>(total.cycles)), 1e-12);
  EXPECT_DOUBLE_EQ(loss.dram,
                   static_cast<double>(total.stalls.dram) / static_cast<double>(total.cycles));
}

TEST(NpuTime, ASlowMemoryShowsAsDramStalls) {
  ChipConfig chip = smallChip();
  chip.memories[0].timing.clockMhz = 100;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.dram, 0.5);
  EXPECT_EQ(prediction.layers[0].boundBy, "dram");
}

TEST(NpuTime, ASlowVectorUnitShowsAsDependency) {
  ChipConfig chip = smallChip();
  chip.vector.lanes = 1;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 8);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.dependency, 0.3);
  EXPECT_EQ(prediction.layers[0].boundBy, "vector");
}

TEST(NpuTime, NarrowBuffersStretchTheStream) {
  ChipConfig chip = smallChip();
  chip.buffers[0].banks = 1;
  chip.buffers[0].widthBytes = 16;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.buffer, 0.3);
  EXPECT_EQ(prediction.layers[0].boundBy, "buffer");
}

/// Two layers in turn on different engines: cycles go to the oldest that is unfinished.
TEST(NpuTime, CyclesAreChargedToTheOldestUnfinishedLayer) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("first", 0);
  const auto moved = builder.semaphore("moved");
  builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, 1 << 16), {}, {moved});
  builder.layer("second", 0);
  builder.add(Engine::LoadWeights, copy(kDram, 1 << 20, kBuffer, 1 << 17, 4096));
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, 1 << 21, 1 << 14), {moved});
  Npu npu(chip, builder.program(), true);
  const Npu::Prediction prediction = npu.predict();
  const LayerResult &first = prediction.layers[0], &second = prediction.layers[1];
  EXPECT_EQ(first.startCycle, 0);
  EXPECT_EQ(first.cycles, first.endCycle);
  EXPECT_EQ(second.startCycle, 0);
  EXPECT_EQ(second.cycles, second.endCycle - first.endCycle);
  EXPECT_EQ(first.cycles + second.cycles, prediction.total.cycles);
  EXPECT_EQ(first.boundBy, "dram");
  EXPECT_EQ(first.stalls.dram + second.stalls.dram, prediction.total.stalls.dram);
}

TEST(NpuTime, WithoutInstructionsNothingTakesTime) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("nothing", 0);
  Npu npu(chip, builder.program(), true);
  const Npu::Prediction prediction = npu.predict();
  EXPECT_EQ(prediction.total.cycles, 0);
  EXPECT_EQ(prediction.total.utilization, 0);
}

}  // namespace
}  // namespace npusim
