#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/dram_model.h"
#include "tests/sim/memory/dram/row_stepper.h"

namespace npusim {
namespace {

using npusim::testing::RowStepper;

struct Call {
  std::int64_t arrival = 0;
  Direction direction = Direction::Read;
  std::vector<Piece> pieces;
};

/// All channels of a memory, stepped one by one.
class SteppedMemory {
 public:
  explicit SteppedMemory(const MemoryConfig& memory)
      : map_(memory), channels_(static_cast<std::size_t>(memory.channels), RowStepper(memory)) {}

  Completion transfer(const Call& call) {
    std::vector<std::vector<RowStepper::Region>> regions(channels_.size());
    for (const Piece& piece : call.pieces) add(piece, regions);
    Completion done = {INT64_MAX, call.arrival};
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      if (regions[c].empty()) continue;
      const Completion of = channels_[c].transfer(call.arrival, call.direction, regions[c]);
      done = {std::min(done.firstData, of.firstData), std::max(done.end, of.end)};
    }
    return {std::min(done.firstData, done.end), done.end};
  }

  std::vector<RowStepper>& channels() { return channels_; }

 private:
  void add(const Piece& piece, std::vector<std::vector<RowStepper::Region>>& regions) const {
    const std::int64_t size = map_.columns() * map_.interleave();
    std::vector<std::int64_t> current(channels_.size(), -1);
    const std::int64_t end = ceilDiv(piece.address + piece.bytes, map_.burstBytes());
    for (std::int64_t burst = piece.address / map_.burstBytes(); burst < end; ++burst) {
      const DramLocation at = map_.locate(burst);
      const auto c = static_cast<std::size_t>(at.channel);
      if (current[c] != burst / size) regions[c].emplace_back();
      current[c] = burst / size;
      regions[c].back().push_back(at);
    }
  }

