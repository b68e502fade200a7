#pragma once

#include <map>
#include <utility>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/array/row_stationary_counts.h"
#include "sim/array/row_stationary_mapper.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// `pe` fidelity of the dataflow `row_stationary`: processing pass after processing pass, every PE
/// every cycle, values from what arrived at the PEs. The mapping is given, as a chip's
/// configuration is; times and counters are what the machine showed.
class RowStationaryArray : public ArrayModel {
 public:
  RowStationaryArray(const ArrayConfig& array, RowStationaryMapper mapper)
      : array_(array), mapper_(std::move(mapper)) {}

  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;
  void observe(ArrayObserver* observer) override { observer_ = observer; }

 private:
  template <typename T>
  RowStationaryCounts product(const MatrixTile& tile, std::vector<Storage>& storages);
  RowStationaryPass mappingOf(DataType format, const MatrixShape& shape);

  using Key = std::pair<DataType, MatrixShape>;
  const ArrayConfig array_;
  const RowStationaryMapper mapper_;
  ArrayObserver* observer_ = nullptr;
  std::map<Key, RowStationaryPass> mappings_;  ///< of the shapes seen so far
  std::map<Key, ArrayCost> costs_;
};

}  // namespace npusim
