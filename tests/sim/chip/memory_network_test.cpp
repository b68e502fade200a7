#include "sim/core/rounding.h"
#include "sim/memory/dram/dram_model.h"
#include "tests/sim/chip/spread_storage.h"

namespace npusim {
namespace {

using namespace npusim::testing;

/// Core 0 of two reads, or writes, 1,024 bytes of DRAM.
isa::Program oneTransfer(const ChipConfig& chip, bool reads) {
  ProgramBuilder builder(chip);
  builder.layer("move", 0);
  builder.add(Engine::Store,
              reads ? copy(kDram, 0, kBuffer, 0, 1024) : copy(kBuffer, 0, kDram, 0, 1024), {}, {},
              {0, 1});
  return std::move(builder.program());
}

struct Served {
  std::int64_t first = 0, end = 0;
};

/// When DRAM alone serves 1,024 bytes that are asked for at core cycle `now`.
Served served(const ChipConfig& chip, Direction direction, std::int64_t now) {
  DramModel memory(chip.memories[0]);
  const ClockDomain clock(chip.clockMhz);
  MemoryEvents events;
  const Piece piece{0, 1024};
  const Completion done =
      memory.transfer(memory.clock().crossFrom(clock, now), direction, {&piece, 1}, events);
  return {clock.crossFrom(memory.clock(), done.firstData),
          clock.crossFrom(memory.clock(), done.end)};
}

ChipConfig twoCores(std::int64_t linkBytes) {
  ChipConfig chip = coresChip(2);
  chip.network.linkBytes = linkBytes;
  chip.network.hopCycles = 6;
  return chip;
}

/// Bytes a link passes in a cycle; one elaboration a process.
class MemoryOverNetwork : public ::testing::TestWithParam<int> {};

TEST_P(MemoryOverNetwork, ReadsAskAndComeBack) {
  const ChipConfig chip = twoCores(GetParam());
  const isa::Program program = oneTransfer(chip, true);
  Npu npu(chip, program, false);
  const PredictResult total = npu.predict().total;
  const std::int64_t asked = chip.issueCycles + chip.dma.issueCycles + 2 * 6;
  const Served memory = served(chip, Direction::Read, asked);
  const std::int64_t carrying = ceilDiv(1024, GetParam());
  const std::int64_t leaves = std::max(memory.first, memory.end - carrying);
  EXPECT_EQ(total.cycles, leaves + 2 * 6 + carrying);
  EXPECT_EQ(total.counters.networkByteHops, 2 * 1024);
  EXPECT_EQ(total.stalls.dram, memory.end - 12) << "issue and memory";
  EXPECT_EQ(total.stalls.network, total.cycles - total.stalls.dram) << "the rest";
}

TEST_P(MemoryOverNetwork, WritesArriveBeforeTheyAreWritten) {
  const ChipConfig chip = twoCores(GetParam());
  const isa::Program program = oneTransfer(chip, false);
  Npu npu(chip, program, false);
  const PredictResult total = npu.predict().total;
  const std::int64_t head = chip.issueCycles + chip.dma.issueCycles + 2 * 6;
  const Served memory = served(chip, Direction::Write, head);
  EXPECT_EQ(total.cycles, std::max(memory.end, head + ceilDiv(1024, GetParam())));
  EXPECT_EQ(total.counters.dramBytes.write, 1024);
}

INSTANTIATE_TEST_SUITE_P(Widths, MemoryOverNetwork, ::testing::Values(1, 8, 13, 64));

/// Every core reads a part of its own.
isa::Program allRead(const ChipConfig& chip, std::int64_t bytes) {
  ProgramBuilder builder(chip);
  isa::Program& program = builder.program();
  for (std::int32_t core = 0; core < chip.cores; ++core) {
    builder.layer("core " + std::to_string(core), 0);
    builder.add(Engine::LoadInputs, copy(kDram, core * bytes, kBuffer, 0, bytes), {}, {},
                {core, 1});
  }
  return std::move(program);
}

TEST(MemoryOverNetwork, CoresShareTheMemory) {
  const ChipConfig chip = coresChip(4);
  constexpr std::int64_t kBytes = 1 << 17;
  const isa::Program program = allRead(chip, kBytes);
  Npu npu(chip, program, false);
  const Npu::Prediction prediction = npu.predict();
  const double atPeak = 4.0 * kBytes / 12.8;
  EXPECT_GT(prediction.total.cycles, atPeak);
  EXPECT_LT(prediction.total.cycles, 1.35 * atPeak);
  for (const LayerResult& core : prediction.layers) {
    EXPECT_GT(core.endCycle, 0.95 * static_cast<double>(prediction.total.cycles)) << core.name;
  }
  EXPECT_GT(prediction.total.stalls.dram, 8 * prediction.total.stalls.network);
}

TEST(MemoryOverNetwork, ASlowPortIsTheNetworksFault) {
  ChipConfig chip = coresChip(4);
  chip.network.linkBytes = 2;
  constexpr std::int64_t kBytes = 1 << 15;
  const isa::Program program = allRead(chip, kBytes);
  Npu npu(chip, program, false);
  const Npu::Prediction prediction = npu.predict();
  EXPECT_GE(prediction.total.cycles, 4 * kBytes / 2) << "all through one port";
  EXPECT_LT(prediction.total.cycles, 1.1 * 4 * kBytes / 2);
  EXPECT_GT(prediction.total.loss.network, 0.9);
  EXPECT_EQ(prediction.layers[0].boundBy, "network");
}

TEST(MemoryOverNetwork, MorePortsCarryMore) {
  ChipConfig chip = coresChip(4);
  chip.network.linkBytes = 2;
  chip.network.memoryPorts = 4;
  constexpr std::int64_t kBytes = 1 << 15;
  const isa::Program program = allRead(chip, kBytes);
  Npu npu(chip, program, false);
  EXPECT_LT(npu.predict().total.cycles, 1.3 * kBytes / 2);
}

TEST(MemoryOverNetwork, IdealMemoryTakesNoTimeButIsCounted) {
  ChipConfig chip = coresChip(4);
  chip.idealMemory = true;
  const isa::Program program = allRead(chip, 10'000);
  Npu npu(chip, program, false);
  const PredictResult total = npu.predict().total;
  EXPECT_EQ(total.cycles, 0);
  EXPECT_EQ(total.counters.dramBytes.read, 4 * 157 * 64) << "whole bursts of each part";
  EXPECT_EQ(total.counters.networkByteHops, 2 * total.counters.dramBytes.read);
}

}  // namespace
}  // namespace npusim
