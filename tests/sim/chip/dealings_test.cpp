#include "sim/chip/dealings.h"

#include <gtest/gtest.h>

#include "sim/chip/places.h"
#include "sim/laws/lockstep_law.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using namespace npusim::testing_tiles;

/// Tiles come and come again in any order: what is remembered is what is computed anew.
TEST(Dealings, AreThoseOfTheLawWhateverWasAskedBefore) {
  const RandomTile drawn = randomTile(3, {.axis = 12, .peSteps = 2'000, .macs = 100'000});
  ChipConfig chip;
  chip.cores = 4;
  chip.coreControl = CoreControl::Shared;
  chip.array = drawn.array;
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  chip.buffers = {buffer};
  std::mt19937 random(1);
  std::vector<MatrixTile> tiles(9, drawn.problem->tile);
  for (MatrixTile& tile : tiles) {
    tile.extents[2] = 1 + random() % 40;
    tile.extents[MatrixTile::kN] = 1 + random() % 40;
    tile.a.address = random() % 8 * 64;
  }
  Dealings dealings(chip);
  for (int i = 0; i < 200; ++i) {
    const MatrixTile& tile = tiles[random() % tiles.size()];
    ASSERT_EQ(dealings.of(tile), dealt(chip, arrayFormat(tile.a.type), placesOf(tile))) << i;
  }
}

TEST(Dealings, OneArrayIsDealtNothing) {
  const RandomTile drawn = randomTile(5, {.axis = 12, .peSteps = 2'000, .macs = 100'000});
  ChipConfig chip;
  chip.array = drawn.array;
  EXPECT_EQ(Dealings(chip).of(drawn.problem->tile), Dealing{});
}

}  // namespace
}  // namespace npusim
