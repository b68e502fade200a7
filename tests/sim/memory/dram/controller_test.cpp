#include "sim/memory/dram/controller.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

using enum DramCommand;
using Outcome = DramController::Outcome;

MemoryConfig withoutRefresh(const std::string& preset) {
  MemoryConfig memory = loadMemory(preset);
  memory.timing.REFI = 0;
  return memory;
}

DramLocation at(std::int64_t bank, std::int64_t row, std::int64_t column) {
  return {.bank = bank, .row = row, .column = column};
}

std::vector<IssuedCommand> drain(DramController& controller) {
  std::vector<IssuedCommand> log;
  while (!controller.idle()) {
    if (const auto issued = controller.step()) log.push_back(*issued);
  }
  return log;
}

/// "Activate@0 Read@17 ..."
std::string text(const std::vector<IssuedCommand>& log) {
  std::string result;
  for (const IssuedCommand& issued : log) {
    if (!result.empty()) result += " ";
    result += std::string(name(issued.command)) + "@" + std::to_string(issued.clock);
  }
  return result;
}

TEST(DramController, ActivatesAndReadsInTheClockOfTheOffer) {
  DramController controller(withoutRefresh("ddr4_2400"));
  EXPECT_EQ(controller.nextClock(), DramController::kNever);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 5, 0), 10, 3), Outcome::Queued);
  const std::vector<IssuedCommand> log = drain(controller);
  EXPECT_EQ(text(log), "Activate@10 Read@27");
  EXPECT_EQ(log[1].tag, 3U);
  EXPECT_EQ(log[1].done, 27 + 17 + 4);
}

TEST(DramController, ConflictClosesTheRowFirst) {
  DramController controller(withoutRefresh("ddr4_2400"));
  controller.offer(Direction::Read, at(0, 5, 0), 0, 0);
  drain(controller);
  controller.offer(Direction::Read, at(0, 6, 0), 100, 0);
  EXPECT_EQ(text(drain(controller)), "Precharge@100 Activate@117 Read@134");
  const MemoryEvents events = controller.events(200);
  EXPECT_EQ(events.rowMisses, 1);
  EXPECT_EQ(events.rowConflicts, 1);
  EXPECT_EQ(events.activates, 2);
  EXPECT_EQ(events.activeCycles, 100 + 200 - 117);
  EXPECT_EQ(events.idleCycles, 17);
}

TEST(DramController, ForwardsReadsOfWaitingWritesAndMergesEqualWrites) {
  DramController controller(withoutRefresh("ddr4_2400"));
  EXPECT_EQ(controller.offer(Direction::Write, at(0, 5, 7), 0, 0), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Write, at(0, 5, 7), 0, 1), Outcome::Merged);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 5, 7), 0, 2), Outcome::Forwarded);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 5, 8), 0, 3), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 5, 8), 0, 4), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Read, at(1, 5, 7), 0, 5), Outcome::Queued);
}

TEST(DramController, RefusesWhatItsQueueCannotHold) {
  MemoryConfig memory = withoutRefresh("ddr4_2400");
  memory.controller.readQueue = 2;
  DramController controller(memory);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 1, 0), 0, 0), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 1, 1), 0, 1), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 1, 2), 0, 2), Outcome::Refused);
  EXPECT_EQ(controller.offer(Direction::Write, at(0, 1, 2), 0, 3), Outcome::Queued);
  EXPECT_EQ(controller.offer(Direction::Read, at(0, 1, 2), 0, 4), Outcome::Forwarded);
}

/// Row-hit protection needs a precharge that is allowed before the next read of the row.
MemoryConfig slowColumns() {
  MemoryConfig memory = withoutRefresh("ddr4_2400");
  memory.timing.RAS = memory.timing.RTP = 1;
  memory.timing.CCD_L = 20;
  return memory;
}

TEST(DramController, OlderHitsKeepTheRowOpen) {
  DramController controller(slowColumns());
  controller.offer(Direction::Read, at(0, 1, 0), 0, 0);
  controller.offer(Direction::Read, at(0, 1, 1), 0, 1);
  controller.offer(Direction::Read, at(0, 2, 0), 0, 2);
  EXPECT_EQ(text(drain(controller)), "Activate@0 Read@17 Read@37 Precharge@38 Activate@56 Read@73");
}

TEST(DramController, YoungerHitsDoNot) {
  DramController controller(slowColumns());
  controller.offer(Direction::Read, at(0, 1, 0), 0, 0);
  controller.offer(Direction::Read, at(0, 2, 0), 0, 1);
  controller.offer(Direction::Read, at(0, 1, 1), 0, 2);
  const std::vector<IssuedCommand> log = drain(controller);
  EXPECT_EQ(text(log).substr(0, 32), "Activate@0 Read@17 Precharge@18 ");
  EXPECT_EQ(log[4].tag, 1U);
}

TEST(DramController, ReadyHitsPassOlderConflicts) {
  DramController controller(withoutRefresh("ddr4_2400"));
  controller.offer(Direction::Read, at(0, 1, 0), 0, 0);
  controller.offer(Direction::Read, at(0, 2, 0), 0, 1);
  controller.offer(Direction::Read, at(0, 1, 1), 0, 2);
  EXPECT_EQ(text(drain(controller)), "Activate@0 Read@17 Read@23 Precharge@39 Activate@56 Read@73");
}

