#include "sim/laws/buffer_law.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/laws/array_law.h"
#include "sim/laws/lockstep_law.h"
#include "tests/sim/laws/buffer_enumeration.h"

namespace npusim {
namespace {

using namespace testing_buffers;

/// A chip with one buffer for everything.
ChipConfig smallChip(const std::string& dataflow, std::int64_t rows, std::int64_t cols) {
  ChipConfig chip;
  chip.array.rows = rows;
  chip.array.cols = cols;
  chip.array.dataflow = dataflowPreset(dataflow);
  chip.array.macsPerCycle = {{DataType::Float32, 1}};
  chip.formats = {DataType::Float32};
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  buffer.banks = 16;
  buffer.widthBytes = 64;
  chip.buffers = {buffer};
  return chip;
}

OperandPlace placeAt(std::int64_t address, const Extents& strides, std::int64_t bytes) {
  return {0, address, strides, bytes};
}

/// A product [m x k] x [k x n] whose rows of A begin `pitch` bytes apart.
ProductPlaces product(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t pitch) {
  ProductPlaces places;
  places.shape = MatrixShape::product(m, n, k);
  places.a = placeAt(0, {0, 0, pitch, 0, 0, 0, 4}, 4);
  places.b = placeAt(1 << 20, {0, 0, 0, 4, 0, 0, n * 4}, 4);
  places.c = placeAt(1 << 21, {0, 0, n * 4, 4, 0, 0, 0}, 4);
  return places;
}

std::int64_t stretchOf(const ChipConfig& chip, const ProductPlaces& places) {
  const DataType format = chip.formats.front();
  return bufferConflictCycles(chip, format, places, dealt(chip, format, places),
                              arrayTiming(chip.array, format, places.shape),
                              arrayWork(chip.array, format, places.shape));
}

/// A chip with few banks, so that conflicts are frequent, and a convolution on it.
struct RandomProduct {
  ChipConfig chip;
  ProductPlaces places;
  Dealing dealing;
  ArrayTiming timing;
  ArrayWork work;
  std::string text;

  explicit RandomProduct(std::uint32_t seed) {
    Dice dice(seed);
    chip = smallChip(
        dice.pick({"weight_stationary", "output_stationary", "input_stationary", "dot_product"}),
        dice.roll(1, 12), dice.roll(1, 12));
    const DataType format = dice.pick({DataType::Float32, DataType::Float16, DataType::Int8});
    chip.formats = {format};
    chip.array.macsPerCycle = {{format, dice.pick({0.5, 1.0, 1.0, 2.0})}};
    chip.buffers.reserve(chip.buffers.size() + 1);
    BufferConfig& buffer = chip.buffers[0];
    buffer.banks = dice.roll(1, 9);
    buffer.widthBytes = dice.pick<std::int64_t>({4, 8, 16, 64});
    buffer.ports = dice.roll(1, 2);
    if (dice.roll(0, 1) == 0) chip.buffers.push_back(buffer);
    if (dice.roll(0, 2) == 0) {
      chip.cores = dice.roll(2, 5);
      chip.coreControl = CoreControl::Shared;
    }
    places = convolution(byteSize(format), dice);
    dealing = dealt(chip, format, places);
    timing = arrayTiming(chip.array, format, dealing.shapeOf(places.shape));
    work = arrayWork(chip.array, format, places.shape);
    text = "seed " + std::to_string(seed) + ": " + chip.array.dataflow.name + " " +
           std::to_string(chip.array.rows) + " x " + std::to_string(chip.array.cols) + ", " +
           std::to_string(buffer.banks) + " banks of " + std::to_string(buffer.widthBytes);
  }

  std::int64_t law() const {
    return bufferConflictCycles(chip, chip.formats.front(), places, dealing, timing, work);
  }

