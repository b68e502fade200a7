#include "sim/array/pe/systolic_array.h"

#include "sim/array/gather.h"
#include "sim/array/pe/systolic_machine.h"
#include "sim/array/sums.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

template <typename T>
void gather(const MatrixTile& tile, std::vector<Storage>& storages, DenseBlocks<T>& blocks) {
  const auto size = [](std::int64_t elements) { return static_cast<std::size_t>(elements); };
  blocks.inputs.resize(size(tile.m() * tile.k()));
  blocks.weights.resize(size(tile.k() * tile.n()));
  blocks.sums.resize(size(tile.m() * tile.n()));
  gatherRows(tile, storages, 0, tile.m(), blocks.inputs.data());
  gatherWeights(tile, storages, 0, tile.n(), tile.n(), blocks.weights.data());
  const Sums<T> sums(tile, storages);
  for (std::int64_t row = 0; row < tile.m(); ++row) {
    sums.load(row, 0, tile.n(), blocks.sums.data() + row * tile.n());
  }
}

template <typename Values>
ArrayCost costOf(const FoldPlan& plan, const SystolicMachine<Values>& machine) {
  const ArrayTiming timing = machine.timing();
  return {timing, workOf(plan, machine.events(), timing.total())};
}

}  // namespace

ArrayCost SystolicArray::cost(const MatrixTile& tile) {
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  const auto known = costs_.find({shape, format});
  if (known != costs_.end()) return known->second;
  const FoldPlan plan = planFolds(array_, links_, format, shape);
  NoValues none;
  SystolicMachine machine(plan, none);
  machine.run(nullptr);
  return costs_[{shape, format}] = costOf(plan, machine);
}

ZeroWork SystolicArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  return withSumType(tile.c.type, [&]<typename T>(T) {
    return product(tile, storages, std::get<DenseBlocks<T>>(blocks_));
  });
}

template <typename T>
ZeroWork SystolicArray::product(const MatrixTile& tile, std::vector<Storage>& storages,
                                DenseBlocks<T>& blocks) {
  gather(tile, storages, blocks);
  const FoldPlan plan = planFolds(array_, links_, arrayFormat(tile.a.type), tile.shape());
  PeValues<T> values(plan, blocks);
  SystolicMachine machine(plan, values);
  machine.run(observer_);
  ensure(costOf(plan, machine) == cost(tile), "a product cost another time with values");
  Sums<T> sums(tile, storages);
  for (std::int64_t row = 0; row < tile.m(); ++row) {
    sums.store(row, 0, tile.n(), blocks.sums.data() + row * tile.n());
  }
  return zeroWorkOf(plan, machine.events());
}

}  // namespace npusim