TEST(DramController, DrainsWritesBetweenTheWatermarks) {
  DramController controller(withoutRefresh("ddr4_2400"));  // above 0.8 and below 0.2 of 32
  for (std::uint32_t i = 0; i < 32; ++i) controller.offer(Direction::Read, at(0, 1, i), 0, i);
  for (std::uint32_t i = 0; i < 25; ++i) controller.offer(Direction::Write, at(1, 1, i), 0, i);
  EXPECT_EQ(controller.step()->bank, 0U);
  controller.offer(Direction::Write, at(1, 1, 25), 0, 25);  // the 26th
  std::vector<DramCommand> columns;
  for (const IssuedCommand& issued : drain(controller)) {
    if (issued.done > 0) columns.push_back(issued.command);
  }
  // The read for which the row was opened, then writes until 6 are left, then the reads.
  ASSERT_EQ(columns.size(), 58U);
  EXPECT_EQ(columns[0], Read);
  for (std::size_t i = 1; i <= 20; ++i) EXPECT_EQ(columns[i], Write) << i;
  for (std::size_t i = 21; i <= 51; ++i) EXPECT_EQ(columns[i], Read) << i;
  for (std::size_t i = 52; i < 58; ++i) EXPECT_EQ(columns[i], Write) << i;
}

TEST(DramController, RefreshClosesTheRankAndComesOnTime) {
  MemoryConfig memory = loadMemory("ddr4_2400");  // REFI 9360, RFC 420
  DramController controller(memory);
  controller.offer(Direction::Read, at(0, 1, 0), 0, 0);
  drain(controller);
  while (controller.nextClock() < 9360) controller.step();
  controller.offer(Direction::Read, at(0, 1, 1), 9360, 1);  // a hit, but the refresh is due
  EXPECT_EQ(text(drain(controller)), "PrechargeAll@9360 Refresh@9377 Activate@9797 Read@9814");
  EXPECT_EQ(controller.events(10000).refreshes, 1);
  EXPECT_EQ(controller.events(10000).rowMisses, 2);
}

TEST(DramController, SkippedPausesHaveTheirRefreshes) {
  const MemoryConfig memory = loadMemory("ddr4_2400");
  DramController controller(memory);
  const std::int64_t end = std::int64_t{1'000'000} * memory.timing.REFI + 5;
  controller.skipIdle(end);
  std::int64_t steps = 0;
  for (; controller.nextClock() < end; ++steps) controller.step();
  EXPECT_LT(steps, 20);
  EXPECT_EQ(controller.events(end).refreshes, 1'000'000);
  EXPECT_EQ(controller.nextClock(), std::int64_t{1'000'001} * memory.timing.REFI);
}

TEST(DramController, PausesOfAnyLengthWithoutRefresh) {
  DramController controller(withoutRefresh("ddr4_2400"));
  std::int64_t clock = 0;
  for (const std::int64_t pause : {1, 1 << 10, 1 << 21, 1 << 30}) {
    clock = (clock + std::int64_t{pause}) * 16;
    controller.offer(Direction::Write, at(0, pause, 0), clock, 0);
    controller.offer(Direction::Write, at(1, pause, 0), clock, 1);
    const std::vector<IssuedCommand> log = drain(controller);
    EXPECT_EQ(log[0].clock, clock) << pause;
    EXPECT_LT(log.back().clock, clock + 100) << pause;
  }
}

TEST(DramController, Lpddr5StartsTheDataClockAndActivatesInTwoParts) {
  DramController controller(withoutRefresh("lpddr5_6400"));
  controller.offer(Direction::Read, at(0, 1, 0), 0, 0);
  controller.offer(Direction::Read, at(0, 1, 1), 0, 1);
  EXPECT_EQ(text(drain(controller)), "Activate@0 ActivateEnd@1 Sync@15 Read@16 Read@20");
  // The clock runs until one cycle after the data: 20 + 17 + 2 + 1.
  controller.offer(Direction::Read, at(0, 1, 2), 39, 2);
  EXPECT_EQ(text(drain(controller)), "Read@39");
  controller.offer(Direction::Read, at(0, 1, 3), 39 + 20, 3);
  EXPECT_EQ(text(drain(controller)), "Sync@59 Read@60");
}

TEST(DramController, HbmGivesARowAndAColumnCommandInOneClock) {
  DramController controller(withoutRefresh("hbm2"));
  for (std::int64_t column = 0; column < 8; ++column) {
    controller.offer(Direction::Read, at(0, 1, column), 0, 0);
  }
  controller.step();
  controller.step();
  EXPECT_EQ(controller.nextClock(), 19);
  controller.offer(Direction::Read, at(1, 1, 0), 19, 1);
  const auto column = controller.step(), row = controller.step();
  EXPECT_EQ(text({*column, *row}), "Read@19 Activate@19");
}

TEST(DramController, SteppingWithoutAnythingToDoIsOurBug) {
  DramController controller(withoutRefresh("ddr4_2400"));
  EXPECT_THROW(controller.step(), InternalError);
}

}  // namespace
}  // namespace npusim
