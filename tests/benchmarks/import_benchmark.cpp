#include <benchmark/benchmark.h>

#include "tests/benchmarks/networks.h"

namespace npusim::benchmarks {
namespace {

template <Graph import()>
void importNetwork(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(import());
}
BENCHMARK_TEMPLATE(importNetwork, blazeface)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(importNetwork, resnet50)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
