#include <gtest/gtest.h>

#include "sim/chip/multicast.h"
#include "tests/sim/chip/spread_storage.h"

namespace npusim {
namespace {

using namespace npusim::testing;

TEST(ReaderGroup, DiffersInOneDigit) {
  const isa::CoreDigit middle{2, 3};
  const ReaderGroup group = ReaderGroup::of(middle, 9, 12);
  EXPECT_EQ(group.index, 1);
  EXPECT_EQ(group.firstNumber, 7);
  EXPECT_EQ(group.members, 3);
  EXPECT_EQ(ReaderGroup::of(middle, 7, 10).members, 2) << "number 11 does not run";
}

TEST(SharedReads, TheLastToComeReadsForAll) {
  SharedReads reads;
  const isa::Instruction instruction{isa::Sync{}, 0, {}, {}};
  const auto join = [&](std::int64_t index) {
    return reads.join(instruction, {4, 3, index}, {4 + index, nullptr, nullptr});
  };
  EXPECT_EQ(join(2), nullptr);
  EXPECT_EQ(join(0), nullptr);
  EXPECT_EQ(join(0), nullptr) << "its second chunk";
  const auto first = join(1);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ((*first)[0].core, 4);
  EXPECT_EQ((*first)[2].core, 6);
  EXPECT_EQ(join(1), nullptr);
  EXPECT_NE(join(2), nullptr);
}

/// All four cores bring the same `bytes` from DRAM, then write them back to a place of their own.
struct Shared {
  PredictResult total;
  bool valuesRight = true;
};

Shared readTogether(const ChipConfig& chip, bool shared, std::int64_t bytes) {
  ProgramBuilder builder(chip);
  builder.layer("weights", 0);
  isa::Program& program = builder.program();
  constexpr std::int64_t kOut = 1 << 22;
  program.inputs = {port("x", kDram, 0, DataType::UInt8, {bytes})};
  program.outputs = {port("y", kDram, kOut, DataType::UInt8, {chip.cores, bytes})};
  isa::Transfer read = copy(kDram, 0, kBuffer, 0, bytes);
  if (shared) read.sharers = {1, chip.cores};
  const auto there = builder.semaphore("there");
  builder.add(Engine::LoadWeights, read, {}, {there});
  builder.layer("back", 0);
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, kOut, bytes, {}, {ofCore(chip, bytes)}),
              {there});
  Npu npu(chip, program, true);
  const Tensor x = randomBytes({bytes}, 8);
  npu.setInput("x", x);
  Shared result{npu.predict().total};
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) {
    result.valuesRight = result.valuesRight && y.at(i) == x.at(i % bytes);
  }
  return result;
}

constexpr std::int64_t kBytes = 100'000;

