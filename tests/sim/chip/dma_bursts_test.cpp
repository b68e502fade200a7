#include <gtest/gtest.h>

#include <deque>

#include "sim/chip/fabric.h"
#include "sim/chip/machine.h"
#include "sim/chip/transfer_cut.h"
#include "sim/core/rounding.h"
#include "sim/memory/dram/dram_model.h"
#include "tests/sim/chip/tiled_product.h"

namespace npusim {
namespace {

using namespace npusim::testing;

constexpr std::int64_t kBurst = 64;

/// A strided copy between DRAM and the buffer, at odd addresses.
isa::Transfer randomTransfer(std::mt19937& random) {
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const isa::StorageId from = pick(0, 1) == 0 ? kBuffer : kDram;
  const isa::StorageId to = from == kDram && pick(0, 1) == 0 ? kDram : 1 - from;
  const std::int64_t bytes = pick(1, pick(0, 2) == 0 ? 5000 : 200);
  isa::Transfer transfer = copy(from, pick(0, 300), to, (1 << 18) + pick(0, 300), bytes);
  transfer.dims = {extent(pick(1, 6)), extent(pick(1, 40))};
  const std::int64_t gap = bytes + pick(0, 1) * pick(0, 100);
  transfer.source.strides = {40 * gap, gap};
  transfer.target.strides = {40 * bytes, bytes};
  return transfer;
}

/// Bursts that the legs ask memories for.
std::int64_t burstsOf(const std::vector<Leg>& legs) {
  std::int64_t bytes = 0;
  for (const Leg& leg : legs) {
    for (const Piece& piece : leg.pieces) {
      EXPECT_EQ(piece.address % kBurst, 0);
      EXPECT_EQ(piece.bytes % kBurst, 0);
      bytes += piece.bytes;
    }
  }
  return bytes / kBurst;
}

TEST(DmaBursts, ChunksHaveNoMoreThanTheirShare) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    ChipConfig chip = smallChip();
    chip.dma.outstandingBursts = std::uniform_int_distribution<std::int64_t>(1, 80)(random);
    ProgramBuilder builder(chip);
    builder.layer("cut", 0);
    const isa::Transfer transfer = randomTransfer(random);
    builder.add(isa::Engine::LoadInputs, transfer);
    Fabric fabric(chip, builder.program(), false, Fidelity::Tile);
    Courier courier(fabric.core(0));
    TransferCut cut(fabric.core(0), courier);
    cut.start(builder.program().queue(isa::Engine::LoadInputs)[0], {});
    std::int64_t bytes = 0;
    while (!cut.done()) {
      Chunk chunk;
      cut.fill(chunk);
      bytes += chunk.bytes;
      EXPECT_GT(chunk.bytes, 0) << "seed " << seed;
      EXPECT_EQ(chunk.units, std::max(burstsOf(chunk.legs), burstsOf(chunk.writes)))
          << "seed " << seed;
      EXPECT_LE(chunk.units, cut.mostUnits()) << "seed " << seed;
    }
    EXPECT_LE(cut.mostUnits(), std::max<std::int64_t>(1, chip.dma.outstandingBursts / 2));
    EXPECT_EQ(bytes, transfer.run.size * transfer.dims[0].size * transfer.dims[1].size)
        << "seed " << seed;
  }
}

/// Chunks of half the outstanding bursts, of which two are under way: each goes out when the one
/// before the last has come.
std::int64_t expectedCycles(const ChipConfig& chip, std::int64_t first, std::int64_t bursts) {
  DramModel memory(chip.memories[0]);
  const ClockDomain clock(chip.clockMhz);
  const std::int64_t window = chip.dma.outstandingBursts;
  const std::int64_t share = std::max<std::int64_t>(1, window / 2);
  std::int64_t now = chip.issueCycles + chip.dma.issueCycles;
  std::deque<std::int64_t> underWay;
  MemoryEvents events;
  for (std::int64_t sent = 0; sent < bursts; sent += share) {
    const std::int64_t count = std::min(share, bursts - sent);
    if (std::ssize(underWay) == std::min<std::int64_t>(2, window)) {
      now = std::max(now, underWay.front());
      underWay.pop_front();
    }
    const Piece piece{first + sent * kBurst, count * kBurst};
    const Completion done =
        memory.transfer(memory.clock().crossFrom(clock, now), Direction::Read, {&piece, 1}, events);
    underWay.push_back(clock.crossFrom(memory.clock(), done.end));
  }
  return underWay.back();
}

/// Bursts in flight; one elaboration a process.
class Outstanding : public ::testing::TestWithParam<int> {};

TEST_P(Outstanding, BurstsAreCountedExactly) {
  ChipConfig chip = smallChip();
  chip.dma.outstandingBursts = GetParam();
  ProgramBuilder builder(chip);
  builder.layer("read", 0);
  constexpr std::int64_t kBursts = 96;
  // Not at a burst's beginning: the last byte lies in one burst more.
  builder.add(isa::Engine::LoadInputs, copy(kDram, 1024 + 8, kBuffer, 0, (kBursts - 1) * kBurst));
  Npu npu(chip, builder.program(), false);
  const PredictResult total = npu.predict().total;
  EXPECT_EQ(total.counters.dramBytes.read, kBursts * kBurst);
  EXPECT_EQ(total.cycles, expectedCycles(chip, 1024, kBursts));
}

INSTANTIATE_TEST_SUITE_P(Windows, Outstanding, ::testing::Values(1, 2, 4, 16));

TEST(DmaBursts, EveryDescriptorIsSetUp) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("many", 0);
  for (int i = 0; i < 10; ++i) builder.add(isa::Engine::Store, copy(kBuffer, 0, kBuffer, 4096, 64));
  Npu npu(chip, builder.program(), false);
  EXPECT_EQ(npu.predict().total.cycles, 10 * (chip.issueCycles + chip.dma.issueCycles) + 1);
}

}  // namespace
}  // namespace npusim
