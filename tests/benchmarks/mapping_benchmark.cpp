#include <benchmark/benchmark.h>

#include "tests/benchmarks/networks.h"

namespace npusim::benchmarks {
namespace {

/// Lowering, tiling search, allocation and emission, without constants' bytes.
void compileEach(benchmark::State& state, const Graph& network) {
  const ChipConfig chip = defaultChip();
  const Graph graph = readyToCompile(network, chip);
  const CompileOptions options{.values = false};
  for (auto _ : state) benchmark::DoNotOptimize(compile(graph, chip, options));
}

void compileBlazeface(benchmark::State& state) { compileEach(state, defaultNetwork()); }
BENCHMARK(compileBlazeface)->Unit(benchmark::kMillisecond);

void compileGemm(benchmark::State& state) {
  const std::int64_t size = state.range(0);
  compileEach(state, gemmGraph(size, size, size, 1));
}
BENCHMARK(compileGemm)->RangeMultiplier(4)->Range(64, 4096)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
