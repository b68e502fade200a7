#include "sim/memory/dram/dram_model.h"

#include <gtest/gtest.h>

#include <vector>

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
  const double perVisit = static_cast<double>(done.end) / kVisits;
  EXPECT_NEAR(perVisit, static_cast<double>(config.timing.FAW) / 4, 0.2);
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

TEST(DramModel, TurningFromWriteToReadWaits) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece first{0, 64}, second{256, 64};
  memory.transfer(0, Direction::Read, {&first, 1}, events);
  const Completion write = memory.transfer(1000, Direction::Write, {&first, 1}, events);
  EXPECT_EQ(write.end, 1000 + config.timing.CWL + 4);
  const Completion read = memory.transfer(1000, Direction::Read, {&second, 1}, events);
  EXPECT_EQ(read.firstData, write.end + config.timing.WTR_L + config.timing.CL);
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
  EXPECT_GE(after.firstData, before.end + config.timing.RFC + config.timing.RCD + config.timing.CL);
  EXPECT_LE(after.firstData, before.end + config.timing.RTP + config.timing.RP + config.timing.RFC +
                                 config.timing.RCD + config.timing.CL);
}

TEST(DramModel, IdleTimeIsRefreshedToo) {
  const MemoryConfig config = ddr4Like();
  DramModel memory(config);
  MemoryEvents events;
  memory.idleUntil(10 * config.timing.REFI + 1, events);
  EXPECT_EQ(events.refreshes, 10);
}

TEST(DramModel, OpenRowsOutliveAPhaseButTimeStartsAgain) {
  const MemoryConfig config = withoutRefresh(ddr4Like());
  DramModel memory(config);
  MemoryEvents events;
  const Piece piece{0, 64};
  memory.transfer(5000, Direction::Read, {&piece, 1}, events);
  memory.beginPhase();
  const Completion done = memory.transfer(0, Direction::Read, {&piece, 1}, events);
  EXPECT_EQ(done.firstData, config.timing.CL);
  EXPECT_EQ(events.rowHits, 1);
}

}  // namespace
}  // namespace npusim
