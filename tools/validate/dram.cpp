#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/dram/dram_run.h"
#include "tools/validate/cases.h"
#include "tools/validate/dram_judge.h"
#include "tools/validate/dram_traces.h"

namespace npusim::tools {
namespace {

bool anyReference(const DramConfiguration& configuration, const std::string& trace) {
  return std::ranges::any_of(configuration.references, [&](const DramFigures& figures) {
    return figures.cycles.contains(trace) || figures.readLatency.contains(trace);
  });
}

std::map<std::string, TraceResult> runTraces(const DramConfiguration& configuration,
                                             const MemoryConfig& memory) {
  const TraceShape shape = traceShape(memory);
  std::map<std::string, TraceResult> results;
  for (const char* name : dramTraceNames()) {
    if (!anyReference(configuration, name)) continue;
    TraceRun run(memory);
    for (const TraceRequest& request : dramTrace(name, shape)) run.offer(request);
    results[name] = run.finish();
  }
  return results;
}

void count(const std::vector<DramRow>& rows, Outcome& outcome) {
  outcome.judged += std::ranges::count_if(rows, [](const auto& row) { return row.judged; });
  outcome.missed += std::ranges::count_if(rows, [](const auto& row) { return !row.passed(); });
}

/// All refreshes on one line; those that are off, each on one of its own.
std::string refreshText(const std::vector<DramRow>& rows) {
  const auto passed = std::ranges::count_if(rows, [](const auto& row) { return row.passed(); });
  std::string text =
      fmt::format(" refreshes: {} of {} traces have one every REFI\n", passed, rows.size());
  for (const DramRow& row : rows) {
    if (row.passed()) continue;
    text += fmt::format(" refreshes of {}: {:g}, {:+g} FAIL\n", row.trace, row.own, row.nearest);
  }
  return text;
}

std::string simulatorText(const DramReference& reference) {
  std::string text;
  for (const DramSimulator& simulator : reference.simulators) {
    text += fmt::format(" {:<8} {}\n", simulator.key, simulator.name);
  }
  return text;
}

}  // namespace

Outcome runDram() {
  checkDramTraces();
  const DramReference reference = readDramReference();
  Outcome outcome;
  outcome.text = fmt::format("dram: traces of DRAM requests\nreferences: {}\n{}", reference.source,
                             simulatorText(reference));
  for (const DramConfiguration& configuration : reference.configurations) {
    const MemoryConfig memory =
        loadMemory({configuration.memory, configuration.mapping, configuration.refresh, {}});
    const auto results = runTraces(configuration, memory);
    const std::vector<DramRow> rows = judgeDram(configuration, results);
    count(rows, outcome);
    outcome.text += fmt::format("\n{}: {}, judged by {}\n\n{}", configuration.name, memory.mapping,
                                configuration.judges.empty()
                                    ? "none"
                                    : fmt::format("{}", fmt::join(configuration.judges, ", ")),
                                dramText(configuration, rows));
    if (memory.timing.REFI == 0) continue;
    const auto refreshes = judgeRefreshes(results, memory.timing.REFI, reference.refreshesWithin);
    count(refreshes, outcome);
    outcome.text += refreshText(refreshes);
  }
  return outcome;
}

}  // namespace npusim::tools