/// Whole bursts of 64 bytes.
std::int64_t inBursts(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

TEST(SharedReads, MulticastReadsMemoryOnce) {
  const Shared read = readTogether(coresChip(4, Topology::Mesh), true, kBytes);
  EXPECT_TRUE(read.valuesRight);
  EXPECT_EQ(read.total.counters.dramBytes.read, inBursts(kBytes));
  // Port 0 hangs on core 2's router, in the first column: with it four links reach all cores. Back
  // it is as far as the cores are: 2, 3, 1 and 2 links.
  EXPECT_EQ(read.total.counters.networkByteHops, 4 * inBursts(kBytes) + 8 * inBursts(kBytes));
}

TEST(SharedReads, WithoutMulticastEachReadsForItself) {
  ChipConfig chip = coresChip(4, Topology::Mesh);
  chip.network.multicast = false;
  const Shared read = readTogether(chip, true, kBytes);
  EXPECT_TRUE(read.valuesRight);
  EXPECT_EQ(read.total.counters.dramBytes.read, 4 * inBursts(kBytes));
  EXPECT_EQ(read.total.counters.networkByteHops, 16 * inBursts(kBytes));
}

TEST(SharedReads, WithoutSharersEachReadsForItself) {
  const Shared read = readTogether(coresChip(4), false, kBytes);
  EXPECT_TRUE(read.valuesRight);
  EXPECT_EQ(read.total.counters.dramBytes.read, 4 * inBursts(kBytes));
}

/// One core is late; the others wait for it, then all go on at the memory's pace.
TEST(SharedReads, AllWaitForTheLast) {
  const ChipConfig chip = coresChip(4);
  ProgramBuilder builder(chip);
  builder.layer("late", 0);
  const auto late = builder.semaphore("late");
  isa::VectorPass pass;
  pass.dims = {extent(32 * 5000)};
  pass.operands = {{access(kBuffer, 0, {4}, DataType::Float32), {}}};
  pass.out = {access(kBuffer, 0, {4}, DataType::Float32), {}};
  builder.add(Engine::Vector, pass, {}, {late}, {3, 1});
  builder.add(Engine::LoadWeights, isa::Sync{}, {late}, {}, {3, 1});
  builder.layer("read", 0);
  isa::Transfer read = copy(kDram, 0, kBuffer, 1 << 19, 1 << 15);
  read.sharers = {1, 4};
  builder.add(Engine::LoadWeights, read);
  Npu npu(chip, builder.program(), false);
  const Npu::Prediction prediction = npu.predict();
  EXPECT_GT(prediction.total.cycles, 5000 + (1 << 15) / 12.8);
  EXPECT_LT(prediction.total.cycles, 5000 + 1.5 * (1 << 15) / 12.8);
  EXPECT_EQ(prediction.total.counters.dramBytes.read, 1 << 15);
}

/// Halves of the cores share: 0 and 2 one part, 1 and 3 the other.
TEST(SharedReads, GroupsReadTheirOwnBytes) {
  const ChipConfig chip = coresChip(4);
  ProgramBuilder builder(chip);
  builder.layer("halves", 0);
  isa::Program& program = builder.program();
  constexpr std::int64_t kPart = 5000, kOut = 1 << 22;
  program.inputs = {port("x", kDram, 0, DataType::UInt8, {2 * kPart})};
  program.outputs = {port("y", kDram, kOut, DataType::UInt8, {4, kPart})};
  isa::Transfer read = copy(kDram, 0, kBuffer, 0, kPart, {{isa::kCoreDepth, kPart, 2}});
  read.sharers = {2, 2};
  const auto there = builder.semaphore("there");
  builder.add(Engine::LoadWeights, read, {}, {there});
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, kOut, kPart, {}, {ofCore(chip, kPart)}),
              {there});
  Npu npu(chip, program, true);
  const Tensor x = randomBytes({2 * kPart}, 5);
  npu.setInput("x", x);
  const PredictResult total = npu.predict().total;
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) {
    ASSERT_EQ(y.at(i), x.at(i / kPart % 2 * kPart + i % kPart)) << "byte " << i;
  }
  EXPECT_EQ(total.counters.dramBytes.read, inBursts(kPart) + inBursts(2 * kPart) - kPart / 64 * 64);
}

/// Every core brings all of a storage that is spread over them.
TEST(SharedReads, AllGatherOverMulticast) {
  const ChipConfig chip = coresChip(4);
  ProgramBuilder builder(chip);
  builder.layer("gather", 0);
  isa::Program& program = builder.program();
  constexpr std::int64_t kPart = 4096, kAll = 4 * kPart, kOut = 1 << 22;
  const auto spread = addSpread(program, 0x40000, kAll, {{64, 4, 1}});
  program.inputs = {port("x", spread, 0, DataType::UInt8, {kAll})};
  program.outputs = {port("y", kDram, kOut, DataType::UInt8, {4, kAll})};
  isa::Transfer read = copy(spread, 0, kBuffer, 0, kAll);
  read.sharers = {1, 4};
  const auto there = builder.semaphore("there");
  builder.add(Engine::LoadInputs, read, {}, {there});
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, kOut, kAll, {}, {ofCore(chip, kAll)}),
              {there});
  Npu npu(chip, program, true);
  const Tensor x = randomBytes({kAll}, 6);
  npu.setInput("x", x);
  const PredictResult total = npu.predict().total;
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) ASSERT_EQ(y.at(i), x.at(i % kAll)) << "byte " << i;
  // Each part leaves its core once and reaches three others; then everything goes to the memory.
  EXPECT_EQ(total.counters.networkByteHops, kAll + 3 * kAll + 2 * 4 * kAll);
}

}  // namespace
}  // namespace npusim
