#include <gtest/gtest.h>

#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;

TEST(NpuTransfer, LongTransfersReachTheMemorysBandwidth) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("copy", 0);
  constexpr std::int64_t kBytes = 1 << 19;
  builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, kBytes));
  Npu npu(chip, builder.program(), false);
  const Npu::Prediction prediction = npu.predict();
  const double bytesPerCycle = kBytes / static_cast<double>(prediction.total.cycles);
  const double peak = chip.memories[0].peakBytesPerSecond() / 1e9;
  EXPECT_GT(bytesPerCycle, 0.9 * (1 - 448.0 / 6240) * peak);
  EXPECT_LT(bytesPerCycle, peak);
  EXPECT_NEAR(prediction.total.bandwidthUtilization, bytesPerCycle / peak, 1e-9);
}

TEST(NpuTransfer, TheDataPathBoundsATransfer) {
  ChipConfig chip = smallChip();
  chip.dma.widthBytes = 4;
  ProgramBuilder builder(chip);
  builder.layer("copy", 0);
  builder.add(Engine::Store, copy(kBuffer, 0, kBuffer, 1 << 18, 1 << 16));
  Npu npu(chip, builder.program(), false);
  EXPECT_EQ(npu.predict().total.cycles, chip.issueCycles + chip.dma.issueCycles + (1 << 16) / 4);
}

TEST(NpuTransfer, PartialBurstsMoveWhole) {
  const ChipConfig chip = smallChip();  // bursts of 64 bytes
  ProgramBuilder builder(chip);
  builder.layer("strided", 0);
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, 4);
  transfer.dims = {extent(100)};
  transfer.source.strides = {128};
  transfer.target.strides = {4};
  builder.add(Engine::LoadInputs, transfer);
  Npu npu(chip, builder.program(), false);
  const Counters counters = npu.predict().total.counters;
  EXPECT_EQ(counters.dramBytes.read, 100 * 64);
  EXPECT_EQ(counters.bufferBytes.write, 400);
}

TEST(NpuTransfer, MemoryToMemoryMovesThroughBothDirections) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("move", 0);
  isa::Program& program = builder.program();
  program.inputs = {port("x", kDram, 64, DataType::Float32, {20, 30})};
  program.outputs = {port("y", kDram, 1 << 16, DataType::Float32, {30, 20})};
  isa::Transfer transpose = copy(kDram, 64, kDram, 1 << 16, 4);
  transpose.dims = {extent(30), extent(20)};
  transpose.source.strides = {4, 120};
  transpose.target.strides = {80, 4};
  builder.add(Engine::Store, transpose);
  Npu npu(chip, program, true);
  const Tensor x = randomFloats({20, 30}, 4);
  npu.setInput("x", x);
  npu.predict();
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < 600; ++i) ASSERT_EQ(y.at(i), x.at(i % 20 * 30 + i / 20));
}

}  // namespace
}  // namespace npusim
