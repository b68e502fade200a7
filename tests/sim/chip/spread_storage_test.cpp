#include "tests/sim/chip/spread_storage.h"

#include "sim/core/error.h"

namespace npusim {
namespace {

using namespace npusim::testing;

constexpr std::int64_t kSpread = 0x40000;  // where distributed storages begin in the buffers

/// A copy of `bytes` bytes of core 1's buffer into that of core 0, which alone works.
isa::Program readOfNeighbour(const ChipConfig& chip, std::int64_t bytes) {
  ProgramBuilder builder(chip);
  builder.layer("read", 0);
  const auto spread =
      addSpread(builder.program(), kSpread, chip.cores * bytes, {{bytes, chip.cores, 1}});
  builder.add(Engine::LoadInputs, copy(spread, bytes, kBuffer, 0, bytes), {}, {}, {0, 1});
  return std::move(builder.program());
}

PredictResult timed(const ChipConfig& chip, const isa::Program& program) {
  Npu npu(chip, program, false);
  return npu.predict().total;
}

TEST(SpreadStorage, ReadingTakesTheRequestTheHopsAndTheBytes) {
  ChipConfig chip = coresChip(2);
  chip.network.linkBytes = 8;
  chip.network.hopCycles = 5;
  const PredictResult total = timed(chip, readOfNeighbour(chip, 1000));
  const std::int64_t issue = chip.issueCycles + chip.dma.issueCycles;
  EXPECT_EQ(total.cycles, issue + 2 * 5 + 2 * 5 + 1000 / 8);
  EXPECT_EQ(total.counters.networkByteHops, 2 * 1000) << "two links";
  EXPECT_EQ(total.counters.bufferBytes.read, 1000);
  EXPECT_EQ(total.counters.bufferBytes.write, 1000);
  EXPECT_EQ(total.counters.dramBytes.read, 0);
}

TEST(SpreadStorage, AnExchangeNeedsNoRequest) {
  ChipConfig chip = coresChip(2, Topology::Exchange);
  chip.network.linkBytes = 8;
  chip.network.hopCycles = 5;
  const PredictResult total = timed(chip, readOfNeighbour(chip, 1000));
  EXPECT_EQ(total.cycles, chip.issueCycles + chip.dma.issueCycles + 2 * 5 + 1000 / 8);
}

TEST(SpreadStorage, LongTransfersFillTheLink) {
  ChipConfig chip = coresChip(2);
  chip.network.linkBytes = 8;
  chip.network.hopCycles = 5;
  constexpr std::int64_t kBytes = 1 << 17;
  const PredictResult total = timed(chip, readOfNeighbour(chip, kBytes));
  EXPECT_EQ(total.cycles, chip.issueCycles + chip.dma.issueCycles + 20 + kBytes / 8);
  const std::int64_t waits = total.cycles - chip.issueCycles - chip.dma.issueCycles;
  EXPECT_GE(total.stalls.network, waits);
  EXPECT_EQ(total.stalls.network + total.stalls.dram, total.cycles);
}

TEST(SpreadStorage, WhatACoreHoldsItselfNeedsNoNetwork) {
  const ChipConfig chip = coresChip(2);
  ProgramBuilder builder(chip);
  builder.layer("own", 0);
  const auto spread = addSpread(builder.program(), kSpread, 2 * 4096, {{4096, 2, 1}});
  builder.add(Engine::LoadInputs, copy(spread, 0, kBuffer, 0, 4096, {ofCore(chip, 4096)}));
  const PredictResult total = timed(chip, builder.program());
  EXPECT_EQ(total.cycles, chip.issueCycles + chip.dma.issueCycles + 4096 / chip.dma.widthBytes);
  EXPECT_EQ(total.counters.networkByteHops, 0);
  EXPECT_EQ(total.stalls.network, 0);
}

TEST(SpreadStorage, ReadersOfOneCoreShareItsLink) {
  ChipConfig chip = coresChip(4);
  chip.network.linkBytes = 8;
  ProgramBuilder builder(chip);
  builder.layer("all of core 0", 0);
  const auto spread = addSpread(builder.program(), kSpread, 4 * 4096, {{4096, 4, 1}});
  builder.add(Engine::LoadInputs, copy(spread, 0, kBuffer, 0, 4096));
  const std::int64_t carried = 3 * 4096 / 8;
  const PredictResult total = timed(chip, builder.program());
  EXPECT_EQ(total.cycles, chip.issueCycles + chip.dma.issueCycles + 2 + 2 + carried);
  EXPECT_EQ(total.counters.networkByteHops, 3 * 2 * 4096);
}

TEST(SpreadStorage, FartherCoresWaitLonger) {
  ChipConfig chip = coresChip(4, Topology::Mesh);
  chip.network.columns = 4;
  chip.network.hopCycles = 7;
  ProgramBuilder builder(chip);
  const auto spread = addSpread(builder.program(), kSpread, 4 * 64, {{64, 4, 1}});
  for (std::int32_t core = 1; core < 4; ++core) {
    builder.layer("core " + std::to_string(core), 0);
    builder.add(Engine::LoadInputs, copy(spread, 0, kBuffer, 0, 64), {}, {}, {core, 1});
  }
  Npu npu(chip, builder.program(), false);
  const Npu::Prediction prediction = npu.predict();
  const std::int64_t issue = chip.issueCycles + chip.dma.issueCycles;
  for (std::size_t core = 1; core < 4; ++core) {
    EXPECT_EQ(prediction.layers[core - 1].endCycle,
              issue + 2 * 7 * static_cast<std::int64_t>(core) + 2)
        << "core " << core;
  }
}

/// Every core writes its part of x, chunks of a random size going round, then every core reads all.
void expectRoundTrip(const ChipConfig& chip, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const std::int64_t cores = chip.cores, part = pick(1, 3000), bytes = cores * part;
  std::vector<isa::Deal> levels;
  const std::int64_t chunk = pick(1, 500);
  if (cores == 4 && pick(0, 1) == 1) {
    levels = {{chunk, 2, 2}, {2 * chunk * pick(1, 4), 2, 1}};
  } else {
    levels = {{chunk, cores, 1}};
  }
  ProgramBuilder builder(chip);
  builder.layer("round trip", 0);
  isa::Program& program = builder.program();
  const auto spread = addSpread(program, kSpread, bytes, levels);
  const std::int64_t out = 1 << 20;
  program.inputs = {port("x", kDram, 0, DataType::UInt8, {bytes})};
  program.outputs = {port("y", kDram, out, DataType::UInt8, {cores, bytes})};
  const auto written = builder.semaphore("written", 0, isa::CoreRange{});
  const auto read = builder.semaphore("read");
  builder.add(Engine::LoadInputs,
              copy(kDram, 0, spread, 0, part, {ofCore(chip, part)}, {ofCore(chip, part)}), {},
              {written});
  builder.add(Engine::LoadWeights, copy(spread, 0, kBuffer, 0, bytes), {written}, {read});
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, out, bytes, {}, {ofCore(chip, bytes)}),
              {read});
  Npu npu(chip, program, true);
  const Tensor x = randomBytes({bytes}, seed);
  npu.setInput("x", x);
  npu.predict();
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) {
    ASSERT_EQ(y.at(i), x.at(i % bytes)) << "seed " << seed << ", byte " << i;
  }
}

