#pragma once

#include <map>
#include <utility>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// `tile` fidelity of the dataflow `row_stationary`: cycles and bytes by the law, values by a
/// vectorised product in the order of the PEs. An output starts from what lies in the buffer (an
/// earlier sum, the bias or zero). Pass after pass, channel set after channel set, filter row after
/// filter row, the sum of one PE is added to it with a plain add; that sum is a chain of fused
/// multiply-adds from zero over the filter row's taps and for each tap the set's channels. Sums
/// that lie in the buffer as fp16 are rounded after each pass.
class RowStationaryTile : public ArrayModel {
 public:
  explicit RowStationaryTile(const ArrayConfig& array) : array_(array) {}

  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;

 private:
  struct Known {
    RowStationaryPass mapping;
    ArrayCost cost;
  };

  const Known& knownOf(const MatrixTile& tile);
  template <typename T>
  std::int64_t product(const MatrixTile& tile, std::vector<Storage>& storages);

  const ArrayConfig array_;
  std::map<std::pair<DataType, MatrixShape>, Known> known_;  ///< of the shapes seen so far
};

}  // namespace npusim
