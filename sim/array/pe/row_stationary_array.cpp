#include "sim/array/pe/row_stationary_array.h"

#include "sim/array/gather.h"
#include "sim/array/pe/row_stationary_machine.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

ArrayCost costOf(const ArrayConfig& array, DataType format, const RowStationaryCounts& counts) {
  return {{0, counts.cycles, 0}, workOf(counts, widthsOf(array, format))};
}

template <typename T>
RowStationaryCounts runAll(const ArrayConfig& array, DataType format, const RowStationaryPlan& plan,
                           const RowStationaryValues<T>& values, ArrayObserver* observer) {
  RowStationaryCounts counts;
  for (const RowStationaryPiece& piece : plan.pieces()) {
    RowStationaryMachine<T>(array, format, plan, piece, values, counts, observer).run();
  }
  return counts;
}

}  // namespace

RowStationaryPass RowStationaryArray::mappingOf(DataType format, const MatrixShape& shape) {
  auto known = mappings_.find({format, shape});
  if (known == mappings_.end()) {
    known = mappings_.emplace(Key{format, shape}, mapper_(format, shape)).first;
  }
  return known->second;
}

ArrayCost RowStationaryArray::cost(const MatrixTile& tile) {
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  const auto known = costs_.find({format, shape});
  if (known != costs_.end()) return known->second;
  const RowStationaryPlan plan(array_, format, shape, mappingOf(format, shape));
  const RowStationaryCounts counts =
      runAll(array_, format, plan, RowStationaryValues<std::int32_t>{}, nullptr);
  const ArrayCost cost = costOf(array_, format, counts);
  costs_.emplace(Key{format, shape}, cost);
  return cost;
}

ZeroWork RowStationaryArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const DataType format = arrayFormat(tile.a.type);
  const RowStationaryCounts counts =
      withSumType(tile.c.type, [&]<typename T>(T) { return product<T>(tile, storages); });
  const auto known = costs_.find({format, tile.shape()});
  ensure(known == costs_.end() || known->second == costOf(array_, format, counts),
         "values change the cost of a row-stationary array");
  return zerosOf(counts, widthsOf(array_, format));
}

template <typename T>
RowStationaryCounts RowStationaryArray::product(const MatrixTile& tile,
                                                std::vector<Storage>& storages) {
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  const RowStationaryPlan plan(array_, format, shape, mappingOf(format, shape));
  std::vector<T> inputs(static_cast<std::size_t>(tile.m() * tile.k()));
  std::vector<T> weights(static_cast<std::size_t>(tile.k() * tile.n()));
  gatherRows(tile, storages, 0, tile.m(), inputs.data());
  gatherWeights(tile, storages, 0, tile.n(), tile.n(), weights.data());
  MatrixTile further = tile;
  further.accumulates = true;
  const Sums<T> start(tile, storages);
  Sums<T> later(further, storages);
  return runAll<T>(array_, format, plan, {inputs.data(), weights.data(), &start, &later},
                   observer_);
}

}  // namespace npusim