/// One elaboration a process, so each topology and seed is a test of its own.
class RoundTrip : public ::testing::TestWithParam<int> {};

TEST_P(RoundTrip, KeepsEveryByte) {
  constexpr Topology kTopologies[] = {Topology::Crossbar, Topology::Mesh, Topology::Ring,
                                      Topology::Exchange};
  const int seed = GetParam();
  expectRoundTrip(coresChip(seed % 3 == 0 ? 2 : 4, kTopologies[seed % 4]),
                  static_cast<std::uint32_t>(seed));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, ::testing::Range(1, 13));

/// Rows of a table in DRAM by indices that lie spread over the cores' buffers.
TEST(SpreadStorage, GathersByIndicesOfOtherCores) {
  const ChipConfig chip = coresChip(2);
  ProgramBuilder builder(chip);
  builder.layer("gather", 0);
  isa::Program& program = builder.program();
  constexpr std::int64_t kRows = 40, kTable = 10, kWidth = 48, kOut = 1 << 20;
  const auto spread = addSpread(program, kSpread, kRows * 4, {{12, 2, 1}});
  program.inputs = {port("table", kDram, 0, DataType::UInt8, {kTable, kWidth}),
                    port("rows", spread, 0, DataType::Int32, {kRows})};
  program.outputs = {port("y", kDram, kOut, DataType::UInt8, {2, kRows, kWidth})};
  isa::Transfer gather = copy(kDram, 0, kBuffer, 0, kWidth);
  gather.dims = {extent(kRows)};
  gather.source.strides = {kWidth};
  gather.source.bounds = {{{}, {1}, kTable}};
  gather.target.strides = {kWidth};
  gather.gatherDim = 0;
  gather.gather = access(spread, 0, {4}, DataType::Int32);
  const auto there = builder.semaphore("there");
  builder.add(Engine::LoadInputs, gather, {}, {there});
  builder.add(Engine::Store,
              copy(kBuffer, 0, kDram, kOut, kRows * kWidth, {}, {ofCore(chip, kRows * kWidth)}),
              {there});
  Npu npu(chip, program, true);
  const Tensor table = randomBytes({kTable, kWidth}, 3);
  Tensor rows(DataType::Int32, {kRows});
  for (std::int64_t i = 0; i < kRows; ++i) {
    rows.as<std::int32_t>()[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * 7 % 10);
  }
  npu.setInput("table", table);
  npu.setInput("rows", rows);
  npu.predict();
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t row = i / kWidth % kRows;
    ASSERT_EQ(y.at(i), table.at(row * 7 % 10 * kWidth + i % kWidth)) << "byte " << i;
  }
}

