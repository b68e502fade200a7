#include "kernels/pipeline/interval_allocator.h"

#include <gtest/gtest.h>

#include "tests/end_to_end/random.h"

namespace npusim::passes {
namespace {

constexpr std::int64_t kCores = 6;

struct Piece {
  std::int64_t begin, end;
  Life life;
};

/// Is there a task and a core at which both take the same byte?
bool meet(const Piece& a, const Piece& b) {
  if (a.end <= b.begin || b.end <= a.begin) return false;
  if (a.life.last < b.life.first || b.life.last < a.life.first) return false;
  for (std::int64_t core = 0; core < kCores; ++core) {
    if (a.life.cores.contains(core) && b.life.cores.contains(core)) return true;
  }
  return false;
}

Life randomLife(end_to_end::Random& random) {
  const auto first = static_cast<int>(random.integer(-1, 12));
  Life life{first, first + static_cast<int>(random.integer(0, 5))};
  if (random.once(2)) return life;
  life.cores.first = static_cast<std::int32_t>(random.integer(0, kCores - 1));
  life.cores.count = static_cast<std::int32_t>(random.integer(1, kCores - life.cores.first));
  return life;
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
      const Life life = randomLife(random);
      const std::int64_t bytes = random.integer(1, 500);
      std::optional<std::int64_t> expected;
      for (std::int64_t at = 0; !expected && at < capacity; at += 64) {
        if (free(pieces, {at, at + bytes, life}, capacity)) expected = at;
      }
      const std::optional<std::int64_t> placed = allocator.place(bytes, life);
      ASSERT_EQ(placed, expected);
      if (placed) pieces.push_back({*placed, *placed + bytes, life});
    }
  }
}

TEST(IntervalAllocator, ReusesRoomOfPiecesThatDied) {
  IntervalAllocator allocator(128);
  EXPECT_EQ(allocator.place(128, {0, 1}), 0);
  EXPECT_EQ(allocator.place(64, {1, 2}), std::nullopt);
  EXPECT_EQ(allocator.place(64, {2, 3}), 0);
  EXPECT_EQ(allocator.place(64, {3, 3}), 64);
}

TEST(IntervalAllocator, WhatIsRemovedLeavesItsRoom) {
  IntervalAllocator allocator(128);
  EXPECT_EQ(allocator.place(64, {0, 2}), 0);
  EXPECT_EQ(allocator.place(64, {1, 2}), 64);
  EXPECT_EQ(allocator.place(64, {2, 2}), std::nullopt);
  allocator.remove(0, {0, 2});
  EXPECT_EQ(allocator.place(64, {2, 2}), 0);
}

TEST(IntervalAllocator, CoresThatDifferShareAddresses) {
  IntervalAllocator allocator(128);
  EXPECT_EQ(allocator.place(128, {0, 9, {0, 2}}), 0);
  EXPECT_EQ(allocator.place(128, {0, 9, {2, 2}}), 0);
  EXPECT_EQ(allocator.place(64, {0, 9, {1, 2}}), std::nullopt);
  EXPECT_EQ(allocator.place(64, {0, 9}), std::nullopt);
  allocator.remove(0, {0, 9, {2, 2}});
  EXPECT_EQ(allocator.place(64, {0, 9, {2, 1}}), 0);
  EXPECT_EQ(allocator.place(64, {0, 9, {1, 1}}), std::nullopt);
}

}  // namespace
}  // namespace npusim::passes
