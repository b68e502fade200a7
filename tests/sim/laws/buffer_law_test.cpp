#include "sim/laws/buffer_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "sim/core/rounding.h"
#include "sim/laws/array_law.h"
#include "sim/laws/bank_loads.h"
#include "sim/laws/lockstep_law.h"
#include "sim/laws/loop_groups.h"
#include "sim/laws/systolic_law.h"

namespace npusim {
namespace {

using Extents = std::array<std::int64_t, 7>;

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

/// The law by the book: every access of every step in its bank.
class Enumeration {
 public:
  Enumeration(const ChipConfig& chip, const ProductPlaces& places, const Dealing& dealing,
              const ArrayTiming& timing, const ArrayWork& work)
      : chip_(chip),
        format_(chip.formats.front()),
        places_(places),
        dealing_(dealing),
        part_(dealing.shapeOf(places.shape)),
        rows_(groupOf(chip.array.dataflow.rows.front())),
        cols_(groupOf(chip.array.dataflow.cols.front())),
        streamed_(otherGroup(rows_, cols_)) {
    const MatrixShape& s = places.shape;
    const std::int64_t a = walk(places.a, kM, kK, work.inputBytes / (s.m() * s.k()));
    const std::int64_t b = walk(places.b, kN, kK, work.weightBytes / (s.n() * s.k()));
    hold(places.c, kM, kN, (work.partialReadBytes + work.partialWriteBytes) / (s.m() * s.n()));
    stretch_ = std::max({a, b, std::int64_t{0}});
    for (std::size_t i = 0; i < chip.buffers.size(); ++i) {
      stretch_ = std::max(stretch_, busiest(all_[i], chip.buffers[i]) - timing.stream);
    }
  }

  std::int64_t stretch() const { return stretch_; }

 private:
  using Banks = std::map<std::int64_t, std::int64_t>;

  static std::int64_t floorDiv(std::int64_t a, std::int64_t b) {
    return a >= 0 ? a / b : -ceilDiv(-a, b);
  }
  static std::int64_t bankOf(std::int64_t word, const BufferConfig& buffer) {
    return word - floorDiv(word, buffer.banks) * buffer.banks;
  }
  static std::int64_t busiest(const Banks& banks, const BufferConfig& buffer) {
    std::int64_t most = 0;
    for (const auto& [bank, accesses] : banks) most = std::max(most, accesses);
    return ceilDiv(most, buffer.ports);
  }

  std::int64_t walk(const OperandPlace& place, LoopGroup x, LoopGroup y, std::int64_t bytes) {
    if (x != streamed_ && y != streamed_) {
      hold(place, x, y, bytes);
      return 0;
    }
    const LoopGroup lanes = x == streamed_ ? y : x;
    const bool onRows = rows_ == lanes;
    const auto& loops = onRows ? chip_.array.dataflow.rows : chip_.array.dataflow.cols;
    std::vector<Extents> outer = {Extents{}};  // positions of the loops that repeat the axis
    const std::size_t laneEnd = kLoopBegins[lanes + 1];
    for (std::size_t d = kLoopBegins[lanes]; d < laneEnd - loops.size(); ++d) {
      outer = allAlong(outer, d, part_.extents[d]);
    }
    std::vector<Extents> along = {Extents{}};
    for (std::size_t d = laneEnd - loops.size(); d < laneEnd; ++d) {
      along = allAlong(along, d, part_.extents[d]);
    }
    const std::int64_t depth = lanes == kK ? systolicStep(chip_.array, format_).depth : 1;
    const std::size_t piece =
        static_cast<std::size_t>((onRows ? chip_.array.rows : chip_.array.cols) * depth);
    std::int64_t late = 0;
    for (const Extents& repeat : outer) {
      for (std::size_t first = 0; first < along.size(); first += piece) {
        std::vector<Extents> together(
            along.begin() + static_cast<std::ptrdiff_t>(first),
            along.begin() + static_cast<std::ptrdiff_t>(std::min(along.size(), first + piece)));
        for (Extents& position : together) {
          for (std::size_t d = 0; d < 7; ++d) position[d] += repeat[d];
        }
        late += stream(place, together, otherFolds(onRows));
      }
    }
    return late;
  }

  static std::vector<Extents> allAlong(const std::vector<Extents>& positions, std::size_t dim,
                                       std::int64_t extent) {
    std::vector<Extents> result;
    for (const Extents& position : positions) {
      for (std::int64_t i = 0; i < extent; ++i) {
        result.push_back(position);
        result.back()[dim] = i;
      }
    }
    return result;
  }

  std::int64_t otherFolds(bool onRows) const {
    const auto& loops = onRows ? chip_.array.dataflow.cols : chip_.array.dataflow.rows;
    const LoopGroup group = onRows ? cols_ : rows_;
    const std::int64_t pes = onRows ? chip_.array.cols : chip_.array.rows;
    const std::int64_t along = extentOf(part_, group, loops.size());
    const std::int64_t whole = extentOf(part_, group, kLoopBegins[group + 1] - kLoopBegins[group]);
    const std::int64_t depth = group == kK ? systolicStep(chip_.array, format_).depth : 1;
    return whole / along * ceilDiv(ceilDiv(along, depth), pes);
  }

