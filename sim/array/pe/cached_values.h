#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/array/pe/arithmetic.h"
#include "sim/array/pe/cached_lines.h"
#include "sim/array/pe/line_size.h"
#include "sim/array/sums.h"
#include "sim/core/error.h"
#include "sim/memory/element_io.h"
#include "sim/memory/storage.h"

namespace npusim {

/// Stands for the values where only time counts.
struct NoCachedValues {
  void beginOutput(std::int64_t, std::int64_t, std::int64_t) {}
  void endOutput(std::int64_t, std::int64_t, std::int64_t) {}
  void arrive(std::int64_t, Fetched, std::int64_t) {}
  void take(std::int64_t, Fetched, std::int64_t, std::int64_t) {}
  void pad(std::int64_t) {}
  void multiply(std::int64_t) {}
  double input(std::int64_t) const { return 0; }
  double weight(std::int64_t) const { return 0; }
  double sum(std::int64_t) const { return 0; }
};

/// What the PEs' caches hold, byte by byte, and their registers, as T (float or int32).
template <typename T>
class CachedValues {
 public:
  CachedValues(const MatrixTile& tile, std::vector<Storage>& storages, LineSize line,
               std::int64_t pes, std::int64_t slots)
      : line_(line),
        sources_{Source(tile.a, tile.zeroA, storages), Source(tile.b, tile.zeroB, storages)},
        sums_(tile, storages),
        padding_(tile.zeroA ? T{} : static_cast<T>(tile.padding)),
        lines_(pes * slots * line.bytes()),
        inputs_(pes),
        weights_(pes),
        accumulators_(pes) {}

  void beginOutput(std::int64_t pe, std::int64_t m, std::int64_t n) {
    sums_.load(m, n, 1, &accumulators_[pe]);
  }
  void endOutput(std::int64_t pe, std::int64_t m, std::int64_t n) {
    sums_.store(m, n, 1, &accumulators_[pe]);
  }

  /// A line of the buffer comes to lie in a slot, as far as the program uses it.
  void arrive(std::int64_t slot, Fetched operand, std::int64_t line) {
    const Storage& storage = sources_[operand].storage;
    const std::int64_t bytes = line_.bytes();
    const std::int64_t first = line * bytes;
    if (storage.contains(first, bytes)) {
      std::memcpy(&lines_[slot * bytes], storage.at(first, bytes), static_cast<std::size_t>(bytes));
      return;
    }
    for (std::int64_t i = 0; i < bytes && storage.contains(first + i, 1); ++i) {
      lines_[slot * bytes + i] = *storage.at(first + i, 1);
    }
  }

  /// The PE's register takes its operand from a slot.
  void take(std::int64_t pe, Fetched operand, std::int64_t slot, std::int64_t address) {
    const Source& source = sources_[operand];
    const std::byte* from = &lines_[slot * line_.bytes() + line_.offsetIn(address)];
    T& to = operand == Fetched::Input ? inputs_[pe] : weights_[pe];
    readElements(source.type, from, source.width, 1, &to);
    to -= source.zero;
  }
  void pad(std::int64_t pe) { inputs_[pe] = padding_; }

  void multiply(std::int64_t pe) {
    zeros_ += inputs_[pe] == T{} ? 1 : 0;
    accumulators_[pe] = multiplyAdd(inputs_[pe], weights_[pe], accumulators_[pe]);
  }

  double input(std::int64_t pe) const { return static_cast<double>(inputs_[pe]); }
  double weight(std::int64_t pe) const { return static_cast<double>(weights_[pe]); }
  double sum(std::int64_t pe) const { return static_cast<double>(accumulators_[pe]); }

  /// Products so far whose input was zero.
  std::int64_t zeros() const { return zeros_; }

 private:
  struct Source {
    Source(const ResolvedAccess& access, const std::optional<ResolvedAccess>& zeroPoint,
           const std::vector<Storage>& storages)
        : storage(storages[static_cast<std::size_t>(access.storage)]),
          type(access.type),
          width(byteSize(access.type)) {
      if (!zeroPoint) return;
      if (std::ranges::any_of(zeroPoint->strides, [](std::int64_t s) { return s != 0; })) {
        throw NotPossible("not supported: zero points by row or column in PEs with caches");
      }
      const Storage& at = storages[static_cast<std::size_t>(zeroPoint->storage)];
      readElements(type, at.at(zeroPoint->address, width), 0, 1, &zero);
    }
    const Storage& storage;
    DataType type;
    std::int64_t width;
    T zero{};  ///< taken off every element
  };

  const LineSize line_;
  const ByFetched<Source> sources_;
  Sums<T> sums_;
  const T padding_;
  Table<std::byte> lines_;                    ///< by slot
  Table<T> inputs_, weights_, accumulators_;  ///< registers by PE
  std::int64_t zeros_ = 0;
};

}  // namespace npusim