 private:
  ProductPlaces convolution(std::int64_t width, Dice& dice) const {
    const std::int64_t channels = dice.roll(1, 20), n = dice.roll(1, 20);
    const std::int64_t taps = dice.roll(1, 3), pixels = dice.roll(1, 6);
    ProductPlaces p;
    p.shape.extents = {dice.roll(1, 2), pixels,  dice.roll(1, 6), n, taps,
                       dice.roll(1, 3), channels};
    p.shape.accumulates = dice.roll(0, 1) == 0;
    const auto& e = p.shape.extents;
    const std::int64_t pixel = (channels + dice.roll(0, 3)) * width;
    const std::int64_t row = (e[2] + e[5]) * pixel + dice.pick<std::int64_t>({0, 64, 12});
    const std::int64_t image = (pixels + taps) * row;
    p.a = placeAt(4096 - row, {image, row, pixel, 0, row, pixel, width}, width);
    const std::int64_t k = channels * n * width;
    p.b = placeAt(1 << 20, {0, 0, 0, width, e[5] * k, k, n * width}, width);
    const std::int64_t line = e[2] * n * 4;
    p.c = placeAt(1 << 21, {pixels * line, line, n * 4, 4, 0, 0, 0}, 4);
    p.c.buffer = chip.buffers.size() - 1;
    return p;
  }
};

std::int64_t cyclesOf(const RandomProduct& drawn) { return drawn.timing.stream + drawn.law(); }

TEST(BufferLaw, IsWhatAnEnumerationOfEveryAccessCounts) {
  int conflicts = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const RandomProduct drawn(seed);
    const Enumeration counted(drawn.chip, drawn.places, drawn.dealing, drawn.timing, drawn.work);
    ASSERT_EQ(drawn.law(), counted.stretch()) << drawn.text;
    conflicts += counted.stretch() > 0 ? 1 : 0;
  }
  EXPECT_GT(conflicts, 50);
  EXPECT_LT(conflicts, 250);
}

/// A bank of the smaller buffer is shared out over two of the larger one.
TEST(BufferLaw, TwiceTheBanksOrPortsAreNeverSlower) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    RandomProduct drawn(seed);
    const std::int64_t before = cyclesOf(drawn);
    for (BufferConfig& buffer : drawn.chip.buffers) buffer.banks *= 2;
    const std::int64_t banks = cyclesOf(drawn);
    ASSERT_LE(banks, before) << drawn.text;
    for (BufferConfig& buffer : drawn.chip.buffers) ++buffer.ports;
    ASSERT_LE(cyclesOf(drawn), banks) << drawn.text;
  }
}

TEST(BufferLaw, RowsAWholeRoundOfBanksApartMeetInOneBank) {
  const ChipConfig chip = smallChip("output_stationary", 32, 32);
  // A word of 16 elements lasts 16 steps, in which the bank has to serve 32 rows; 4 such words.
  EXPECT_EQ(stretchOf(chip, product(32, 32, 64, 16 * 64)), 4 * (32 - 16));
  EXPECT_EQ(stretchOf(chip, product(32, 32, 64, 17 * 64)), 0);
}

TEST(BufferLaw, ASecondPortServesTwoRowsOfABankAtOnce) {
  ChipConfig chip = smallChip("output_stationary", 32, 32);
  chip.buffers[0].ports = 2;
  EXPECT_EQ(stretchOf(chip, product(32, 32, 64, 16 * 64)), 0);
  chip.array.rows = 64;
  EXPECT_EQ(stretchOf(chip, product(64, 32, 64, 16 * 64)), 4 * (32 - 16));
}

TEST(BufferLaw, ContiguousRowsOfWordsNeverConflict) {
  ChipConfig chip = smallChip("weight_stationary", 32, 32);
  EXPECT_EQ(stretchOf(chip, product(256, 32, 32, 32 * 4)), 0);
  chip.buffers.push_back(chip.buffers[0]);
  ProductPlaces places = product(256, 32, 32, 16 * 64);  // two banks only, each a word a step
  places.b.buffer = places.c.buffer = 1;
  EXPECT_EQ(stretchOf(chip, places), 0);
}

TEST(BufferLaw, OneNarrowBankServesAWordACycle) {
  ChipConfig chip = smallChip("weight_stationary", 8, 8);
  chip.buffers[0].banks = 1;
  chip.buffers[0].widthBytes = 16;
  // A row of A is 2 words, its result 2; the weights 16: in 100 cycles of stream.
  EXPECT_EQ(stretchOf(chip, product(100, 8, 8, 32)), 100 * (2 + 2) + 16 - 100);
}

TEST(BufferLaw, IdealMemoryHasNoBanks) {
  ChipConfig chip = smallChip("output_stationary", 32, 32);
  chip.idealMemory = true;
  EXPECT_EQ(stretchOf(chip, product(32, 32, 64, 16 * 64)), 0);
}

}  // namespace
}  // namespace npusim
