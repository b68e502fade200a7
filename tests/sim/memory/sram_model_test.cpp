#include "sim/memory/sram_model.h"

#include <gtest/gtest.h>

#include <array>

namespace npusim {
namespace {

/// 64 GB/s: a burst of 64 bytes a nanosecond, 10 of which pass before data come.
MemoryConfig cache() {
  MemoryConfig memory;
  memory.kind = MemoryKind::Sram;
  memory.bandwidthGbPerS = 64;
  memory.latencyNs = 10;
  return memory;
}

TEST(SramModel, MovesABurstACycleAfterItsLatency) {
  SramModel sram(cache());
  MemoryEvents events;
  const std::array<Piece, 1> kibibyte = {{{0, 1024}}};
  const Completion first = sram.transfer(5, Direction::Read, kibibyte, events);
  EXPECT_EQ(first.firstData, 15);
  EXPECT_EQ(first.end, 15 + 16);
  EXPECT_EQ(sram.clock().hertz(), 1'000'000'000);
}

TEST(SramModel, TheNextRequestsLatencyHidesBehindData) {
  SramModel sram(cache());
  MemoryEvents events;
  const std::array<Piece, 1> kibibyte = {{{0, 1024}}};
  sram.transfer(0, Direction::Read, kibibyte, events);
  const Completion second = sram.transfer(0, Direction::Write, kibibyte, events);
  EXPECT_EQ(second.firstData, 10 + 16);
  EXPECT_EQ(sram.transfer(1000, Direction::Read, kibibyte, events).firstData, 1010);
  EXPECT_EQ(events.reads, 32);
  EXPECT_EQ(events.writes, 16);
  EXPECT_EQ(events.bursts, 48);
  EXPECT_EQ(events.activates + events.refreshes + events.rowHits, 0);
}

TEST(SramModel, PartialBurstsTakeWholeOnes) {
  SramModel sram(cache());
  MemoryEvents events;
  const std::array<Piece, 3> pieces = {{{60, 8}, {128, 1}, {256, 0}}};
  const Completion done = sram.transfer(0, Direction::Read, pieces, events);
  EXPECT_EQ(done.end - done.firstData, 3);
}

TEST(SramModel, APhaseBeginsAtCycleZero) {
  SramModel sram(cache());
  MemoryEvents events;
  const std::array<Piece, 1> kibibyte = {{{0, 1024}}};
  sram.transfer(0, Direction::Read, kibibyte, events);
  sram.beginPhase();
  EXPECT_EQ(sram.transfer(0, Direction::Read, kibibyte, events).firstData, 10);
}

}  // namespace
}  // namespace npusim
