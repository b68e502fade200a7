#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "sim/array/array_model.h"
#include "tests/sim/array/random_tile.h"

namespace npusim::testing_tiles {

/// Cycles, counters and values of a tile.
struct Result {
  ArrayCost cost;
  ZeroWork zeros;
  std::vector<std::byte> values;
};

/// The storages are afterwards as before.
inline Result resultOf(ArrayModel& array, Problem& problem) {
  const std::vector<std::byte> start = resultBytes(problem);
  Result result{array.cost(problem.tile), array.compute(problem.tile, problem.storages),
                resultBytes(problem)};
  restoreBytes(problem, start);
  return result;
}

/// Field by field, for a message that helps.
inline void expectEqual(const ArrayCost& actual, const ArrayCost& expected) {
  EXPECT_EQ(actual.timing.prologue, expected.timing.prologue);
  EXPECT_EQ(actual.timing.stream, expected.timing.stream);
  EXPECT_EQ(actual.timing.drain, expected.timing.drain);
  EXPECT_EQ(actual.work.inputBytes, expected.work.inputBytes);
  EXPECT_EQ(actual.work.weightBytes, expected.work.weightBytes);
  EXPECT_EQ(actual.work.partialReadBytes, expected.work.partialReadBytes);
  EXPECT_EQ(actual.work.partialWriteBytes, expected.work.partialWriteBytes);
  EXPECT_EQ(actual.work.edgePeCycles, expected.work.edgePeCycles);
  EXPECT_EQ(actual.work.fillDrainPeCycles, expected.work.fillDrainPeCycles);
  EXPECT_TRUE(actual.work.localStore == expected.work.localStore);
  EXPECT_TRUE(actual.work.network == expected.work.network);
  EXPECT_TRUE(actual == expected);
}

inline void expectEqual(const Result& actual, const Result& expected) {
  expectEqual(actual.cost, expected.cost);
  EXPECT_TRUE(actual.zeros == expected.zeros);
  EXPECT_TRUE(actual.values == expected.values);
}

}  // namespace npusim::testing_tiles
