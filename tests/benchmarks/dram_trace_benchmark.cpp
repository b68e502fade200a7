#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/trace_run.h"

namespace npusim::benchmarks {
namespace {

constexpr const char* kMemories[] = {"ddr3_1600", "ddr4_2400", "lpddr4_3200", "lpddr5_6400",
                                     "hbm2"};
enum Pattern { Sequential, Random, Mixed };

std::vector<TraceRequest> trace(Pattern pattern) {
  std::mt19937_64 random(1);
  std::vector<TraceRequest> result;
  for (std::int64_t i = 0; i < 100'000; ++i) {
    const auto anywhere = static_cast<std::int64_t>(random() % (1 << 24)) * 64;
    const bool write = pattern == Mixed && random() % 3 == 0;
    result.push_back({TraceRequest::kClosedLoop, pattern == Sequential ? i * 64 : anywhere,
                      write ? Direction::Write : Direction::Read});
  }
  return result;
}

/// Closed-loop requests through the command-level controller; items are requests.
void dramTrace(benchmark::State& state) {
  const char* const name = kMemories[state.range(0)];
  const MemoryConfig memory = loadMemory(name);
  const std::vector<TraceRequest> requests = trace(static_cast<Pattern>(state.range(1)));
  for (auto _ : state) {
    TraceRun run(memory);
    for (const TraceRequest& request : requests) run.offer(request);
    benchmark::DoNotOptimize(run.finish().cycles);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(requests.size()));
  const char* const patterns[] = {"sequential", "random", "random with writes"};
  state.SetLabel(std::string(name) + ", " + patterns[state.range(1)]);
}
BENCHMARK(dramTrace)->ArgsProduct({{0, 1, 2, 3, 4}, {Sequential, Random, Mixed}});

}  // namespace
}  // namespace npusim::benchmarks
