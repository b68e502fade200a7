#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/dram_model.h"

namespace npusim::benchmarks {
namespace {

MemoryConfig preset(const std::string& name, const std::string& mapping) {
  MemoryConfig memory = loadMemory(name);
  memory.mapping = mappingText(mapping, memory);
  return memory;
}

/// Requests of `pieces` pieces each, every one sent as the one before the last is done.
void run(benchmark::State& state, const MemoryConfig& memory, const std::vector<Piece>& all,
         std::size_t pieces) {
  std::int64_t visits = 0;
  for (auto _ : state) {
    DramModel model(memory);
    MemoryEvents events;
    std::int64_t beforeLast = 0, last = 0;
    for (std::size_t i = 0; i + pieces <= all.size(); i += pieces) {
      const Completion done =
          model.transfer(beforeLast, Direction::Read, std::span(all).subspan(i, pieces), events);
      beforeLast = last;
      last = done.end;
    }
    visits += events.activates;
  }
  state.counters["visits/s"] =
      benchmark::Counter(static_cast<double>(visits), benchmark::Counter::kIsRate);
}

/// Whole rows one after another.
void sequentialRows(benchmark::State& state) {
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < 100'000; ++i) pieces.push_back({i * 8192, 8192});
  run(state, preset("ddr4_2400", "row"), pieces, 1);
}

/// The same with bursts that take turns over the bank groups: four rows a request of 32 KiB.
void bankGroupInterleave(benchmark::State& state) {
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < 25'000; ++i) pieces.push_back({i * 32768, 32768});
  run(state, preset("ddr4_2400", "bgi"), pieces, 1);
}

/// 64 bytes here and there.
void scattered(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < 100'000; ++i) {
    pieces.push_back({static_cast<std::int64_t>(random() % (1 << 26)) * 64, 64});
  }
  run(state, preset("ddr4_2400", "row"), pieces, 1000);
}

BENCHMARK(sequentialRows)->Unit(benchmark::kMillisecond);
BENCHMARK(bankGroupInterleave)->Unit(benchmark::kMillisecond);
BENCHMARK(scattered)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
