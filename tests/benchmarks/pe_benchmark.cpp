#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "sim/array/pe/systolic_array.h"

namespace npusim::benchmarks {
namespace {

constexpr std::array kDataflows = {"weight_stationary", "output_stationary", "dot_product"};
constexpr std::array kFormats = {DataType::Int8, DataType::Float32};
constexpr std::int64_t kSquaresOfTheArray = 4;  ///< m, n and k in sides of the array

/// C = A B of side^3 in one storage, without zeros.
struct Product {
  std::array<std::array<std::int64_t, MatrixTile::kDimensions>, 3> strides{};
  std::vector<Storage> storages;
  MatrixTile tile;

  Product(std::int64_t side, DataType format) {
    const std::int64_t width = byteSize(format), block = side * side * 4;
    storages.emplace_back("buffer", true, 3 * block, 3 * block);
    strides[0][2] = strides[1][6] = side * width;
    strides[0][6] = strides[1][3] = width;
    strides[2][2] = side * 4;
    strides[2][3] = 4;
    const DataType sums = isFloat(format) ? DataType::Float32 : DataType::Int32;
    tile.extents = MatrixShape::product(side, side, side).extents;
    tile.a = {0, 0, strides[0], {}, format};
    tile.b = {0, block, strides[1], {}, format};
    tile.c = {0, 2 * block, strides[2], {}, sums};
    std::byte* const bytes = storages[0].at(0, 2 * block);
    for (std::int64_t i = 0; i < 2 * block; ++i) bytes[i] = static_cast<std::byte>(i % 63 + 1);
  }
};

void pe(benchmark::State& state) {
  const auto argument = [&](int i) { return static_cast<std::size_t>(state.range(i)); };
  const std::int64_t side = state.range(1);
  const DataType format = kFormats[argument(2)];
  ArrayConfig array;
  array.rows = array.cols = side;
  array.dataflow = dataflowPreset(kDataflows[argument(0)]);
  array.macsPerCycle = {{format, 1}};
  SystolicArray model(array);
  Product product(kSquaresOfTheArray * side, format);
  const std::int64_t cycles = model.cost(product.tile).timing.total();
  for (auto _ : state) benchmark::DoNotOptimize(model.compute(product.tile, product.storages));
  const auto rate = [&](std::int64_t each) {
    return benchmark::Counter(static_cast<double>(state.iterations() * each),
                              benchmark::Counter::kIsRate);
  };
  state.counters["PE-cycles/s"] = rate(cycles * side * side);
  state.counters["MACs/s"] = rate(product.tile.shape().macs());
  state.SetLabel(std::string(kDataflows[argument(0)]) + " " + std::string(name(format)));
}
BENCHMARK(pe)
    ->ArgsProduct({benchmark::CreateDenseRange(0, 2, 1), {16, 64, 128}, {0, 1}})
    ->ArgNames({"dataflow", "side", "format"})
    ->Unit(benchmark::kMillisecond);

/// What a tile costs, found without values: `npusim run --values off --fidelity pe`.
void peWithoutValues(benchmark::State& state) {
  ArrayConfig array;
  array.rows = array.cols = state.range(0);
  array.macsPerCycle = {{DataType::Int8, 1}};
  const Product product(kSquaresOfTheArray * state.range(0), DataType::Int8);
  std::int64_t cycles = 0;
  for (auto _ : state) cycles += SystolicArray(array).cost(product.tile).timing.total();
  state.counters["PE-cycles/s"] = benchmark::Counter(
      static_cast<double>(cycles * array.rows * array.cols), benchmark::Counter::kIsRate);
}
BENCHMARK(peWithoutValues)->ArgName("side")->Arg(16)->Arg(64)->Arg(128);

}  // namespace
}  // namespace npusim::benchmarks
