#include <benchmark/benchmark.h>

#include "tests/benchmarks/networks.h"

namespace npusim::benchmarks {
namespace {

void importBlazeface(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(defaultNetwork());
}
BENCHMARK(importBlazeface)->Unit(benchmark::kMillisecond);

void optimizeBlazeface(benchmark::State& state) {
  const Graph graph = defaultNetwork();
  for (auto _ : state) benchmark::DoNotOptimize(optimize(graph));
}
BENCHMARK(optimizeBlazeface)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
