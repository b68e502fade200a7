#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sim/array/array_model.h"
#include "sim/array/row_stationary_mapper.h"
#include "sim/config/chip_config.h"

namespace npusim {

namespace modules {
class RowStationaryHosts;
}

/// `module` fidelity of the dataflow `row_stationary`: one SystemC module per PE with its stores
/// and queues, buses on which every PE hears every word and takes those with its tags, signals down
/// the columns. The literal picture of Eyeriss, an oracle for the other fidelities, and the source
/// of waveforms. Only the mapping is given; all else is what the modules did and counted.
class RowStationaryModules : public ArrayModel {
 public:
  /// Throws NotPossible for more than kMostModulePes PEs. `clockMhz` only sets the time in
  /// waveforms.
  RowStationaryModules(const ArrayConfig& array, RowStationaryMapper mapper,
                       double clockMhz = 1000);
  ~RowStationaryModules() override;
  RowStationaryModules(const RowStationaryModules&) = delete;
  RowStationaryModules& operator=(const RowStationaryModules&) = delete;

  /// Runs the tile without its values, once for each shape and format.
  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;

  /// Writes the waveforms of the next compute() to the VCD file `path` (ending in ".vcd"): the
  /// clock, and of every PE (array.pe_ROW_COLUMN.*) `works`, `input`, `weight` and `sum`. compute()
  /// throws BadInput where it cannot be written.
  void traceTo(const std::string& path) override { tracePath_ = path; }

  void observe(ArrayObserver* observer) override { observer_ = observer; }

 private:
  const ArrayConfig array_;
  const RowStationaryMapper mapper_;
  const double clockMhz_;
  std::string tracePath_;  ///< empty: no waveforms
  ArrayObserver* observer_ = nullptr;
  std::unique_ptr<modules::RowStationaryHosts> hosts_;
  std::map<std::pair<DataType, MatrixShape>, ArrayCost> costs_;
};

}  // namespace npusim
