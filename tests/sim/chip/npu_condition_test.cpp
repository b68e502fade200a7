#include <gtest/gtest.h>

#include "sim/chip/npu.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using isa::Engine;

constexpr std::int64_t kBytes = 1 << 12;

/// Copies under a condition that lies in `storage`, its value an input.
isa::Program copyIf(const ChipConfig& chip, isa::StorageId storage, bool inverted) {
  ProgramBuilder builder(chip);
  builder.layer("before", 0);
  builder.add(Engine::LoadInputs, copy(kBuffer, 0, kBuffer, 64, 4));
  builder.layer("branch", 0);
  isa::Loop loop{2, isa::Condition{access(storage, 128, {}, DataType::Bool), inverted}};
  builder.add(Engine::LoadInputs, loop);
  builder.add(Engine::LoadInputs, copy(kDram, 1024, kBuffer, 1024, kBytes));
  builder.add(Engine::LoadInputs, isa::EndLoop{});
  builder.program().inputs = {port("flag", storage, 128, DataType::Bool, {1})};
  return builder.program();
}

Npu::Prediction predictWith(const isa::Program& program, double flag, bool values = true) {
  Npu npu(smallChip(), program, values);
  npu.load();
  if (values) {
    Tensor tensor(DataType::Bool, {1});
    tensor.set(0, flag);
    npu.setInput("flag", tensor);
  }
  return npu.predict();
}

TEST(NpuCondition, ABranchThatIsTakenRunsAllItsPasses) {
  const Npu::Prediction taken = predictWith(copyIf(smallChip(), kBuffer, false), 1);
  EXPECT_EQ(taken.total.counters.dramBytes.read, 2 * kBytes);
  EXPECT_GT(taken.layers[1].cycles, 0);
}

TEST(NpuCondition, ABranchThatIsNotTakenCostsNothing) {
  const Npu::Prediction skipped = predictWith(copyIf(smallChip(), kBuffer, false), 0);
  EXPECT_EQ(skipped.total.counters.dramBytes.read, 0);
  EXPECT_EQ(skipped.layers[1].cycles, 0);
  EXPECT_EQ(skipped.layers[0].cycles, skipped.total.cycles);
}

TEST(NpuCondition, InvertedRunsWhereTheByteIsZero) {
  const Npu::Prediction taken = predictWith(copyIf(smallChip(), kBuffer, true), 0);
  EXPECT_EQ(taken.total.counters.dramBytes.read, 2 * kBytes);
}

TEST(NpuCondition, ReadingItTakesAnIssueAndACycleOnChip) {
  const ChipConfig chip = smallChip();
  const Npu::Prediction skipped = predictWith(copyIf(chip, kBuffer, false), 0);
  const std::int64_t before = chip.issueCycles + chip.dma.issueCycles + 1;
  EXPECT_EQ(skipped.total.cycles, before + chip.issueCycles + 1);
  EXPECT_EQ(skipped.total.counters.bufferBytes.read, 4 + 1);
}

TEST(NpuCondition, ReadingItFromMemoryTakesABurst) {
  const Npu::Prediction skipped = predictWith(copyIf(smallChip(), kDram, false), 0);
  EXPECT_EQ(skipped.total.counters.dramBytes.read, 64);
  EXPECT_GT(skipped.total.cycles, 40);
}

TEST(NpuCondition, WithoutValuesItIsTrue) {
  const isa::Program program = copyIf(smallChip(), kBuffer, false);
  EXPECT_EQ(predictWith(program, 0, false).total.counters.dramBytes.read, 2 * kBytes);
}

}  // namespace
}  // namespace npusim
