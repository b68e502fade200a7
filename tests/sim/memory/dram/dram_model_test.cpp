#include "sim/memory/dram/dram_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/timing_rules.h"
#include "tests/sim/memory/dram/test_memory.h"

namespace npusim {
namespace {

using npusim::testing::ddr4Like;
using npusim::testing::withoutRefresh;

/// Streams `bytes` in requests of `chunk`, each arriving when the one before the last has ended,
/// as a DMA engine with two chunks under way does. Returns the cycles.
std::int64_t stream(DramModel& memory, std::int64_t bytes, std::int64_t chunk, Direction direction,
                    MemoryEvents& events) {
  std::int64_t beforeLast = 0, last = 0;
  for (std::int64_t address = 0; address < bytes; address += chunk) {
    const Piece piece{address, chunk};
    const Completion done = memory.transfer(beforeLast, direction, {&piece, 1}, events);
    beforeLast = last;
    last = done.end;
  }
  return last;
}

TEST(DramModel, FirstReadTakesActivateColumnAndBurst) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 64};
  const Completion done = memory.transfer(100, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(done.firstData, 100 + config.timing.RCD + config.timing.CL);
  EXPECT_EQ(done.end, done.firstData + 4);
  EXPECT_EQ(events.rowMisses, 1);
  EXPECT_EQ(events.activates, 1);
}

TEST(DramModel, OpenRowIsAHitAndAnotherRowAConflict) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const std::int64_t rowStride = 8192 * 16;
  const Piece first{0, 64}, same{256, 64}, other{rowStride, 64};
  memory.transfer(0, Direction::Read, {&first, 1}, events);
  const Completion hit = memory.transfer(1000, Direction::Read, {&same, 1}, events);
  EXPECT_EQ(hit.firstData, 1000 + config.timing.CL);
  const Completion conflict = memory.transfer(2000, Direction::Read, {&other, 1}, events);
  EXPECT_EQ(conflict.firstData, 2000 + config.timing.RP + config.timing.RCD + config.timing.CL);
  EXPECT_EQ(events.rowMisses, 1);
  EXPECT_EQ(events.rowHits, 1);
  EXPECT_EQ(events.rowConflicts, 1);
}

TEST(DramModel, NewRowsOfOneBankCostTrcEach) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  constexpr std::int64_t kVisits = 1000;
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < kVisits; ++i) pieces.push_back({i * 8192 * 16, 64});
  const Completion done = memory.transfer(0, Direction::Read, pieces, events);
  EXPECT_EQ(done.end, (kVisits - 1) * config.timing.RC + config.timing.RCD + config.timing.CL + 4);
  EXPECT_EQ(events.activates, kVisits);
  EXPECT_EQ(events.rowConflicts, kVisits - 1);
}

TEST(DramModel, NewRowsOfManyBanksAreBoundByTheFourActivateWindow) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  constexpr std::int64_t kVisits = 1600;
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < kVisits; ++i) {
    const std::int64_t bank = i % 16;  // bank groups alternate: group = bank % 4
    pieces.push_back({i / 16 * 8192 * 16 + bank / 4 * 8192 * 4 + bank % 4 * 64, 64});
  }
  const Completion done = memory.transfer(0, Direction::Read, pieces, events);
  const std::int64_t last = (kVisits / 4 - 1) * config.timing.FAW + 3 * config.timing.RRD_S;
  EXPECT_EQ(done.end, last + config.timing.RCD + config.timing.CL + 4);
}

