#pragma once

#include <tuple>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// `tile` fidelity: cycles and bytes by the laws, values by a vectorised product. Floats widen to
/// fp32 and form one fused multiply-add chain over ascending k for each output, starting from the
/// existing sum, the bias or zero, or where the dataflow adds by trees, those trees
/// (tree_product.h); integers are exact in int32 or int64.
class TileArray : public ArrayModel {
 public:
  explicit TileArray(const ArrayConfig& array) : array_(array) {}

  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;

 private:
  template <typename T>
  struct Scratch {
    std::vector<T> rows, panels;
  };

  template <typename T>
  std::int64_t product(const MatrixTile& tile, std::vector<Storage>& storages, Scratch<T>& scratch);

  const ArrayConfig array_;
  std::tuple<Scratch<float>, Scratch<std::int32_t>, Scratch<std::int64_t>> scratch_;
};

}  // namespace npusim
