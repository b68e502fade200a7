#include "sim/chip/array_schedule.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

constexpr ArrayTiming kTile{.prologue = 8, .stream = 40, .drain = 14};

TEST(ArraySchedule, PrologueHidesUnderTheStreamBeforeIt) {
  ArraySchedule schedule(ArrayConfig{});
  const ArraySlot first = schedule.place(0, kTile, 0);
  const ArraySlot second = schedule.place(1, kTile, 0);
  EXPECT_EQ(first.streamStart, 8);
  EXPECT_EQ(second.prologueStart, first.streamStart);
  EXPECT_EQ(second.streamStart, first.streamEnd);
  EXPECT_EQ(second.completion, 8 + 40 + 40 + 14);
  EXPECT_EQ(schedule.fillCycles(), 8);
}

TEST(ArraySchedule, ALateTileShowsTheRestOfItsPrologue) {
  ArraySchedule schedule(ArrayConfig{});
  const ArraySlot first = schedule.place(0, kTile, 0);
  const ArraySlot second = schedule.place(first.streamEnd - 3, kTile, 0);
  EXPECT_EQ(second.streamStart, first.streamEnd + 5);
  EXPECT_EQ(schedule.fillCycles(), 8 + 5);
}

TEST(ArraySchedule, AnIdleArrayPaysTheWholeTile) {
  ArraySchedule schedule(ArrayConfig{});
  schedule.place(0, kTile, 0);
  const ArraySlot second = schedule.place(1000, kTile, 0);
  EXPECT_EQ(second.completion, 1000 + kTile.total());
  EXPECT_EQ(schedule.fillCycles(), 2 * 8);
}

TEST(ArraySchedule, OneSetOfWeightsLoadsAfterTheStream) {
  ArrayConfig array;
  array.doubleBufferedWeights = false;
  ArraySchedule schedule(array);
  const ArraySlot first = schedule.place(0, kTile, 0);
  EXPECT_EQ(schedule.place(1, kTile, 0).streamStart, first.streamEnd + 8);
}

TEST(ArraySchedule, ScaleSimOverlapsNothing) {
  ArrayConfig array;
  array.convention = Convention::ScaleSim;
  ArraySchedule schedule(array);
  const ArrayTiming tile{.prologue = 0, .stream = 61, .drain = 0};
  schedule.place(0, tile, 0);
  EXPECT_EQ(schedule.place(1, tile, 0).completion, 122);
}

TEST(ArraySchedule, StretchLengthensTheStream) {
  ArraySchedule schedule(ArrayConfig{});
  EXPECT_EQ(schedule.place(0, kTile, 10).completion, kTile.total() + 10);
}

}  // namespace
}  // namespace npusim
