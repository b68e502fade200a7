#pragma once

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/array/pe/fold_plan.h"
#include "sim/array/pe/pe_values.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// `pe` fidelity of every systolic dataflow: each PE, each cycle, values from what arrives in it
/// (systolic_machine.h). What a tile costs is found by running it without values, once for each
/// shape.
class SystolicArray : public ArrayModel {
 public:
  explicit SystolicArray(const ArrayConfig& array, const LinkBeats& links = {})
      : array_(array), links_(links) {}

  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;
  void observe(ArrayObserver* observer) override { observer_ = observer; }

 private:
  template <typename T>
  ZeroWork product(const MatrixTile& tile, std::vector<Storage>& storages, DenseBlocks<T>& blocks);

  const ArrayConfig array_;
  const LinkBeats links_;
  ArrayObserver* observer_ = nullptr;
  std::map<std::pair<MatrixShape, DataType>, ArrayCost> costs_;
  std::tuple<DenseBlocks<float>, DenseBlocks<std::int32_t>, DenseBlocks<std::int64_t>> blocks_;
};

}  // namespace npusim
