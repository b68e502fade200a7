#include "sim/chip/burst_pieces.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

TEST(BurstPieces, RunsThatContinueJoinAndShareTheirBurst) {
  BurstPieces pieces;
  pieces.start(32);
  pieces.add(40, 20);  // burst 1
  pieces.add(60, 40);  // bursts 1 to 3, of which 1 has moved
  ASSERT_EQ(pieces.pieces().size(), 1U);
  EXPECT_EQ(pieces.pieces()[0].address, 32);
  EXPECT_EQ(pieces.pieces()[0].bytes, 96);
  pieces.add(320, 1);
  EXPECT_EQ(pieces.pieces().size(), 2U);
  EXPECT_EQ(pieces.units(), 4);
  EXPECT_EQ(pieces.bytes(), 128);
}

TEST(BurstPieces, AClearedListStillKnowsTheLastBurst) {
  BurstPieces pieces;
  pieces.start(64);
  pieces.add(0, 100);
  pieces.clear();
  pieces.add(100, 20);
  EXPECT_TRUE(pieces.pieces().empty());
  pieces.add(120, 20);
  ASSERT_EQ(pieces.pieces().size(), 1U);
  EXPECT_EQ(pieces.pieces()[0].address, 128);
}

}  // namespace
}  // namespace npusim
