#include "sim/array/module/module_array.h"

#include <utility>

#include "sim/array/module/machine.h"
#include "sim/array/module/most_pes.h"
#include "sim/core/error.h"

namespace npusim {

ModuleArray::ModuleArray(const ArrayConfig& array, double clockMhz)
    : array_(array), clockMhz_(clockMhz) {
  ensure(array.dataflow.kind == ArrayKind::Systolic, "a systolic dataflow");
  refuseMorePes(array);
}

ModuleArray::~ModuleArray() = default;

ArrayCost ModuleArray::cost(const MatrixTile& tile) {
  const MatrixShape shape = tile.shape();
  const std::pair key{arrayFormat(tile.a.type), shape};
  const auto known = costs_.find(key);
  if (known != costs_.end()) return known->second;
  const ArrayCost cost = machineFor(tile).run(shape).cost;
  costs_.emplace(key, cost);
  return cost;
}

ZeroWork ModuleArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const ArrayCost expected = cost(tile);
  std::unique_ptr<modules::Machine> traced;
  if (!tracePath_.empty()) traced = newMachine(tile, std::exchange(tracePath_, {}));
  modules::Machine& machine = traced ? *traced : machineFor(tile);
  const bool numbersLast = array_.convention == Convention::ScaleSim;  // from 0, and no count
  machine.observe(observer_, expected.timing.total() + (numbersLast ? 1 : 0));
  const modules::Outcome outcome = machine.run(tile, storages);
  machine.observe(nullptr, 0);
  ensure(outcome.cost == expected, "an instruction costs other than without its values");
  return outcome.zero;
}

modules::Machine& ModuleArray::machineFor(const MatrixTile& tile) {
  auto& machine = machines_[arrayFormat(tile.a.type)];
  if (!machine) machine = newMachine(tile, {});
  return *machine;
}

std::unique_ptr<modules::Machine> ModuleArray::newMachine(const MatrixTile& tile,
                                                          const std::string& vcdPath) const {
  return modules::makeMachine(array_, arrayFormat(tile.a.type), tile.c.type, clockMhz_, vcdPath);
}

}  // namespace npusim