  /// Every step of a fold, in lines of the innermost loop that streams.
  std::int64_t stream(const OperandPlace& place, const std::vector<Extents>& together,
                      std::int64_t times) {
    const BufferConfig& buffer = chip_.buffers[place.buffer];
    const auto [depth, beat] = systolicStep(chip_.array, format_);
    std::size_t line = kLoopBegins[streamed_];
    std::vector<Extents> outer = {Extents{}};
    for (std::size_t d = line; d < kLoopBegins[streamed_ + 1]; ++d) {
      if (part_.extents[d] > 1) line = d;
    }
    for (std::size_t d = kLoopBegins[streamed_]; d < line; ++d) {
      outer = allAlong(outer, d, part_.extents[d]);
    }
    const std::int64_t group = line == 6 ? depth : 1;
    const std::int64_t steps = ceilDiv(part_.extents[line], group);
    const std::int64_t stride = std::abs(place.strides[line] * group);
    const std::int64_t every =
        std::max<std::int64_t>(1, stride == 0 || steps == 1 ? 1 : buffer.widthBytes / stride);
    std::int64_t late = 0;
    for (const Extents& position : outer) {
      for (std::int64_t step = 0; step < steps; step += every) {
        Extents start = position;
        start[line] = step * group;
        const Banks fetch = banksOf(wordsOf(place, start, together), buffer);
        late += times * std::max<std::int64_t>(
                            0, busiest(fetch, buffer) - std::min(every, steps - step) * beat);
        for (const auto& [bank, accesses] : fetch) all_[place.buffer][bank] += times * accesses;
      }
    }
    return late;
  }

  std::set<std::int64_t> wordsOf(const OperandPlace& place, const Extents& start,
                                 const std::vector<Extents>& together) const {
    const std::int64_t width = chip_.buffers[place.buffer].widthBytes;
    const std::int64_t deep =
        streamed_ == kK ? std::min(systolicStep(chip_.array, format_).depth, part_.extents[6]) : 1;
    std::set<std::int64_t> words;
    for (std::int64_t column = 0; column < dealing_.columns.parts; ++column) {
      for (std::int64_t row = 0; row < dealing_.rows.parts; ++row) {
        Extents array{};
        array[dealing_.columns.dim] = column * dealing_.columns.each;
        array[dealing_.rows.dim] += row * dealing_.rows.each;
        for (const Extents& lane : together) {
          for (std::int64_t i = 0; i < deep; ++i) {
            std::int64_t address = place.address + i * place.strides[6];
            for (std::size_t d = 0; d < 7; ++d) {
              address += place.strides[d] * (start[d] + lane[d] + array[d]);
            }
            for (std::int64_t byte = 0; byte < place.elementBytes; ++byte) {
              words.insert(floorDiv(address + byte, width));
            }
          }
        }
      }
    }
    return words;
  }

  Banks banksOf(const std::set<std::int64_t>& words, const BufferConfig& buffer) const {
    Banks banks;
    for (const std::int64_t word : words) ++banks[bankOf(word, buffer)];
    return banks;
  }

  /// Every element in the order of rising strides; one that continues the run before it in the
  /// same word is part of the same access.
  void hold(const OperandPlace& place, LoopGroup x, LoopGroup y, std::int64_t bytes) {
    const BufferConfig& buffer = chip_.buffers[place.buffer];
    std::vector<std::size_t> dims;
    for (const LoopGroup group : {x, y}) {
      for (std::size_t d = kLoopBegins[group]; d < kLoopBegins[group + 1]; ++d) dims.push_back(d);
    }
    std::ranges::stable_sort(dims, {}, [&](std::size_t d) { return place.strides[d]; });
    std::ranges::reverse(dims);
    std::vector<Extents> positions = {Extents{}};
    for (const std::size_t d : dims) positions = allAlong(positions, d, places_.shape.extents[d]);
    std::int64_t end = INT64_MIN, last = INT64_MIN;
    for (const Extents& position : positions) {
      std::int64_t address = place.address;
      for (std::size_t d = 0; d < 7; ++d) address += place.strides[d] * position[d];
      const std::int64_t first = floorDiv(address, buffer.widthBytes);
      const std::int64_t final = floorDiv(address + place.elementBytes - 1, buffer.widthBytes);
      for (std::int64_t word = first; word <= final; ++word) {
        if (address == end && word == last) continue;
        all_[place.buffer][bankOf(word, buffer)] += bytes / place.elementBytes;
        last = word;
      }
      end = address + place.elementBytes;
    }
  }

  const ChipConfig& chip_;
  const DataType format_;
  const ProductPlaces& places_;
  const Dealing& dealing_;
  const MatrixShape part_;
  const LoopGroup rows_, cols_, streamed_;
  std::map<std::size_t, Banks> all_;
  std::int64_t stretch_ = 0;
};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[roll(0, std::ssize(choices) - 1)];
  }

 private:
  std::mt19937 random_;
};

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

TEST(BankLoads, RemaindersAreThoseOfEveryPosition) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    const std::int64_t period = dice.roll(1, 100), address = dice.roll(-200, 200);
    const std::vector<AccessLoop> loops = {{dice.roll(-50, 50), dice.roll(1, 30)},
                                           {dice.roll(0, 300), dice.roll(1, 30)}};
    std::map<std::int64_t, std::int64_t> expected;
    for (std::int64_t i = 0; i < loops[0].count; ++i) {
      for (std::int64_t j = 0; j < loops[1].count; ++j) {
        const std::int64_t at = address + i * loops[0].stride + j * loops[1].stride;
        ++expected[(at % period + period) % period];
      }
    }
    std::map<std::int64_t, std::int64_t> counted;
    for (const auto& [remainder, count] : remainders(address, loops, period)) {
      counted[remainder] += count;
    }
    ASSERT_EQ(counted, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace npusim
