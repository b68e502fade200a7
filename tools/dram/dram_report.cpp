#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/dram/dram_run.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr double kPico = 1e-12;
constexpr std::size_t kMostBins = 12, kBarWidth = 40;

std::array<std::pair<const char*, double>, 7> parts(const DramEnergy& energy) {
  return {{{"activate", energy.activate},
           {"read", energy.read},
           {"write", energy.write},
           {"refresh", energy.refresh},
           {"active_standby", energy.activeStandby},
           {"idle_standby", energy.idleStandby},
           {"traffic", energy.traffic}}};
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string counted(std::int64_t part, std::int64_t whole) {
  return fmt::format("{} ({})", grouped(part), percent(share(part, whole)));
}

/// "label   value" lines.
std::string lines(const std::vector<std::pair<const char*, std::string>>& rows) {
  std::string text;
  for (const auto& [label, value] : rows) text += fmt::format(" {:<16} {}\n", label, value);
  return text;
}

std::string timeLines(const DramReport& report) {
  const TraceResult& result = report.result;
  const MemoryEvents& events = result.events;
  const double rate = report.seconds() > 0 ? report.bytes() / report.seconds() : 0;
  return lines({{"requests", fmt::format("{}: {} reads, {} writes", grouped(result.requests),
                                         grouped(result.reads), grouped(result.writes))},
                {"cycles", grouped(result.cycles)},
                {"time", si(report.seconds(), "s")},
                {"bandwidth", fmt::format("{} of {}: {}", si(rate, "B/s"),
                                          si(report.memory.peakBytesPerSecond(), "B/s"),
                                          percent(report.bandwidthUtilization()))},
                {"bursts", grouped(events.bursts)},
                {"row hits", counted(events.rowHits, events.bursts)},
                {"row misses", counted(events.rowMisses, events.bursts)},
                {"row conflicts", counted(events.rowConflicts, events.bursts)},
                {"activates", grouped(events.activates)},
                {"refreshes", grouped(events.refreshes)}});
}

/// Reads by latency, neighbouring entries put together until they fit a screen.
std::string histogramText(const TraceResult& result) {
  const auto& all = result.histogram;
  const auto filled = [](std::int64_t count) { return count != 0; };
  const auto first = std::find_if(all.begin(), all.end(), filled);
  const auto last = std::find_if(all.rbegin(), all.rend(), filled).base();
  if (first == all.end()) return "";
  const auto size = static_cast<std::size_t>(last - first);
  std::size_t width = 1;
  while ((size + width - 1) / width > kMostBins) width *= 2;
  std::vector<std::int64_t> bins((size + width - 1) / width, 0);
  for (std::size_t i = 0; i < size; ++i) bins[i / width] += first[static_cast<std::ptrdiff_t>(i)];
  const std::int64_t most = *std::max_element(bins.begin(), bins.end());
  std::string text = "\n read latency, cycles     reads\n";
  std::int64_t from = (first - all.begin()) * result.histogramStep;
  for (const std::int64_t count : bins) {
    const std::int64_t to = from + static_cast<std::int64_t>(width) * result.histogramStep;
    const auto bar = static_cast<std::size_t>(share(count, most) * static_cast<double>(kBarWidth));
    text += fmt::format(" {:>7} to {:<7} {:>12} {}\n", from, to - 1, grouped(count),
                        std::string(bar, '#'));
    from = to;
  }
  return text;
}

std::string latencyLine(const DramReport& report) {
  const TraceResult& result = report.result;
  if (result.reads == 0) return "";
  return lines({{"read latency",
                 fmt::format("{:.2f} cycles ({:.4g} ns), from {} to {}", result.readLatency,
                             result.readLatency * 1e3 / report.memory.timing.clockMhz,
                             grouped(result.leastReadLatency), grouped(result.mostReadLatency))}});
}

std::string energyText(const DramReport& report) {
  const double total = report.energy.total();
  std::string text =
      fmt::format("\n energy           {}, {} a bit", si(total * kPico, "J"),
                  si(report.bytes() > 0 ? total * kPico / report.bytes() / 8 : 0, "J"));
  const bool priced = report.memory.currents.vdd > 0;
  text += priced ? ", from the currents\n" : ", from pJ/bit: no currents are published\n";
  for (const auto& [name, picojoules] : parts(report.energy)) {
    if (picojoules == 0 || !priced) continue;
    std::string label = name;
    std::replace(label.begin(), label.end(), '_', ' ');
    text += fmt::format("   {:<14} {:<9} {}\n", label, si(picojoules * kPico, "J"),
                        percent(picojoules / total));
  }
  return text;
}

}  // namespace

std::string toTable(const DramReport& report) {
  const MemoryConfig& memory = report.memory;
  const std::string title = fmt::format(
      "{}: {} channel{} at {:g} MHz, mapping {}, refresh {}\n\n",
      memory.preset.empty() ? memory.name : memory.preset, memory.channels,
      memory.channels == 1 ? "" : "s", memory.timing.clockMhz, memory.mapping,
      memory.timing.REFI > 0 ? fmt::format("every {} cycles", memory.timing.REFI) : "off");
  return title + timeLines(report) + latencyLine(report) + histogramText(report.result) +
         energyText(report);
}

std::string toJson(const DramReport& report) {
  using Json = nlohmann::ordered_json;
  const TraceResult& result = report.result;
  const MemoryEvents& events = result.events;
  Json energy = Json::object();
  for (const auto& [name, picojoules] : parts(report.energy)) energy[name] = picojoules;
  Json json = {
      {"npusim", NPUSIM_VERSION},
      {"memory", report.memory.preset.empty() ? report.memory.name : report.memory.preset},
      {"mapping", report.memory.mapping},
      {"channels", report.memory.channels},
      {"refresh", report.memory.timing.REFI > 0},
      {"clock_mhz", report.memory.timing.clockMhz},
      {"requests", result.requests},
      {"reads", result.reads},
      {"writes", result.writes},
      {"cycles", result.cycles},
      {"time_s", report.seconds()},
      {"bandwidth_bytes_per_s", report.seconds() > 0 ? report.bytes() / report.seconds() : 0},
      {"bandwidth_utilization", report.bandwidthUtilization()},
      {"read_latency_cycles", result.readLatency},
      {"read_latency_min_cycles", result.leastReadLatency},
      {"read_latency_max_cycles", result.mostReadLatency},
      {"read_latency_histogram",
       {{"step_cycles", result.histogramStep}, {"reads", result.histogram}}},
      {"bursts", events.bursts},
      {"row_hits", events.rowHits},
      {"row_misses", events.rowMisses},
      {"row_conflicts", events.rowConflicts},
      {"row_hit_rate", result.rowHitRate()},
      {"activates", events.activates},
      {"refreshes", events.refreshes},
      {"active_cycles", events.activeCycles},
      {"idle_cycles", events.idleCycles},
      {"energy_pj", report.energy.total()},
      {"energy_by_part_pj", energy}};
  return json.dump(1) + "\n";
}

}  // namespace npusim::tools
