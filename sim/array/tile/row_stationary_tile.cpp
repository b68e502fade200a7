#include "sim/array/tile/row_stationary_tile.h"

#include <algorithm>
#include <array>

#include "sim/array/gather.h"
#include "sim/array/sums.h"
#include "sim/array/tile/product.h"
#include "sim/array/tile/row_stationary_order.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "sim/laws/row_stationary_law.h"
#include "sim/memory/element_io.h"

namespace npusim {
namespace {

constexpr std::int64_t kBlockElements = kBlockRows * kPanelColumns;

template <typename T>
using Block = std::array<T, kBlockElements>;

/// B as panels of kPanelColumns columns whose lines stand in the order of the products.
template <typename T>
std::vector<T> orderedPanels(const MatrixTile& tile, const std::vector<Storage>& storages,
                             const RowStationaryOrder& order) {
  const std::int64_t k = tile.k(), n = tile.n();
  std::vector<T> panels(static_cast<std::size_t>(roundUp(n, kPanelColumns) * k));
  std::vector<T> plain(static_cast<std::size_t>(k * kPanelColumns));
  for (std::int64_t column = 0; column < n; column += kPanelColumns) {
    gatherWeights(tile, storages, column, std::min(kPanelColumns, n - column), kPanelColumns,
                  plain.data());
    T* line = panels.data() + column * k;
    for (const std::int64_t at : order.ks) {
      line = std::copy_n(plain.data() + at * kPanelColumns, kPanelColumns, line);
    }
  }
  return panels;
}

/// Rows of A whose elements stand in the order of the products.
template <typename T>
class OrderedRows {
 public:
  OrderedRows(const MatrixTile& tile, const std::vector<Storage>& storages,
              const RowStationaryOrder& order)
      : tile_(tile),
        storages_(storages),
        order_(order),
        plain_(static_cast<std::size_t>(kBlockRows * tile.k())),
        ordered_(plain_.size()) {}

  /// Rows [first, first + count), up to kBlockRows.
  const T* gather(std::int64_t first, std::int64_t count) {
    gatherRows(tile_, storages_, first, count, plain_.data());
    const T* const end = plain_.data() + count * tile_.k();
    zeros_ += std::count(static_cast<const T*>(plain_.data()), end, T{});
    T* next = ordered_.data();
    for (const T* row = plain_.data(); row != end; row += tile_.k()) {
      for (const std::int64_t at : order_.ks) *next++ = row[at];
    }
    return ordered_.data();
  }

  /// Elements gathered so far that are zero.
  std::int64_t zeros() const { return zeros_; }

 private:
  const MatrixTile& tile_;
  const std::vector<Storage>& storages_;
  const RowStationaryOrder& order_;
  std::vector<T> plain_, ordered_;
  std::int64_t zeros_ = 0;
};

/// The products of all PEs of all passes, added to the block's sums.
template <typename T>
class BlockProduct {
 public:
  BlockProduct(const RowStationaryOrder& order, DataType sums) : order_(order), sums_(sums) {}

  /// `rows`: kBlockRows rows of A and `panel`: a panel of B, both in the order of the products.
  void add(const T* rows, const T* panel, Block<T>& block) const {
    const auto k = static_cast<std::int64_t>(order_.ks.size());
    std::int64_t first = 0, pe = 0;
    for (const std::int64_t passEnd : order_.passEnds) {
      for (; pe < passEnd; ++pe) {
        const std::int64_t end = order_.peEnds[static_cast<std::size_t>(pe)];
        Block<T> own{};
        multiplyBlock(rows + first, k, panel + first * kPanelColumns, end - first, own.data());
        addTo(block, own);
        first = end;
      }
      round(block);
    }
  }

 private:
  static void addTo(Block<T>& block, const Block<T>& own) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      if constexpr (std::is_same_v<T, float>) {
        block[i] += own[i];
      } else {
        using Bits = std::make_unsigned_t<T>;
        block[i] = static_cast<T>(static_cast<Bits>(block[i]) + static_cast<Bits>(own[i]));
      }
    }
  }

  /// What the buffer keeps of the sums between two passes.
  void round(Block<T>& block) const {
    if constexpr (std::is_same_v<T, float>) {
      if (sums_ == DataType::Float32) return;
      std::array<std::byte, kBlockElements * sizeof(float)> kept;
      writeFloats(sums_, block.data(), kBlockElements, kept.data(), byteSize(sums_));
      readElements(sums_, kept.data(), byteSize(sums_), kBlockElements, block.data());
    }
  }

  const RowStationaryOrder& order_;
  const DataType sums_;
};

}  // namespace

const RowStationaryTile::Known& RowStationaryTile::knownOf(const MatrixTile& tile) {
  const std::pair<DataType, MatrixShape> key{arrayFormat(tile.a.type), tile.shape()};
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  const auto& [format, asked] = key;
  MatrixShape shape = asked;
  shape.pass = rowStationaryPass(array_, format, shape);
  const ArrayCost cost{rowStationaryTiming(array_, format, shape),
                       rowStationaryWork(array_, format, shape)};
  return known_.emplace(key, Known{shape.pass, cost}).first->second;
}

ArrayCost RowStationaryTile::cost(const MatrixTile& tile) { return knownOf(tile).cost; }

ZeroWork RowStationaryTile::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const std::int64_t zeros =
      withSumType(tile.c.type, [&]<typename T>(T) { return product<T>(tile, storages); });
  return rowStationaryZeroWork(array_, arrayFormat(tile.a.type), tile.shape(), zeros);
}

template <typename T>
std::int64_t RowStationaryTile::product(const MatrixTile& tile, std::vector<Storage>& storages) {
  const RowStationaryOrder order(array_, arrayFormat(tile.a.type), tile.shape(),
                                 knownOf(tile).mapping);
  const std::vector<T> panels = orderedPanels<T>(tile, storages, order);
  OrderedRows<T> rows(tile, storages, order);
  const BlockProduct<T> product(order, tile.c.type);
  Sums<T> sums(tile, storages);
  for (std::int64_t row = 0; row < tile.m(); row += kBlockRows) {
    const std::int64_t height = std::min(kBlockRows, tile.m() - row);
    const T* ordered = rows.gather(row, height);
    for (std::int64_t column = 0; column < tile.n(); column += kPanelColumns) {
      const std::int64_t columns = std::min(kPanelColumns, tile.n() - column);
      Block<T> block{};
      for (std::int64_t i = 0; i < height; ++i)
        sums.load(row + i, column, columns, &block[static_cast<std::size_t>(i * kPanelColumns)]);
      product.add(ordered, panels.data() + column * tile.k(), block);
      for (std::int64_t i = 0; i < height; ++i)
        sums.store(row + i, column, columns, &block[static_cast<std::size_t>(i * kPanelColumns)]);
    }
  }
  return rows.zeros();
}

}  // namespace npusim
