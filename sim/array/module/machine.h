#pragma once

#include <memory>
#include <string>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim::modules {

/// What the modules made of one instruction.
struct Outcome {
  ArrayCost cost;
  ZeroWork zero;
};

/// The modules of an array for one format, in a kernel of their own.
class Machine {
 public:
  virtual ~Machine() = default;

  /// Runs an instruction on zeros.
  virtual Outcome run(const MatrixShape& shape) = 0;
  /// Runs it on what lies in the storages, and writes C.
  virtual Outcome run(const MatrixTile& tile, std::vector<Storage>& storages) = 0;
  /// From now on `observer` sees the first `cycles` of an instruction; null: nobody.
  virtual void observe(ArrayObserver* observer, std::int64_t cycles) = 0;
};

/// `sums`: Int32, Int64 or a float format. `vcdPath`: the file for the waveforms of all that it
/// runs; empty: none.
std::unique_ptr<Machine> makeMachine(const ArrayConfig& array, DataType format, DataType sums,
                                     double clockMhz, const std::string& vcdPath);

}  // namespace npusim::modules