TEST(DramModel, StreamsReachPeakLessRefresh) {
  for (const Direction direction : {Direction::Read, Direction::Write}) {
    const MemoryConfig config = ddr4Like();
    DramModel memory(config);
    MemoryEvents events;
    constexpr std::int64_t kBytes = 8 << 20;
    const std::int64_t cycles = stream(memory, kBytes, 2048, direction, events);
    const double best = kBytes / 64 * 4;
    const double refreshShare =
        static_cast<double>(config.timing.RFC) / static_cast<double>(config.timing.REFI);
    EXPECT_GT(best / static_cast<double>(cycles), 0.97 * (1 - refreshShare));
    EXPECT_LT(best / static_cast<double>(cycles), 1 - refreshShare + 0.01);
    EXPECT_NEAR(static_cast<double>(events.refreshes),
                static_cast<double>(cycles / config.timing.REFI), 1);
    EXPECT_EQ(events.bursts, kBytes / 64);
    EXPECT_EQ(events.reads + events.writes, kBytes / 64);
    EXPECT_EQ(events.rowHits + events.rowMisses + events.rowConflicts, events.bursts);
  }
}

TEST(DramModel, OneBankGroupIsBoundByCcdL) {
  MemoryConfig config = withoutRefresh(ddr4Like());
  config.mapping = "ro-ba-bg-ch-co";
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 8192};  // one row
  const Completion done = memory.transfer(0, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(done.end, config.timing.RCD + config.timing.CL + 127 * config.timing.CCD_L + 4);
}

TEST(DramModel, NeighbouringRowsInTwoBankGroupsOverlap) {
  MemoryConfig config = withoutRefresh(ddr4Like());
  config.mapping = "ro-ba-bg-ch-co";
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 2 * 8192};
  const Completion done = memory.transfer(0, Direction::Read, {&piece, 1}, events);
  // 26 bursts at the edge: the look-ahead of 32 less those that pass while the second row opens.
  const std::int64_t turns = 26;
  const std::int64_t apart = (256 - 2 * turns - 1) * config.timing.CCD_L;
  EXPECT_NEAR(static_cast<double>(done.end),
              static_cast<double>(config.timing.RCD + config.timing.CL + 4 + apart +
                                  2 * turns * config.timing.CCD_S),
              4);
}

TEST(DramModel, ChannelsWorkAtOnce) {
  MemoryConfig config = withoutRefresh(ddr4Like());
  MemoryEvents events;
  DramModel one(config);
  const std::int64_t single = stream(one, 1 << 20, 4096, Direction::Read, events);
  config.channels = 4;
  DramModel four(config);
  const std::int64_t quarter = stream(four, 1 << 20, 16384, Direction::Read, events);
  EXPECT_NEAR(static_cast<double>(single) / static_cast<double>(quarter), 4, 0.2);
}

TEST(DramModel, AWriteIsDoneWhenTheQueueHasTakenItAndItsDrainDelaysReads) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece first{0, 64}, second{256, 64};
  memory.transfer(0, Direction::Read, {&first, 1}, events);
  const Completion write = memory.transfer(1000, Direction::Write, {&first, 1}, events);
  EXPECT_EQ(write.end, 1001);
  // Nothing reads, so the write has gone at once: the read waits for its data and to turn around.
  const Completion read = memory.transfer(1000, Direction::Read, {&second, 1}, events);
  EXPECT_EQ(read.firstData, 1000 + config.timing.CWL + 4 + config.timing.WTR_L + config.timing.CL);
}

TEST(DramModel, AFullWriteQueueTakesDataAsFastAsItDrains) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece queue{0, 32 * 64}, more{32 * 64, 100 * 64};
  EXPECT_EQ(memory.transfer(0, Direction::Write, {&queue, 1}, events).end, 1);
  // Its last burst enters as the burst 32 before it, the hundredth, leaves.
  EXPECT_EQ(memory.transfer(0, Direction::Write, {&more, 1}, events).end,
            config.timing.RCD + 99 * 4 + 1);
}

