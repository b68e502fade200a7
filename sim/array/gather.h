#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/memory/storage.h"

namespace npusim {

/// Rows [firstRow, firstRow + rows) of the tile's A as a dense block, k elements a row in ascending
/// order of k; positions outside A's bounds hold the padding value. Zero points are taken off. T is
/// float, int32_t or int64_t.
template <typename T>
void gatherRows(const MatrixTile& tile, const std::vector<Storage>& storages, std::int64_t firstRow,
                std::int64_t rows, T* block);

/// Columns [firstColumn, firstColumn + columns) of B: a line for each k in ascending order, `pitch`
/// elements apart.
template <typename T>
void gatherWeights(const MatrixTile& tile, const std::vector<Storage>& storages,
                   std::int64_t firstColumn, std::int64_t columns, std::int64_t pitch, T* block);

}  // namespace npusim
