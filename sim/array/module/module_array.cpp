#include "sim/array/module/module_array.h"

#include <utility>

#include "sim/array/module/machine.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

void refuse(const ArrayConfig& array) {
  ensure(array.dataflow.kind == ArrayKind::Systolic, "a systolic dataflow");
  const std::int64_t pes = array.rows * array.cols;
  if (pes <= kMostModulePes) return;
  throw NotPossible("fidelity module simulates at most " + std::to_string(kMostModulePes) +
                    " PEs, the array has " + std::to_string(array.rows) + " x " +
                    std::to_string(array.cols) + " = " + std::to_string(pes) +
                    "; set array.rows and array.cols, for example to 32, or use --fidelity pe");
}

}  // namespace

ModuleArray::ModuleArray(const ArrayConfig& array, double clockMhz)
    : array_(array), clockMhz_(clockMhz) {
  refuse(array);
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
