#pragma once

#include <string>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/array/observer.h"
#include "sim/core/array_cost.h"
#include "sim/core/error.h"
#include "sim/memory/storage.h"

namespace npusim {

/// What a tile costs on an otherwise idle array.
struct ArrayCost {
  ArrayTiming timing;
  ArrayWork work;
  bool operator==(const ArrayCost&) const = default;
};

/// The PE array at one fidelity. The chip asks for the cost when it issues a tile and for the
/// values when the tile completes, so that a tile that did not wait for its operands reads what
/// lies there by then.
class ArrayModel {
 public:
  virtual ~ArrayModel() = default;

  virtual ArrayCost cost(const MatrixTile& tile) = 0;

  /// Reads A, B, bias and sums from `storages` and writes C.
  virtual ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) = 0;

  /// From now on `observer` sees every cycle of compute(); null: nobody. Models that do not step
  /// through cycles never call it.
  virtual void observe(ArrayObserver* /*observer*/) {}

  /// Writes the waveforms of the next compute() to the VCD file `path`, which ends in ".vcd". Only
  /// models of fidelity `module` have any.
  virtual void traceTo(const std::string& /*path*/) {
    throw InternalError("waveforms of an array without signals");
  }
};

}  // namespace npusim
