#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/laws/array_law.h"
#include "sim/memory/storage.h"

namespace npusim {

/// What a tile costs on an otherwise idle array.
struct ArrayCost {
  ArrayTiming timing;
  ArrayWork work;
};

/// The PE array at one fidelity. The chip asks for the cost when it issues a tile and for the
/// values when the tile completes, so that a tile that did not wait for its operands reads what
/// lies there by then.
class ArrayModel {
 public:
  virtual ~ArrayModel() = default;

  virtual ArrayCost cost(const MatrixTile& tile) = 0;

  /// Reads A, B, bias and sums from `storages` and writes C. Returns the zeros among the m x k
  /// elements of A as fed to the array, padding included.
  virtual std::int64_t compute(const MatrixTile& tile, std::vector<Storage>& storages) = 0;
};

}  // namespace npusim
