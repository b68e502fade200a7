#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/rounding.h"
#include "sim/laws/loop_groups.h"
#include "sim/laws/product_places.h"
#include "sim/laws/systolic_law.h"

namespace npusim::testing_buffers {

using Extents = std::array<std::int64_t, 7>;

/// Reproducible draws.
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

}  // namespace npusim::testing_buffers
