#include <gtest/gtest.h>

#include <cstring>

#include "sim/core/rounding.h"
#include "sim/memory/run_length.h"
#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;

constexpr std::int64_t kRows = 30, kWidth = 50;
constexpr std::int64_t kOut = 1 << 18;  ///< of the result in memory

/// fp16 numbers of which about a share is zero.
Tensor halves(double zeros, std::uint32_t seed) {
  Tensor tensor(DataType::Float16, {kRows, kWidth});
  std::mt19937 random(seed);
  std::bernoulli_distribution zero(zeros);
  std::uniform_real_distribution<double> values(1, 2);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, zero(random) ? 0 : values(random));
  return tensor;
}

/// Every second column of the tensor comes to the buffer, a stream, and goes back whole.
isa::Program thereAndBack(const ChipConfig& chip, bool coded) {
  ProgramBuilder builder(chip);
  builder.layer("move", 0);
  isa::Program& program = builder.program();
  program.inputs = {port("x", kDram, 64, DataType::Float16, {kRows, kWidth})};
  program.outputs = {port("y", kDram, kOut, DataType::Float16, {kRows, kWidth / 2})};
  isa::Transfer in = copy(kDram, 64, kBuffer, 0, 2);
  in.dims = {extent(kRows), extent(kWidth / 2)};
  in.source.strides = {kWidth * 2, 4};
  in.target.strides = {kWidth, 2};
  in.source.type = in.target.type = DataType::Float16;
  in.streamed = true;
  in.coded = coded;
  isa::Transfer out = copy(kBuffer, 0, kDram, kOut, kRows * kWidth);
  out.source.type = out.target.type = DataType::Float16;
  out.streamed = true;
  out.coded = coded;
  const isa::SemaphoreId there = builder.semaphore("there");
  builder.add(Engine::LoadInputs, in, {}, {there});
  builder.add(Engine::Store, out, {there}, {});
  return program;
}

/// What the machine moved for a tensor, after checking what arrived.
Counters moved(const Tensor& x, bool coded) {
  const ChipConfig chip = smallChip();
  const isa::Program program = thereAndBack(chip, coded);
  Npu npu(chip, program, true);
  npu.setInput("x", x);
  const Counters counters = npu.predict().total.counters;
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y.at(i), x.at(i / (kWidth / 2) * kWidth + i % (kWidth / 2) * 2)) << "element " << i;
  }
  return counters;
}

constexpr std::int64_t kBurst = 64;
constexpr std::int64_t kValueBytes = kRows * kWidth;  ///< of the half that moves

TEST(Stream, MovesNoGaps) {
  const Counters counters = moved(halves(0.5, 1), false);
  EXPECT_EQ(counters.dramBytes.read, roundUp(kValueBytes, kBurst));
  EXPECT_EQ(counters.dramBytes.write, roundUp(kValueBytes, kBurst));
}

TEST(Stream, CodedOnesMoveTheCodeOfTheirValues) {
  const Tensor x = halves(0.7, 7);
  std::vector<std::uint16_t> values;
  for (std::int64_t i = 0; i < x.size(); i += 2) {
    std::uint16_t value = 0;
    std::memcpy(&value, x.bytes().data() + 2 * i, 2);
    values.push_back(value);
  }
  const auto code = static_cast<std::int64_t>(run_length::encode(values).size()) * 8;
  ASSERT_LT(code, kValueBytes / 2);
  const Counters counters = moved(x, true);
  EXPECT_EQ(counters.dramBytes.read, roundUp(code, kBurst));
  EXPECT_EQ(counters.dramBytes.write, roundUp(code, kBurst));
  EXPECT_EQ(counters.bufferBytes.write, kValueBytes);
  EXPECT_EQ(counters.bufferBytes.read, kValueBytes);
}

TEST(Stream, CodedOnesWithoutZerosCostTheCodesOverhead) {
  const std::int64_t most = run_length::longestBytes(kValueBytes / 2);
  EXPECT_EQ(moved(halves(0, 3), true).dramBytes.read, roundUp(most, kBurst));
}

TEST(Stream, WithoutValuesCountsThemAsTheyAre) {
  const ChipConfig chip = smallChip();
  const isa::Program program = thereAndBack(chip, true);
  Npu npu(chip, program, false);
  EXPECT_EQ(npu.predict().total.counters.dramBytes.read, roundUp(kValueBytes, kBurst));
}

TEST(Stream, OneAtTheMemorysEndStaysInside) {
  ChipConfig chip = smallChip();
  isa::Program program = thereAndBack(chip, true);
  const std::int64_t last = chip.memories[0].capacityBytes - kValueBytes;
  program.outputs[0].address = last;
  std::get<isa::Transfer>(program.queue(Engine::Store)[0].body).target.address.base = last;
  const Tensor x = halves(0, 5);
  Npu npu(chip, program, true);
  npu.setInput("x", x);
  EXPECT_EQ(npu.predict().total.counters.dramBytes.write,
            roundUp(run_length::longestBytes(kValueBytes / 2), kBurst));
}

}  // namespace
}  // namespace npusim
