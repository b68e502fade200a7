#pragma once

#include <map>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// The dataflow `cached`: every PE fetches the operands of its own outputs through a cache of its
/// own (cached_machine.h). Caches are empty when an instruction begins. Its cost depends on the
/// addresses of the tile, but only modulo the bytes of all sets' lines, so it is kept and found
/// again for equal tiles elsewhere.
class CachedArray : public ArrayModel {
 public:
  /// `ports`: of the buffers, by storage. Operands in other storages, or none given: no limit.
  explicit CachedArray(const ArrayConfig& array, std::vector<BufferPort> ports = {});

  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;
  void observe(ArrayObserver* observer) override { observer_ = observer; }

 private:
  template <typename T>
  ZeroWork product(const MatrixTile& tile, std::vector<Storage>& storages);

  const ArrayConfig array_;
  const std::vector<BufferPort> ports_;
  std::map<std::vector<std::int64_t>, ArrayCost> known_;
  ArrayObserver* observer_ = nullptr;
};

}  // namespace npusim
