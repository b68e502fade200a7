#include "sim/chip/array_factory.h"

#include <utility>

#include "sim/array/module/module_array.h"
#include "sim/array/pe/systolic_array.h"
#include "sim/array/tile/tile_array.h"
#include "sim/chip/cached_model.h"
#include "sim/chip/lockstep_array.h"
#include "sim/chip/row_stationary_model.h"
#include "sim/core/error.h"
#include "sim/laws/lockstep_law.h"

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

std::unique_ptr<ArrayModel> makeOneArray(const ChipConfig& chip, Fidelity fidelity) {
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

}  // namespace

std::unique_ptr<ArrayModel> makeArray(const ChipConfig& chip, Fidelity fidelity,
                                      std::shared_ptr<Dealings> dealings) {
  if (arraysInStep(chip) == 1) return makeOneArray(chip, fidelity);
  if (chip.array.dataflow.kind != ArrayKind::Systolic) {
    throw NotPossible("not supported: dataflow " + chip.array.dataflow.name +
                      " with core_control shared; use core_control own or a systolic dataflow");
  }
  if (!dealings) dealings = std::make_shared<Dealings>(chip);
  return std::make_unique<LockstepArray>(chip, makeOneArray(chip, fidelity), std::move(dealings));
}

}  // namespace npusim
