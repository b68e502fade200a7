#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim {

namespace modules {
class Machine;
}

/// `module` fidelity: one SystemC module per PE, with signals to its neighbours, and modules for
/// what feeds the edges and collects there. The literal picture of a systolic array, an oracle for
/// the other fidelities, and the source of waveforms. Nothing here knows the laws: cycles, bytes
/// and values are what the modules did and counted.
class ModuleArray : public ArrayModel {
 public:
  /// `array` is systolic. Throws NotPossible for more than kMostModulePes PEs.
  /// `clockMhz` only sets the time in waveforms.
  explicit ModuleArray(const ArrayConfig& array, double clockMhz = 1000);
  ~ModuleArray() override;
  ModuleArray(const ModuleArray&) = delete;
  ModuleArray& operator=(const ModuleArray&) = delete;

  /// Runs the tile without its values, once for each shape and format.
  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;

  /// Writes the waveforms of the next compute() to the VCD file `path`: array.clock, the
  /// controller's state (array.controller.*) and what every PE did in each cycle: `works`, `input`,
  /// `weight`, and the partial sums `sum_in` and `sum` that it takes and leaves
  /// (array.pe_ROW_COLUMN.*). The name must end in ".vcd"; compute() throws BadInput where it does
  /// not, or the file cannot be written.
  void traceTo(const std::string& path) override { tracePath_ = path; }

  /// Shows the cycles that count; SCALE-Sim has none for sums that come and go.
  void observe(ArrayObserver* observer) override { observer_ = observer; }

 private:
  /// The modules for a tile's format; they stay from one instruction to the next.
  modules::Machine& machineFor(const MatrixTile& tile);
  std::unique_ptr<modules::Machine> newMachine(const MatrixTile& tile,
                                               const std::string& vcdPath) const;

  const ArrayConfig array_;
  const double clockMhz_;
  std::string tracePath_;  ///< empty: no waveforms
  ArrayObserver* observer_ = nullptr;
  std::map<DataType, std::unique_ptr<modules::Machine>> machines_;
  std::map<std::pair<DataType, MatrixShape>, ArrayCost> costs_;
};

}  // namespace npusim
