#include "sim/laws/lockstep_law.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "sim/core/rounding.h"
#include "sim/laws/array_law.h"

namespace npusim {
namespace {

constexpr DataType kFormat = DataType::Float16;

/// Arrays of 8 x 8 under one command stream, with a buffer of 16 banks of 64 bytes.
ChipConfig sharedChip(std::int64_t cores, const std::string& dataflow = "weight_stationary") {
  ChipConfig chip;
  chip.cores = cores;
  chip.coreControl = CoreControl::Shared;
  chip.formats = {kFormat};
  chip.array.rows = chip.array.cols = 8;
  chip.array.dataflow = dataflowPreset(dataflow);
  chip.array.macsPerCycle = {{kFormat, 1}};
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  chip.buffers = {buffer};
  return chip;
}

/// A product whose rows of A lie `pitch` bytes apart.
ProductPlaces product(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t pitch) {
  ProductPlaces places;
  places.shape = MatrixShape::product(m, n, k);
  places.a = {0, 0, {0, 0, pitch, 0, 0, 0, 2}, 2};
  places.b = {0, 1 << 20, {0, 0, 0, 2, 0, 0, n * 2}, 2};
  places.c = {0, 1 << 21, {0, 0, n * 4, 4, 0, 0, 0}, 4};
  return places;
}

Dealing dealtFor(const ChipConfig& chip, const ProductPlaces& places) {
  return dealt(chip, kFormat, places);
}

TEST(LockstepLaw, OneArrayDoesAll) {
  ChipConfig chip = sharedChip(1);
  EXPECT_EQ(dealtFor(chip, product(100, 100, 100, 200)).parts(), 1);
  chip = sharedChip(4);
  chip.coreControl = CoreControl::Own;  // every core has its own products
  EXPECT_EQ(arraysInStep(chip), 1);
  EXPECT_EQ(dealtFor(chip, product(100, 100, 100, 200)).parts(), 1);
}

TEST(LockstepLaw, ColumnsAreDealtInWholeArrayColumns) {
  const ChipConfig chip = sharedChip(4);
  const ProductPlaces places = product(64, 100, 64, 128);
  const Dealing dealing = dealtFor(chip, places);
  EXPECT_EQ(dealing.columns, (Cut{3, 32, 4}));
  EXPECT_EQ(dealing.rows.parts, 1);
  EXPECT_EQ(dealing.shapeOf(places.shape, 3).n(), 100 - 3 * 32);
  EXPECT_EQ(arrayTiming(chip, kFormat, places.shape),
            arrayTiming(chip.array, kFormat, MatrixShape::product(64, 32, 64)));
}

TEST(LockstepLaw, RowsAreDealtWhereColumnsAreTooFew) {
  ChipConfig chip = sharedChip(4);
  // Rows of 8 elements next to each other: 4 x 16 bytes a step.
  EXPECT_EQ(dealtFor(chip, product(1024, 8, 8, 16)).rows, (Cut{2, 256, 4}));
  // Where columns reach two arrays, each of these is doubled.
  const Dealing both = dealtFor(chip, product(1000, 16, 8, 80));
  EXPECT_EQ(both.columns, (Cut{3, 8, 2}));
  EXPECT_EQ(both.rows, (Cut{2, 500, 2}));
}

TEST(LockstepLaw, RowsThatMeetInOneBankAreNotDealt) {
  ChipConfig chip = sharedChip(4);
  // 256 rows of 64 bytes are 16 rounds of the banks: all four arrays would read the same bank.
  EXPECT_EQ(dealtFor(chip, product(1024, 8, 8, 64)).parts(), 1);
  chip.buffers[0].ports = 4;
  EXPECT_EQ(dealtFor(chip, product(1024, 8, 8, 64)).rows.parts, 4);
  chip.buffers[0].ports = 1;
  chip.idealMemory = true;
  EXPECT_EQ(dealtFor(chip, product(1024, 8, 8, 64)).rows.parts, 4);
}

/// The parts cover the product, none is empty, the first is the slowest; and arrays help, but no
/// more than as many as there are.
TEST(LockstepLaw, PartsCoverTheProduct) {
  std::mt19937 random(7);
  const auto roll = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const char* dataflows[] = {"weight_stationary", "output_stationary", "input_stationary",
                             "dot_product"};
  for (int i = 0; i < 500; ++i) {
    const ChipConfig chip = sharedChip(roll(2, 20), dataflows[roll(0, 3)]);
    const ProductPlaces places = product(roll(1, 300), roll(1, 300), roll(1, 80), roll(80, 400));
    const Dealing dealing = dealtFor(chip, places);
    ASSERT_LE(dealing.parts(), chip.cores) << "product " << i;
    const ArrayTiming slowest = arrayTiming(chip.array, kFormat, dealing.shapeOf(places.shape));
    std::int64_t macs = 0;
    for (std::int64_t column = 0; column < dealing.columns.parts; ++column) {
      for (std::int64_t row = 0; row < dealing.rows.parts; ++row) {
        const MatrixShape part = dealing.shapeOf(places.shape, column, row);
        ASSERT_GT(part.macs(), 0) << "product " << i;
        ASSERT_LE(arrayTiming(chip.array, kFormat, part).total(), slowest.total());
        macs += part.macs();
      }
    }
    ASSERT_EQ(macs, places.shape.macs()) << "product " << i;
    const ArrayTiming one = arrayTiming(chip.array, kFormat, places.shape);
    const ArrayTiming expected = lockstepTiming(chip, kFormat, places.shape);
    ASSERT_LE(expected.total(), one.total()) << "product " << i;
    ASSERT_GE(expected.total() * chip.cores, one.stream) << "product " << i;
  }
}

}  // namespace
}  // namespace npusim
