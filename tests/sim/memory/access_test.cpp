#include "sim/memory/access.h"

#include <gtest/gtest.h>

#include <random>

namespace npusim {
namespace {

TEST(Access, ValidPositionsEqualBruteForce) {
  std::mt19937 random(7);
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int trial = 0; trial < 20000; ++trial) {
    const std::int64_t origin = pick(-20, 20), stride = pick(-4, 4), limit = pick(0, 15);
    const std::int64_t begin = pick(0, 5), end = begin + pick(0, 12);
    const PositionRange range = validPositions(origin, stride, limit, {begin, end});
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t coordinate = origin + stride * p;
      const bool inside = coordinate >= 0 && coordinate < limit;
      ASSERT_EQ(inside, p >= range.begin && p < range.end)
          << "origin " << origin << " stride " << stride << " limit " << limit << " p " << p;
    }
  }
}

TEST(Access, SeveralBoundsIntersect) {
  const std::vector<std::int64_t> rows = {1, 0}, columns = {0, 2};
  ResolvedAccess access;
  access.bounds = {{-1, 4, rows}, {-1, 6, columns}};
  const std::vector<std::int64_t> outside = {0, 0}, inside = {2, 3};
  EXPECT_TRUE(validPositions(access, outside, 1, {0, 5}).empty());
  const PositionRange range = validPositions(access, inside, 1, {0, 5});
  EXPECT_EQ(range.begin, 1);
  EXPECT_EQ(range.end, 4);
}

TEST(Access, StepPositionVisitsAllInOrder) {
  std::vector<std::int64_t> position = {0, 0};
  const std::vector<std::int64_t> extents = {2, 3};
  std::vector<std::vector<std::int64_t>> seen = {position};
  while (stepPosition(position, extents)) seen.push_back(position);
  EXPECT_EQ(seen, (std::vector<std::vector<std::int64_t>>{
                      {0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}));
  EXPECT_EQ(position, (std::vector<std::int64_t>{0, 0}));
}

}  // namespace
}  // namespace npusim
