#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "sim/array/pe/cached_array.h"

namespace npusim::benchmarks {
namespace {

constexpr std::int64_t kM = 256, kN = 64, kK = 576;

/// A matrix product as a layer of a network has it: inputs row by row, weights by k.
struct Product {
  explicit Product(DataType format) {
    const std::int64_t width = byteSize(format);
    strides = {{{0, 0, kK * width, 0, 0, 0, width},
                {0, 0, 0, width, 0, 0, kN * width},
                {0, 0, kN * 4, 4, 0, 0, 0}}};
    const std::int64_t weights = kM * kK * width;
    const std::int64_t sums = weights + kN * kK * width;
    storages.emplace_back("buffer", true, sums + kM * kN * 4, sums + kM * kN * 4);
    tile.extents = {1, 1, kM, kN, 1, 1, kK};
    tile.a = {0, 0, strides[0], {}, format};
    tile.b = {0, weights, strides[1], {}, format};
    tile.c = {0, sums, strides[2], {}, isFloat(format) ? DataType::Float32 : DataType::Int32};
  }

  std::array<std::array<std::int64_t, 7>, 3> strides;
  std::vector<Storage> storages;
  MatrixTile tile;
};

/// PE-cycles a second with values, 16 x 16 PEs, a cache of `bytes`.
void stepCached(benchmark::State& state) {
  const DataType format = state.range(0) == 0 ? DataType::Int8 : DataType::Float32;
  ArrayConfig config;
  config.rows = config.cols = 16;
  config.dataflow = dataflowPreset("cached");
  config.macsPerCycle = {{format, 1}};
  config.cache.bytes = state.range(1);
  CachedArray array(config, {{16, 64}});
  Product product(format);
  const std::int64_t cycles = array.cost(product.tile).timing.total();
  for (auto _ : state) array.compute(product.tile, product.storages);
  const auto runs = static_cast<double>(state.iterations());
  const auto peCycles = static_cast<double>(cycles * config.rows * config.cols);
  state.counters["PE-cycles/s"] = benchmark::Counter(runs * peCycles, benchmark::Counter::kIsRate);
  state.counters["MAC/s"] =
      benchmark::Counter(runs * static_cast<double>(kM * kN * kK), benchmark::Counter::kIsRate);
}
BENCHMARK(stepCached)
    ->ArgNames({"fp32", "bytes"})
    ->ArgsProduct({{0, 1}, {0, 64, 1024, 16384}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
