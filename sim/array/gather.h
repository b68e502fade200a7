#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/memory/storage.h"

namespace npusim {

/// Rows [firstRow, firstRow + rows) of the tile's A as a dense block, k elements a row in ascending
/// order of k; positions outside A's bounds hold the padding value. T is float or int32_t.
template <typename T>
void gatherRows(const MatrixTile& tile, const Storage& storage, std::int64_t firstRow,
                std::int64_t rows, T* block);

/// All of B in panels of kPanelColumns columns: panel p holds k rows of columns 32 p .. 32 p + 31,
/// columns beyond n are zero.
template <typename T>
void gatherPanels(const MatrixTile& tile, const Storage& storage, std::vector<T>& panels);

}  // namespace npusim
