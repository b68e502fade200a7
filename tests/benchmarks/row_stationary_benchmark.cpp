#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "sim/array/pe/row_stationary_array.h"
#include "sim/array/tile/row_stationary_tile.h"
#include "sim/laws/row_stationary_law.h"

namespace npusim::benchmarks {
namespace {

/// The array of Eyeriss (docs/dataflows/row_stationary.md) with stores wide enough for the format,
/// or a square one of `rows` x `rows` PEs.
ArrayConfig arrayOf(DataType format, std::int64_t rows) {
  ArrayConfig array;
  array.rows = rows;
  array.cols = rows == 12 ? 14 : rows;
  array.dataflow = dataflowPreset("row_stationary");
  array.macsPerCycle = {{format, 1}};
  array.localStore.weights.bytes = 224 * byteSize(format);
  array.localStore.inputs.bytes = 12 * byteSize(format);
  array.localStore.outputs.bytes = 24 * array.partialSumBytes;
  return array;
}

/// AlexNet's fourth convolution: one group, two images.
struct Convolution {
  static constexpr std::int64_t kImages = 2, kOut = 13, kFilters = 192, kWindow = 3,
                                kChannels = 192;
  static constexpr std::int64_t kIn = kOut + kWindow - 1;

  explicit Convolution(DataType format) {
    const std::int64_t width = byteSize(format);
    const std::int64_t pixel = kChannels * width, row = kIn * pixel;
    strides = {{{kIn * row, row, pixel, 0, row, pixel, width},
                {0, 0, 0, width, kWindow * kChannels * kFilters * width,
                 kChannels * kFilters * width, kFilters * width},
                {kOut * kOut * kFilters * 4, kOut * kFilters * 4, kFilters * 4, 4, 0, 0, 0}}};
    const std::int64_t weights = kImages * kIn * row;
    const std::int64_t sums = weights + kWindow * kWindow * kChannels * kFilters * width;
    const std::int64_t bytes = sums + kImages * strides[2][0];
    storages.emplace_back("buffer", true, bytes, bytes);
    tile.extents = {kImages, kOut, kOut, kFilters, kWindow, kWindow, kChannels};
    tile.a = {0, 0, strides[0], {}, format};
    tile.b = {0, weights, strides[1], {}, format};
    tile.c = {0, sums, strides[2], {}, isFloat(format) ? DataType::Float32 : DataType::Int32};
  }

  std::array<std::array<std::int64_t, 7>, 3> strides;
  std::vector<Storage> storages;
  MatrixTile tile;
};

DataType formatOf(const benchmark::State& state) {
  return state.range(0) == 0 ? DataType::Int8 : DataType::Float32;
}

void report(benchmark::State& state, const Convolution& convolution, double peCycles) {
  const auto runs = static_cast<double>(state.iterations());
  const auto macs = static_cast<double>(convolution.tile.shape().macs());
  state.counters["PE-cycles/s"] = benchmark::Counter(runs * peCycles, benchmark::Counter::kIsRate);
  state.counters["MAC/s"] = benchmark::Counter(runs * macs, benchmark::Counter::kIsRate);
}

/// Every PE every cycle, with values.
void stepRowStationary(benchmark::State& state) {
  const ArrayConfig config = arrayOf(formatOf(state), state.range(1));
  RowStationaryArray array(config, [&](DataType format, const MatrixShape& shape) {
    return rowStationaryPass(config, format, shape);
  });
  Convolution convolution(formatOf(state));
  const std::int64_t cycles = array.cost(convolution.tile).timing.total();
  for (auto _ : state) array.compute(convolution.tile, convolution.storages);
  report(state, convolution, static_cast<double>(cycles * config.rows * config.cols));
}
BENCHMARK(stepRowStationary)
    ->ArgNames({"fp32", "rows"})
    ->ArgsProduct({{0, 1}, {12, 64}})
    ->Unit(benchmark::kMillisecond);

/// The product alone, in the order of the PEs.
void multiplyRowStationary(benchmark::State& state) {
  const ArrayConfig config = arrayOf(formatOf(state), state.range(1));
  RowStationaryTile array(config);
  Convolution convolution(formatOf(state));
  const std::int64_t cycles = array.cost(convolution.tile).timing.total();
  for (auto _ : state) array.compute(convolution.tile, convolution.storages);
  report(state, convolution, static_cast<double>(cycles * config.rows * config.cols));
}
BENCHMARK(multiplyRowStationary)
    ->ArgNames({"fp32", "rows"})
    ->ArgsProduct({{0, 1}, {12}})
    ->Unit(benchmark::kMillisecond);

/// The search for the mapping parameters of one instruction.
void searchRowStationary(benchmark::State& state) {
  const ArrayConfig config = arrayOf(DataType::Int8, state.range(0));
  const Convolution convolution(DataType::Int8);
  const MatrixShape shape = convolution.tile.shape();
  for (auto _ : state) {
    benchmark::DoNotOptimize(rowStationaryPass(config, DataType::Int8, shape));
  }
}
BENCHMARK(searchRowStationary)->ArgName("rows")->Arg(12)->Arg(64)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace npusim::benchmarks
