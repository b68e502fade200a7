#include "sim/array/pe/row_stationary_plan.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// The steps in which a dimension is taken, each about as large and at most `most`.
std::int64_t evenStep(std::int64_t extent, std::int64_t most) {
  return ceilDiv(extent, ceilDiv(extent, most));
}

/// Taps of a filter row that both stores of a PE can hold.
std::int64_t tapsHeld(const LocalStoreConfig& store, std::int64_t bytes) {
  return std::max<std::int64_t>(1, std::min(store.weights.bytes, store.inputs.bytes) / bytes);
}

std::vector<PieceOf> cut(std::int64_t extent, std::int64_t step) {
  std::vector<PieceOf> pieces;
  for (std::int64_t first = 0; first < extent; first += step) {
    pieces.push_back({first, std::min(step, extent - first)});
  }
  return pieces;
}

}  // namespace

RowStationaryPlan::RowStationaryPlan(const ArrayConfig& array, DataType format,
                                     const MatrixShape& shape, const RowStationaryPass& mapping)
    : shape_(shape),
      mapping_(mapping),
      arrayRows_(array.rows),
      arrayCols_(array.cols),
      filterRows_(evenStep(shape.extents[4], array.rows)),
      taps_(evenStep(shape.extents[5], tapsHeld(array.localStore, byteSize(format)))) {}

std::vector<RowStationaryPiece> RowStationaryPlan::pieces() const {
  std::vector<RowStationaryPiece> all;
  for (const PieceOf& filters : cut(shape_.n(), mapping_.p * mapping_.t)) {
    for (const PieceOf& rows : cut(shape_.extents[1], mapping_.e)) {
      bool first = true;
      for (const PieceOf& filterRows : cut(shape_.extents[4], filterRows_)) {
        for (const PieceOf& taps : cut(shape_.extents[5], taps_)) {
          for (const PieceOf& channels : cut(shape_.extents[6], mapping_.q * mapping_.r)) {
            all.push_back({filters, rows, filterRows, taps, channels, first});
            first = false;
          }
        }
      }
    }
  }
  return all;
}

/// Rows of sets that a strip of output rows needs, one above the other.
std::int64_t RowStationaryPlan::segments() const { return ceilDiv(mapping_.e, arrayCols_); }

std::vector<RowStationaryRow> RowStationaryPlan::rows(const RowStationaryPiece& piece) const {
  const std::int64_t q = std::min(mapping_.q, piece.channels.count);
  const std::int64_t sets = ceilDiv(piece.channels.count, q);
  const std::int64_t slots = arrayRows_ / filterRows_ / mapping_.r;
  std::vector<RowStationaryRow> all;
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    for (std::int64_t set = sets; set-- > 0;) {
      for (std::int64_t row = piece.filterRows.count; row-- > 0;) {
        RowStationaryRow placed = rowAt(piece, set, row, slot);
        if (placed.live.front() == 0) continue;
        if (placed.depth > 0) placed.before = static_cast<std::int64_t>(all.size()) + 1;
        all.push_back(std::move(placed));
      }
    }
  }
  return all;
}

std::int64_t RowStationaryPlan::activePes(const RowStationaryPiece& piece) const {
  std::int64_t active = 0;
  for (const RowStationaryRow& row : rows(piece)) {
    active += std::ranges::count_if(
        row.pes, [](const RowStationaryRow::Pe& pe) { return pe.filters.count > 0; });
  }
  return active;
}

std::int64_t RowStationaryPlan::mostActivePes() const {
  std::int64_t most = 0;
  for (const RowStationaryPiece& piece : pieces()) most = std::max(most, activePes(piece));
  return most;
}

RowStationaryRow RowStationaryPlan::rowAt(const RowStationaryPiece& piece, std::int64_t channelSet,
                                          std::int64_t filterRow, std::int64_t slot) const {
  const std::int64_t q = std::min(mapping_.q, piece.channels.count);
  RowStationaryRow row;
  row.row = (slot * mapping_.r + channelSet) * filterRows_ + filterRow;
  row.depth = channelSet * piece.filterRows.count + filterRow;
  row.last = row.depth + 1 == ceilDiv(piece.channels.count, q) * piece.filterRows.count;
  row.filterRow = filterRow;
  row.channelSet = channelSet;
  row.channels = std::min(q, piece.channels.count - channelSet * q);
  row.pes.resize(static_cast<std::size_t>(arrayCols_));
  row.live.assign(static_cast<std::size_t>(std::min(mapping_.p, piece.filters.count)), 0);
  place(piece, slot, row);
  return row;
}

/// The columns of a row: side by side sets with different filters where they are narrower than the
/// array, else a part of one set's columns.
void RowStationaryPlan::place(const RowStationaryPiece& piece, std::int64_t slot,
                              RowStationaryRow& row) const {
  const std::int64_t p = static_cast<std::int64_t>(row.live.size());
  const std::int64_t beside = std::max<std::int64_t>(1, arrayCols_ / mapping_.e);
  const std::int64_t segment = slot % segments();
  const std::int64_t width = std::min(mapping_.e, arrayCols_);
  for (std::int64_t column = 0; column < std::min(arrayCols_, beside * width); ++column) {
    const std::int64_t set = slot / segments() * beside + column / width;
    const std::int64_t outputRow = segment * width + column % width;
    const std::int64_t left = piece.filters.count - set * p;
    if (set >= mapping_.t || left <= 0 || outputRow >= piece.rows.count) continue;
    RowStationaryRow::Pe& pe = row.pes[static_cast<std::size_t>(column)];
    pe = {piece.rows.first + outputRow, {piece.filters.first + set * p, std::min(p, left)}};
    for (std::int64_t f = 0; f < pe.filters.count; ++f) ++row.live[static_cast<std::size_t>(f)];
  }
}

}  // namespace npusim