  AddressMap map_;
  std::vector<RowStepper> channels_;
};

std::int64_t pick(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

/// Sequential, strided, scattered and repeated pieces near the last write.
Call makeCall(std::mt19937_64& random, const MemoryConfig& memory, std::int64_t writtenAt) {
  Call call;
  call.direction = pick(random, 0, 99) < 55 ? Direction::Read : Direction::Write;
  const std::int64_t burst = memory.timing.burstBytes();
  const std::int64_t kind = pick(random, 0, 3);
  const std::int64_t count = kind == 0 ? 1 : pick(random, 1, 6);
  const std::int64_t largest = kind == 0 ? 160 : kind == 1 ? 6 : 2;
  std::int64_t address = pick(random, 0, (std::int64_t{1} << 24) / burst) * burst;
  if (kind == 3) address = std::max<std::int64_t>(0, writtenAt - pick(random, 0, 4) * burst);
  const std::int64_t stride = pick(random, 0, 1) * memory.rowBytes * pick(random, 1, 40);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t bytes = pick(random, 1, largest) * burst;
    call.pieces.push_back({address, bytes});
    address = stride > 0 ? address + std::max(stride, bytes)
                         : pick(random, 0, (std::int64_t{1} << 21) / burst) * burst;
  }
  return call;
}

void expectEqual(const MemoryEvents& model, const MemoryEvents& stepped) {
  EXPECT_EQ(model.bursts, stepped.bursts);
  EXPECT_EQ(model.rowHits, stepped.rowHits);
  EXPECT_EQ(model.rowMisses, stepped.rowMisses);
  EXPECT_EQ(model.rowConflicts, stepped.rowConflicts);
  EXPECT_EQ(model.activates, stepped.activates);
  EXPECT_EQ(model.refreshes, stepped.refreshes);
  EXPECT_EQ(model.reads, stepped.reads);
  EXPECT_EQ(model.writes, stepped.writes);
  EXPECT_EQ(model.activeCycles, stepped.activeCycles);
  EXPECT_EQ(model.idleCycles, stepped.idleCycles);
}

void add(MemoryEvents& sum, const MemoryEvents& more) {
  sum.bursts += more.bursts;
  sum.rowHits += more.rowHits;
  sum.rowMisses += more.rowMisses;
  sum.rowConflicts += more.rowConflicts;
  sum.activates += more.activates;
  sum.refreshes += more.refreshes;
  sum.reads += more.reads;
  sum.writes += more.writes;
  sum.activeCycles += more.activeCycles;
  sum.idleCycles += more.idleCycles;
}

/// Ends the phase after every command; returns the stepped events.
MemoryEvents settle(std::int64_t now, DramModel& model, SteppedMemory& stepped,
                    const std::vector<std::vector<RowCommand>>& commands, MemoryEvents& events) {
  for (std::int64_t last = now; last >= now;) {
    now = last + 1000;
    model.idleUntil(now, events);
    for (RowStepper& channel : stepped.channels()) channel.idleUntil(now);
    for (const auto& log : commands) {
      for (const RowCommand& command : log) last = std::max(last, command.cycle);
    }
  }
  MemoryEvents sum;
  for (RowStepper& channel : stepped.channels()) {
    channel.settle(now);
    add(sum, channel.events());
  }
  return sum;
}

/// `calls` random requests; false at the first difference.
bool agrees(const MemoryConfig& memory, std::uint64_t seed, int calls) {
  std::mt19937_64 random(seed);
  DramModel model(memory);
  SteppedMemory stepped(memory);
  std::vector<std::vector<RowCommand>> commands(static_cast<std::size_t>(memory.channels));
  for (std::size_t c = 0; c < commands.size(); ++c) model.logTo(c, &commands[c]);
  MemoryEvents events;
  std::int64_t now = 0, last = 0, writtenAt = 0;
  for (int i = 0; i < calls; ++i) {
    Call call = makeCall(random, memory, writtenAt);
    const std::int64_t wait = pick(random, 0, 9);
    if (wait == 0) now += pick(random, 0, 3 * std::max<std::int64_t>(memory.timing.REFI, 500));
    if (wait < 5) now += pick(random, 0, 60);
    if (wait == 9) now = std::max(now, last);
    call.arrival = now;
    if (call.direction == Direction::Write) writtenAt = call.pieces.back().address;
    const Completion done = model.transfer(now, call.direction, call.pieces, events);
    const Completion expected = stepped.transfer(call);
    EXPECT_EQ(done.firstData, expected.firstData) << "request " << i;
    EXPECT_EQ(done.end, expected.end) << "request " << i;
    if (::testing::Test::HasFailure()) return false;
    last = done.end;
  }
  const MemoryEvents expected = settle(now, model, stepped, commands, events);
  for (std::size_t c = 0; c < commands.size(); ++c) {
    std::vector<RowCommand> placed = stepped.channels()[c].commands();
    std::erase_if(placed, [](const RowCommand& command) {
      return command.command == DramCommand::ActivateEnd;  // follows its Activate at once
    });
    EXPECT_TRUE(commands[c] == placed) << "channel " << c;
  }
  expectEqual(events, expected);
  return !::testing::Test::HasFailure();
}

std::string describe(const MemoryConfig& memory, std::uint64_t seed) {
  return memory.name + ", mapping " + memory.mapping + ", " + std::to_string(memory.channels) +
         " channels, " + std::to_string(memory.ranks) + " ranks, seed " + std::to_string(seed);
}

MemoryConfig randomShape(const std::string& preset, std::mt19937_64& random) {
  MemoryConfig memory = loadMemory(preset);
  memory.name = preset;
  memory.ranks = pick(random, 0, 2) == 0 ? 2 : 1;
  memory.channels = pick(random, 0, 2) == 0 ? 2 : 1;
  const char* mappings[] = {"row",
                            "bgi",
                            "ro-co-ra-bg-ba-ch",
                            "ro-ra-co-ch-ba-bg",
                            "ra-ba-ro-bg-ch-co",
                            "ro-ba-co-ra-bg-cl-ch"};
  const char* mapping = mappings[pick(random, 0, 5)];
  memory.mapping = mappingText(mapping, memory);
  if (pick(random, 0, 3) == 0) memory.timing.REFI = 0;
  if (memory.timing.REFI > 0 && pick(random, 0, 1) == 0) {
    memory.timing.REFI = memory.timing.RFC + pick(random, 200, 900);
  }
  if (pick(random, 0, 3) == 0) memory.timing.CCD_L = 3 * memory.timing.CCD_S - 1;
  if (pick(random, 0, 3) == 0) {
    memory.controller.readQueue = pick(random, 1, 64);
    memory.controller.writeQueue = pick(random, 1, 64);
  }
  if (pick(random, 0, 3) == 0) {
    memory.timing.activateClocks = pick(random, 1, 4);
    memory.timing.prechargeClocks = pick(random, 1, 4);
    memory.timing.columnClocks = pick(random, 1, std::min<std::int64_t>(4, memory.timing.CCD_S));
    memory.timing.PPD = pick(random, 0, 8);
    memory.timing.splitCommandBus = pick(random, 0, 1) == 0;
  }
  if (pick(random, 0, 3) == 0) {
    memory.timing.wckSync = pick(random, 1, 3);
    memory.timing.wckIdle = pick(random, 0, 10);
  }
  return memory;
}

class RowStepping : public ::testing::TestWithParam<std::string> {};

TEST_P(RowStepping, BatchesEqualCommandByCommandStepping) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random(seed);
    const MemoryConfig memory = randomShape(GetParam(), random);
    ASSERT_TRUE(agrees(memory, seed, 40)) << describe(memory, seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, RowStepping, ::testing::ValuesIn(presetNames("memories")),
                         [](const auto& preset) { return preset.param; });

}  // namespace
}  // namespace npusim