TEST(DramModel, WritesWaitForReadsUntilTheWatermark) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece reads{0, 64 * 64};
  const std::int64_t readsEnd = memory.transfer(0, Direction::Read, {&reads, 1}, events).end;
  const auto write = [&](std::int64_t piece) {
    const Piece one{(1 << 20) + piece * 64, 64};
    return memory.transfer(0, Direction::Write, {&one, 1}, events).end;
  };
  for (std::int64_t i = 0; i < 25; ++i) EXPECT_EQ(write(i), 1);
  const Piece between{64 * 64, 64};
  const Completion before = memory.transfer(0, Direction::Read, {&between, 1}, events);
  EXPECT_EQ(before.end, readsEnd + 4) << "25 of 32 writes do not stop reads";
  EXPECT_EQ(events.writes, 0);
  write(25);
  EXPECT_EQ(events.writes, 20) << "the drain leaves 6";
  const Piece after{65 * 64, 64};
  EXPECT_GT(memory.transfer(0, Direction::Read, {&after, 1}, events).end, before.end + 20 * 4);
  memory.idleUntil(10'000, events);
  EXPECT_EQ(events.writes, 26);
}

TEST(DramModel, ReadsOfQueuedWritesAreForwarded) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece reads{0, 64 * 64}, write{1 << 20, 8 * 64}, within{(1 << 20) + 64, 3 * 64};
  memory.transfer(0, Direction::Read, {&reads, 1}, events);
  memory.transfer(10, Direction::Write, {&write, 1}, events);
  const Completion forwarded = memory.transfer(20, Direction::Read, {&within, 1}, events);
  EXPECT_EQ(forwarded.end, 21);
  EXPECT_EQ(events.reads, 64) << "no column command for what the queue holds";
  EXPECT_EQ(events.bursts, 64 + 3);
  const Piece partly{(1 << 20) + 6 * 64, 4 * 64};
  const Completion mixed = memory.transfer(20, Direction::Read, {&partly, 1}, events);
  EXPECT_EQ(events.reads, 64 + 2);
  EXPECT_GT(mixed.end, 64 * 4);
}

TEST(DramModel, ARefreshDelaysWhatComesAfterIt) {
  const MemoryConfig config = ddr4Like();
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 64};
  memory.transfer(0, Direction::Read, {&piece, 1}, events);
  const std::int64_t due = config.timing.REFI;
  const Completion before = memory.transfer(due - 1, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(before.firstData, due - 1 + config.timing.CL);
  const Completion after = memory.transfer(due + 1, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(events.refreshes, 1);
  EXPECT_EQ(after.firstData, due - 1 + config.timing.RTP + config.timing.RP + config.timing.RFC +
                                 config.timing.RCD + config.timing.CL);
}

TEST(DramModel, RefreshesThatLeaveHardlyAnyTimeDoNotStopIt) {
  MemoryConfig config = ddr4Like();
  config.timing.REFI = config.timing.RFC + 1;
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 1 << 16};
  memory.transfer(0, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(events.reads, 1024);
  EXPECT_GE(events.refreshes, 900);
}

TEST(DramModel, IdleTimeIsRefreshedToo) {
  const MemoryConfig config = ddr4Like();
  DramModel memory(config);
  MemoryEvents events;
  memory.idleUntil(10 * config.timing.REFI + 1, events);
  EXPECT_EQ(events.refreshes, 10);
  EXPECT_EQ(events.activeCycles, 0);
  EXPECT_EQ(events.idleCycles, 10 * config.timing.REFI + 1);
}

TEST(DramModel, OpenRowsOutliveAPhaseButTimeStartsAgain) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 64};
  memory.transfer(5000, Direction::Read, {&piece, 1}, events);
  memory.idleUntil(6000, events);
  EXPECT_EQ(events.activeCycles, 1000);
  EXPECT_EQ(events.idleCycles, 5000);
  memory.beginPhase();
  const Completion done = memory.transfer(0, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(done.firstData, config.timing.CL);
  EXPECT_EQ(events.rowHits, 1);
  memory.idleUntil(100, events);
  EXPECT_EQ(events.activeCycles, 1100);
}

// Properties over random descriptors.

struct Descriptor {
  Direction direction;
  std::vector<Piece> pieces;
};

