#include "sim/chip/array_factory.h"

#include "sim/array/module/module_array.h"
#include "sim/array/pe/systolic_array.h"
#include "sim/array/tile/tile_array.h"
#include "sim/chip/cached_model.h"
#include "sim/chip/row_stationary_model.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

std::unique_ptr<ArrayModel> makeSystolicArray(const ChipConfig& chip, Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::Tile:
      return std::make_unique<TileArray>(chip.array);
    case Fidelity::Pe:
      return std::make_unique<SystolicArray>(chip.array);
    case Fidelity::Module:
      return std::make_unique<ModuleArray>(chip.array, chip.clockMhz);
  }
  throw InternalError("unknown fidelity");
}

}  // namespace

std::unique_ptr<ArrayModel> makeArray(const ChipConfig& chip, Fidelity fidelity) {
  switch (chip.array.dataflow.kind) {
    case ArrayKind::Systolic:
      return makeSystolicArray(chip, fidelity);
    case ArrayKind::RowStationary:
      return makeRowStationaryArray(chip, fidelity);
    case ArrayKind::Cached:
      return makeCachedArray(chip, fidelity);
  }
  throw InternalError("unknown kind of array");
}

}  // namespace npusim
