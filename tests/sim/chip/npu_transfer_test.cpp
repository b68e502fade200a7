#include <gtest/gtest.h>

#include <numeric>

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

/// Rows of `rowBytes` bytes at the places that `indices` name in a table of 4,096 rows.
Counters gathered(std::int64_t rowBytes, const std::vector<std::int32_t>& indices) {
  const ChipConfig chip = smallChip();  // bursts of 64 bytes
  const auto rows = std::ssize(indices);
  ProgramBuilder builder(chip);
  builder.layer("gather", 0);
  isa::Program& program = builder.program();
  program.inputs = {port("indices", kBuffer, 0, DataType::Int32, {rows})};
  program.outputs = {port("table", kDram, 0, DataType::UInt8, {4096, rowBytes})};
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 1 << 16, rowBytes);
  transfer.dims = {extent(rows)};
  transfer.source.strides = {rowBytes};
  transfer.source.bounds = {{{}, {1}, 4096}};
  transfer.target.strides = {rowBytes};
  transfer.gatherDim = 0;
  transfer.gather = access(kBuffer, 0, {4}, DataType::Int32);
  builder.add(Engine::LoadInputs, transfer);
  Npu npu(chip, program, true);
  Tensor tensor(DataType::Int32, {rows});
  std::ranges::copy(indices, tensor.as<std::int32_t>().begin());
  npu.setInput("indices", tensor);
  return npu.predict().total.counters;
}

TEST(NpuTransfer, GatheredRowsCostTheBurstsThatTheyTouch) {
  const Counters counters = gathered(48, {0, 1, 100, 101, 101, 7});
  // Bytes 0 to 95 are bursts 0 and 1; 4,800 to 4,895 are 75 and 76, both again for the second row
  // 101; 336 to 383 is burst 5.
  EXPECT_EQ(counters.dramBytes.read, (2 + 2 + 2 + 1) * 64);
  EXPECT_EQ(counters.bufferBytes.read, 6 * 4) << "the indices";
}

TEST(NpuTransfer, NeighbouringRowsShareARowOfTheMemory) {
  std::vector<std::int32_t> together(64);
  std::iota(together.begin(), together.end(), 0);
  EXPECT_LE(gathered(1024, together).activates, 64 * 1024 / 2048 + 1);
}

TEST(NpuTransfer, ScatteredRowsOpenRowsOfTheMemory) {
  std::vector<std::int32_t> apart(64);
  for (int i = 0; i < 64; ++i) apart[static_cast<std::size_t>(i)] = i * 37 % 64 * 64;
  const Counters counters = gathered(1024, apart);
  EXPECT_EQ(counters.dramBytes.read, 64 * 1024);
  EXPECT_GE(counters.activates, 64) << "a row each";
}

/// Reads and writes as long as each other, on engines of their own.
std::int64_t cyclesOf(bool reads, bool writes) {
  const ChipConfig chip = smallChip();
  constexpr std::int64_t kBytes = 1 << 17;
  ProgramBuilder builder(chip);
  builder.layer("move", 0);
  if (reads) builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, kBytes));
  if (writes) builder.add(Engine::Store, copy(kBuffer, 1 << 18, kDram, 1 << 20, kBytes));
  Npu npu(chip, builder.program(), false);
  return npu.predict().total.cycles;
}

TEST(NpuTransfer, ReadsAndWritesShareTheBus) {
  const double atPeak = 2 * (1 << 17) / 12.8;
  EXPECT_GT(static_cast<double>(cyclesOf(true, true)), 1.02 * atPeak) << "and turn it round";
}

TEST(NpuTransfer, ReadsAloneTakeHalfOfIt) {
  const double atPeak = (1 << 17) / 12.8;
  const auto cycles = static_cast<double>(cyclesOf(true, false));
  EXPECT_GT(cycles, atPeak);
  EXPECT_LT(cycles, 1.2 * atPeak);
}

}  // namespace
}  // namespace npusim
