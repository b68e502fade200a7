#include <benchmark/benchmark.h>

#include "tests/benchmarks/networks.h"

namespace npusim::benchmarks {
namespace {

/// Lowering, tiling search, allocation and emission, without constants' bytes.
template <Graph import()>
void compileNetwork(benchmark::State& state) {
  const ChipConfig chip = defaultChip();
  const Graph graph = readyToCompile(import(), chip);
  const CompileOptions options{.values = false};
  for (auto _ : state) benchmark::DoNotOptimize(compile(graph, chip, options));
}
BENCHMARK_TEMPLATE(compileNetwork, blazeface)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(compileNetwork, resnet50)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
