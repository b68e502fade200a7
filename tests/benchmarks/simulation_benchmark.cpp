#include <benchmark/benchmark.h>

#include "sim/chip/npu.h"
#include "tests/benchmarks/networks.h"

namespace npusim::benchmarks {
namespace {

constexpr bool kValues = true;

/// The default network on the default chip, loaded and with its inputs set.
struct Machine {
  ChipConfig chip = defaultChip();
  Graph graph = readyToCompile(blazeface(), chip);
  isa::Program program = compile(graph, chip, {.values = kValues});
  Npu npu{chip, program, kValues};

  Machine() {
    npu.load();
    for (const ValueId input : graph.inputs) {
      const Value& value = graph.value(input);
      npu.setInput(value.name, Tensor(value.type, value.shape));
    }
  }
};

/// SystemC elaborates once a process: one machine, however often the function is entered.
void predictBlazeface(benchmark::State& state) {
  static Machine machine;
  std::int64_t cycles = 0;
  for (auto _ : state) cycles += machine.npu.predict().total.cycles;
  state.counters["cycles/s"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}
BENCHMARK(predictBlazeface)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace npusim::benchmarks