std::int64_t pick(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

std::vector<Descriptor> randomDescriptors(std::mt19937_64& random) {
  std::vector<Descriptor> all(120);
  for (Descriptor& descriptor : all) {
    descriptor.direction = pick(random, 0, 2) < 2 ? Direction::Read : Direction::Write;
    const std::int64_t pieces = pick(random, 1, 40);
    const std::int64_t bytes = 64 << pick(random, 0, 6);
    const std::int64_t stride = pick(random, 0, 2) == 0 ? bytes : bytes + 64 * pick(random, 0, 400);
    std::int64_t address = pick(random, 0, 1 << 18) * 64;
    for (std::int64_t i = 0; i < pieces; ++i, address += stride) {
      descriptor.pieces.push_back({address, bytes});
    }
  }
  return all;
}

/// Cycles of all descriptors, two under way.
std::int64_t cyclesOf(const MemoryConfig& config, const std::vector<Descriptor>& all,
                      MemoryEvents& events) {
  DramModel memory(config);
  std::int64_t beforeLast = 0, last = 0;
  for (const Descriptor& descriptor : all) {
    const Completion done =
        memory.transfer(beforeLast, descriptor.direction, descriptor.pieces, events);
    beforeLast = std::max(beforeLast, last);
    last = std::max(last, done.end);
  }
  memory.idleUntil(last + 1, events);
  return last;
}

TEST(DramModel, MovesTheDescriptorsBytesAndNeverFasterThanThePeak) {
  for (const std::string& preset : presetNames("memories")) {
    for (const char* mapping : {"row", "bgi"}) {
      MemoryConfig config = loadMemory(preset);
      config.mapping = mappingText(mapping, config);
      std::mt19937_64 random(17);
      const std::vector<Descriptor> all = randomDescriptors(random);
      std::int64_t bytes = 0;
      for (const Descriptor& descriptor : all) {
        for (const Piece& piece : descriptor.pieces) bytes += piece.bytes;
      }
      MemoryEvents events;
      const std::int64_t cycles = cyclesOf(config, all, events);
      const std::int64_t bursts = bytes / config.timing.burstBytes();
      EXPECT_EQ(events.bursts, bursts) << preset;
      EXPECT_EQ(events.rowHits + events.rowMisses + events.rowConflicts, events.bursts) << preset;
      EXPECT_EQ(events.activates, events.rowMisses + events.rowConflicts) << preset;
      // What is posted at the end may still wait in the write queue.
      const std::int64_t moved = bursts - config.controller.writeQueue;
      EXPECT_GE(cycles, moved * config.timing.burstCycles()) << preset << " " << mapping;
    }
  }
}

struct More {
  const char* what;
  void (*apply)(MemoryConfig&);
  double most = 1.02;  ///< of the time before
};

constexpr More kMore[] = {
    {"channels", [](MemoryConfig& memory) { memory.channels *= 2; }},
    // Data of two ranks keep RTRS apart, and rows of two ranks do not overlap within a bank group's
    // CCD_L.
    {"ranks", [](MemoryConfig& memory) { memory.ranks *= 2; }, 1.05},
    {"banks", [](MemoryConfig& memory) { memory.banksPerGroup *= 2; }},
    {"read queue", [](MemoryConfig& memory) { memory.controller.readQueue *= 2; }},
    {"write queue", [](MemoryConfig& memory) { memory.controller.writeQueue *= 2; }},
};

TEST(DramModel, MoreIsNotSlower) {
  for (const char* preset : {"ddr3_1600", "ddr4_2400", "lpddr4_3200", "lpddr5_6400", "hbm2"}) {
    for (const char* mapping : {"row", "bgi"}) {
      for (const More& more : kMore) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
          MemoryConfig config = loadMemory(preset);
          std::mt19937_64 random(seed);
          const std::vector<Descriptor> all = randomDescriptors(random);
          MemoryEvents events;
          config.mapping = mappingText(mapping, config);
          const std::int64_t before = cyclesOf(config, all, events);
          more.apply(config);
          config.mapping = mappingText(mapping, config);
          const std::int64_t after = cyclesOf(config, all, events);
          EXPECT_LE(static_cast<double>(after), more.most * static_cast<double>(before))
              << preset << " " << mapping << ", more " << more.what << ", seed " << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace npusim
