#include "kernels/lowering/pieces.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/end_to_end/random.h"

namespace npusim::lowering {
namespace {

using end_to_end::Random;
using List = std::vector<std::int64_t>;

/// Indices along which an interpolation by `scale` finds the lower neighbours of its results.
List neighbours(std::int64_t extent, std::int64_t scale, std::int64_t offset) {
  List list;
  for (std::int64_t i = 0; i < extent * scale; ++i) {
    list.push_back(std::clamp<std::int64_t>((i + offset) / scale, 0, extent - 1));
  }
  return list;
}

List randomList(Random& random, std::int64_t count) {
  const std::int64_t repeat = random.integer(1, 4), step = random.integer(-2, 3);
  const std::int64_t start = random.integer(0, 20) + 2 * count;
  List list;
  for (std::int64_t i = 0; i < count; ++i) {
    list.push_back(start + i / repeat * step + (random.once(8) ? 1 : 0));
  }
  return list;
}

/// What the pieces say of each position, by the views that a reader has.
List followed(const List& list, const std::vector<Piece>& pieces) {
  const plan::View from{0, 0, DataType::Int8, {1000}, {1}};
  const std::vector<List> source = {list};
  List result;
  for (const Piece& piece : pieces) {
    const plan::View seen = seenThrough(from, &source, std::span(&piece, 1));
    EXPECT_EQ(seen.shape.size(), piece.repeat > 1 ? 2U : 1U);
    for (std::int64_t i = 0; i < piece.length; ++i) {
      const std::int64_t group = seen.shape[0] == 1 ? 0 : i / piece.repeat;
      result.push_back(seen.offset + group * seen.strides[0]);
    }
  }
  return result;
}

TEST(Pieces, FollowEveryList) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const std::int64_t count = random.integer(1, 30);
    const List a = randomList(random, count), b = randomList(random, count);
    const List* const lists[] = {&a, &b};
    const std::vector<Piece> pieces = commonPieces(lists);
    std::int64_t next = 0;
    for (const Piece& piece : pieces) {
      EXPECT_EQ(piece.first, next) << "seed " << seed;
      EXPECT_EQ(piece.length % piece.repeat, 0) << "seed " << seed;
      next += piece.length;
    }
    EXPECT_EQ(next, count) << "seed " << seed;
    EXPECT_EQ(followed(a, pieces), a) << "seed " << seed;
    EXPECT_EQ(followed(b, pieces), b) << "seed " << seed;
  }
}

TEST(Pieces, OfAnInterpolationAreItsTwoEndsAndWhatLiesBetween) {
  const List lower = neighbours(16, 4, -2), upper = neighbours(16, 4, 2);
  const List* const lists[] = {&lower, &upper};
  const std::vector<Piece> pieces = commonPieces(lists);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[1].repeat, 4);
  EXPECT_EQ(pieces[1].length, 60);
}

TEST(Pieces, OfOtherOperandsAreCutOutOfThem) {
  const plan::View whole{0, 100, DataType::Float32, {3, 1, 20}, {80, 80, 4}};
  const std::vector<Piece> pieces = {{0, 3, 1}, {0, 7, 1}, {6, 8, 2}};
  const plan::View seen = seenThrough(whole, nullptr, pieces);
  EXPECT_EQ(seen.offset, 124);
  EXPECT_EQ(seen.shape, (Shape{3, 1, 4, 2}));
  EXPECT_EQ(seen.strides[2], 8);
  EXPECT_EQ(seen.strides[3], 4);
}

}  // namespace
}  // namespace npusim::lowering
