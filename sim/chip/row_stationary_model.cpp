#include "sim/chip/row_stationary_model.h"

#include "sim/array/module/row_stationary_modules.h"
#include "sim/array/pe/row_stationary_array.h"
#include "sim/array/tile/row_stationary_tile.h"
#include "sim/core/error.h"
#include "sim/laws/row_stationary_law.h"

namespace npusim {

std::unique_ptr<ArrayModel> makeRowStationaryArray(const ChipConfig& chip, Fidelity fidelity) {
  const RowStationaryMapper mapper = [array = chip.array](DataType format,
                                                          const MatrixShape& shape) {
    return rowStationaryPass(array, format, shape);
  };
  switch (fidelity) {
    case Fidelity::Tile:
      return std::make_unique<RowStationaryTile>(chip.array);
    case Fidelity::Pe:
      return std::make_unique<RowStationaryArray>(chip.array, mapper);
    case Fidelity::Module:
      return std::make_unique<RowStationaryModules>(chip.array, mapper, chip.clockMhz);
  }
  throw InternalError("unknown fidelity");
}

}  // namespace npusim
