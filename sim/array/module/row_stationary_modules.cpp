#include "sim/array/module/row_stationary_modules.h"

#include "sim/array/gather.h"
#include "sim/array/module/grid_host.h"
#include "sim/array/module/most_pes.h"
#include "sim/array/module/row_stationary_grid.h"
#include "sim/array/sums.h"
#include "sim/core/error.h"

namespace npusim {
namespace modules {

/// Runs instructions on modules that stay from one to the next.
class RowStationaryHosts {
 public:
  RowStationaryHosts(const ArrayConfig& array, double clockMhz)
      : array_(array), clockMhz_(clockMhz) {}

  RowStationaryCounts run(DataType format, const RowStationaryProgram& program) {
    return hostOf<std::int32_t>(format).run(program, BufferView<std::int32_t>{}, nullptr);
  }

  template <typename T>
  RowStationaryCounts run(const RowStationaryProgram& program, const MatrixTile& tile,
                          std::vector<Storage>& storages, const std::string& vcdPath,
                          ArrayObserver* observer) {
    const DataType format = arrayFormat(tile.a.type);
    MatrixTile further = tile;
    further.accumulates = true;
    const Sums<T> start(tile, storages);
    Sums<T> later(further, storages);
    BufferView<T> view{std::vector<T>(static_cast<std::size_t>(tile.m() * tile.k())),
                       std::vector<T>(static_cast<std::size_t>(tile.k() * tile.n())), &start,
                       &later};
    gatherRows(tile, storages, 0, tile.m(), view.inputs.data());
    gatherWeights(tile, storages, 0, tile.n(), tile.n(), view.weights.data());
    if (vcdPath.empty()) return hostOf<T>(format).run(program, view, observer);
    return Host<T>(vcdPath, array_, format, clockMhz_).run(program, view, observer);
  }

 private:
  template <typename T>
  using Host = GridHost<RowStationaryGrid<T>>;
  template <typename T>
  using Hosts = std::map<DataType, std::unique_ptr<Host<T>>>;

  template <typename T>
  Host<T>& hostOf(DataType format) {
    auto& host = std::get<Hosts<T>>(hosts_)[format];
    if (!host) host = std::make_unique<Host<T>>("", array_, format, clockMhz_);
    return *host;
  }

  const ArrayConfig array_;
  const double clockMhz_;
  std::tuple<Hosts<float>, Hosts<std::int32_t>, Hosts<std::int64_t>> hosts_;
};

}  // namespace modules

RowStationaryModules::RowStationaryModules(const ArrayConfig& array, RowStationaryMapper mapper,
                                           double clockMhz)
    : array_(array),
      mapper_(std::move(mapper)),
      clockMhz_(clockMhz),
      hosts_(std::make_unique<modules::RowStationaryHosts>(array, clockMhz)) {
  refuseMorePes(array);
}

RowStationaryModules::~RowStationaryModules() = default;

ArrayCost RowStationaryModules::cost(const MatrixTile& tile) {
  const DataType format = arrayFormat(tile.a.type);
  const std::pair key{format, tile.shape()};
  const auto known = costs_.find(key);
  if (known != costs_.end()) return known->second;
  const modules::RowStationaryProgram program(array_, format, key.second,
                                              mapper_(format, key.second));
  const RowStationaryCounts counts = hosts_->run(format, program);
  const ArrayCost cost{{0, counts.cycles, 0}, workOf(counts, widthsOf(array_, format))};
  costs_.emplace(key, cost);
  return cost;
}

ZeroWork RowStationaryModules::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const ArrayCost expected = cost(tile);
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  const modules::RowStationaryProgram program(array_, format, shape, mapper_(format, shape));
  const std::string vcdPath = std::exchange(tracePath_, {});
  const RowStationaryCounts counts = withSumType(tile.c.type, [&]<typename T>(T) {
    return hosts_->run<T>(program, tile, storages, vcdPath, observer_);
  });
  const RowStationaryWidths widths = widthsOf(array_, format);
  ensure(ArrayCost{{0, counts.cycles, 0}, workOf(counts, widths)} == expected,
         "an instruction costs other than without its values");
  return zerosOf(counts, widths);
}

}  // namespace npusim