TEST(SpreadStorage, InputsAndOutputsLieInIt) {
  const ChipConfig chip = coresChip(4);
  ProgramBuilder builder(chip);
  builder.layer("nothing", 0);
  isa::Program& program = builder.program();
  const auto spread = addSpread(program, kSpread, 30 * 70, {{7, 4, 1}});
  program.inputs = {port("x", spread, 0, DataType::UInt8, {30, 70})};
  program.outputs = {port("y", spread, 0, DataType::UInt8, {30, 70})};
  Npu npu(chip, program, true);
  const Tensor x = randomBytes({30, 70}, 9);
  npu.setInput("x", x);
  npu.predict();
  expectSame(npu.output("y"), x);
}

/// Parts of 100 bytes of 250: cores 0 and 3 keep the first, 1 and 4 the second, 2 and 5 the last.
TEST(SpreadStorage, ConstantsAreScattered) {
  const ChipConfig chip = coresChip(6);
  ProgramBuilder builder(chip);
  builder.layer("weights", 0);
  isa::Program& program = builder.program();
  const Tensor w = randomBytes({250}, 4);
  isa::ConstantBlock block{"w", kBuffer, 512, 250, nullptr};
  block.scatter = isa::Scatter{{}, {1, 3}, 100};
  block.bytes = std::make_shared<std::vector<std::byte>>(w.bytes().begin(), w.bytes().end());
  program.constants = {block};
  program.outputs = {port("y", kDram, 0, DataType::UInt8, {6, 100})};
  builder.add(Engine::Store, copy(kBuffer, 512, kDram, 0, 100, {}, {ofCore(chip, 100)}));
  Npu npu(chip, program, true);
  EXPECT_EQ(npu.load().bytes, 250) << "replicas come over the host link once";
  npu.predict();
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < 600; ++i) {
    const std::int64_t from = i / 100 % 3 * 100 + i % 100;
    ASSERT_EQ(y.at(i), from < 250 ? w.at(from) : 0) << "byte " << i;
  }
}

/// Loads 4,000 bytes in parts of `partBytes`, one after the other to 4 cores, over links of a byte
/// a cycle. The host link brings 8 bytes a cycle after 1,000 cycles.
LoadResult loaded(const NetworkConfig& network, std::int64_t partBytes) {
  ChipConfig chip = coresChip(4);
  chip.host.bandwidthGbPerS = 8;
  chip.host.latencyUs = 1;
  chip.network = network;
  ProgramBuilder builder(chip);
  builder.layer("weights", 0);
  isa::Program& program = builder.program();
  isa::ConstantBlock block{"w", kBuffer, 0, 4000, nullptr};
  block.scatter = isa::Scatter{{}, {1, 4000 / partBytes}, partBytes};
  program.constants = {block};
  Npu npu(chip, program, false);
  return npu.load();
}

NetworkConfig narrowCrossbar() {
  NetworkConfig network;
  network.linkBytes = 1;
  network.hopCycles = 5;
  return network;
}

TEST(LoadOverNetwork, OnePortPassesOnePartAfterTheOther) {
  const LoadResult load = loaded(narrowCrossbar(), 1000);
  EXPECT_EQ(load.cycles, 1000 + 1000 / 8 + 4 * 1000 + 2 * 5) << "the first part waits for the host";
  EXPECT_NEAR(load.timeS, 5135e-9, 1e-15);
  EXPECT_EQ(load.networkByteHops, 2 * 4000);
}

TEST(LoadOverNetwork, PortsWorkSideBySide) {
  NetworkConfig network = narrowCrossbar();
  network.memoryPorts = 4;
  EXPECT_EQ(loaded(network, 1000).cycles, 1000 + 4000 / 8 + 1000 + 2 * 5) << "the last part";
}

TEST(LoadOverNetwork, MulticastServesAllCoresThatKeepAConstant) {
  NetworkConfig network = narrowCrossbar();
  const LoadResult together = loaded(network, 4000);
  EXPECT_EQ(together.cycles, 1000 + 4000 / 8 + 4000 + 2 * 5);
  EXPECT_EQ(together.networkByteHops, (1 + 4) * 4000);
}

TEST(LoadOverNetwork, WithoutMulticastEachCoreHasAMessageOfItsOwn) {
  NetworkConfig network = narrowCrossbar();
  network.multicast = false;
  EXPECT_EQ(loaded(network, 4000).cycles, 1000 + 4000 / 8 + 4 * 4000 + 2 * 5);
}

TEST(LoadOverNetwork, AWideNetworkDoesNotDelayTheHostLink) {
  NetworkConfig network = narrowCrossbar();
  network.linkBytes = 64;
  const std::int64_t lastPart = (1000 + 63) / 64;
  EXPECT_EQ(loaded(network, 1000).cycles, 1000 + 4000 / 8 + lastPart + 2 * 5);
}

}  // namespace
}  // namespace npusim
