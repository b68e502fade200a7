#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/chip/dealings.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// The arrays of a chip whose cores share their control: each instruction is dealt over them by
/// sim/laws/lockstep_law.h. All start together and take as long as the slowest. What is the same
/// for all parts is read from the shared buffer once and broadcast.
class LockstepArray : public ArrayModel {
 public:
  /// `one` computes the part of any array.
  LockstepArray(const ChipConfig& chip, std::unique_ptr<ArrayModel> one,
                std::shared_ptr<Dealings> dealings)
      : chip_(chip), one_(std::move(one)), dealings_(std::move(dealings)) {}

  /// Bytes and PE-cycles of all arrays; those that idle or wait for the slowest lose PE-cycles at
  /// the edge.
  ArrayCost cost(const MatrixTile& tile) override;
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override;

  /// The first array is shown.
  void observe(ArrayObserver* observer) override { observer_ = observer; }
  void traceTo(const std::string& path) override { one_->traceTo(path); }

 private:
  const ChipConfig chip_;
  std::unique_ptr<ArrayModel> one_;
  std::shared_ptr<Dealings> dealings_;
  ArrayObserver* observer_ = nullptr;
};

}  // namespace npusim
