#include "kernels/pipeline/interval_allocator.h"

#include <gtest/gtest.h>

#include "tests/end_to_end/random.h"

namespace npusim::passes {
namespace {

struct Piece {
  std::int64_t begin, end;
  int first, last;
};

bool meet(const Piece& a, const Piece& b) {
  return a.first <= b.last && b.first <= a.last && a.begin < b.end && b.begin < a.end;
}

bool free(const std::vector<Piece>& pieces, const Piece& wanted, std::int64_t capacity) {
  for (const Piece& piece : pieces) {
    if (meet(piece, wanted)) return false;
  }
  return wanted.end <= capacity;
}

TEST(IntervalAllocator, GivesTheLowestAlignedAddressThatIsFree) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const std::int64_t capacity = random.integer(1, 40) * 64 + random.integer(0, 63);
    IntervalAllocator allocator(capacity);
    std::vector<Piece> pieces;
    for (int i = 0; i < 50; ++i) {
      const auto first = static_cast<int>(random.integer(-1, 12));
      const auto last = first + static_cast<int>(random.integer(0, 5));
      const std::int64_t bytes = random.integer(1, 500);
      std::optional<std::int64_t> expected;
      for (std::int64_t at = 0; !expected && at < capacity; at += 64) {
        if (free(pieces, {at, at + bytes, first, last}, capacity)) expected = at;
      }
      const std::optional<std::int64_t> placed = allocator.place(bytes, first, last);
      ASSERT_EQ(placed, expected);
      if (placed) pieces.push_back({*placed, *placed + bytes, first, last});
    }
  }
}

TEST(IntervalAllocator, ReusesRoomOfPiecesThatDied) {
  IntervalAllocator allocator(128);
  EXPECT_EQ(allocator.place(128, 0, 1), 0);
  EXPECT_EQ(allocator.place(64, 1, 2), std::nullopt);
  EXPECT_EQ(allocator.place(64, 2, 3), 0);
  EXPECT_EQ(allocator.place(64, 3, 3), 64);
}

TEST(IntervalAllocator, WhatIsRemovedLeavesItsRoom) {
  IntervalAllocator allocator(128);
  EXPECT_EQ(allocator.place(64, 0, 2), 0);
  EXPECT_EQ(allocator.place(64, 1, 2), 64);
  EXPECT_EQ(allocator.place(64, 2, 2), std::nullopt);
  allocator.remove(0, 2);
  EXPECT_EQ(allocator.place(64, 2, 2), 0);
}

}  // namespace
}  // namespace npusim::passes
