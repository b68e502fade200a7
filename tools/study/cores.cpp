#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/config/load_config.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/study/layer_study.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr DataType kFormat = DataType::Int8;
constexpr std::array<std::int64_t, 5> kCores = {1, 2, 4, 16, 64};
constexpr std::int64_t kMostPorts = 4;
constexpr std::array kTopologies = {Topology::Crossbar, Topology::Mesh, Topology::Ring};

/// The chip `edge` with so many cores and the memory of a large one.
ChipConfig chipWith(std::int64_t cores, Topology topology) {
  std::vector<Override> changes = {
      {"cores", std::to_string(cores)}, {"memory.preset", "hbm2"}, {"memory.channels", "16"}};
  if (cores > 1) {
    changes.emplace_back("network.topology", std::string(name(topology)));
    changes.emplace_back("network.memory_ports", std::to_string(std::min(cores, kMostPorts)));
  }
  ChipConfig chip = loadChip("edge", changes);
  chip.power.idleW *= static_cast<double>(cores);
  chip.power.clockTreePjPerCycle *= static_cast<double>(cores);
  return chip;
}

struct Point {
  std::int64_t cores = 1;
  std::string topology;
  RunResult result;
};

std::vector<Point> measure(const Progress& progress) {
  NetworkOptions options;
  options.workload = "resnet50";
  const Network network = readNetwork(options, {});
  std::vector<Point> points;
  for (const std::int64_t cores : kCores) {
    for (const Topology topology : kTopologies) {
      if (cores == 1 && topology != kTopologies.front()) continue;
      const std::string shown = cores == 1 ? "-" : std::string(name(topology));
      progress.show(fmt::format("{} cores, {}", cores, shown));
      const ChipConfig chip = chipWith(cores, topology);
      points.push_back({cores, shown, chipRun(chip, chip, kFormat, network)});
    }
  }
  return points;
}

/// What the arrays lost most of their time to.
std::string limitOf(const PredictResult& p) {
  const std::array<std::pair<const char*, double>, 8> shares = {{{"useful", p.utilization},
                                                                 {"edge", p.loss.edge},
                                                                 {"fill", p.loss.fillDrain},
                                                                 {"DRAM", p.loss.dram},
                                                                 {"buffer", p.loss.buffer},
                                                                 {"others", p.loss.dependency},
                                                                 {"network", p.loss.network},
                                                                 {"overhead", p.loss.overhead}}};
  const auto most = std::ranges::max_element(shares.begin() + 1, shares.end(), {},
                                             &std::pair<const char*, double>::second);
  return fmt::format("{} {}", most->first, percent(most->second));
}

std::vector<std::string> rowOf(const Point& point, std::int64_t oneCore) {
  const PredictResult& p = point.result.predict;
  const ReadWrite& dram = p.counters.dramBytes;
  return {std::to_string(point.cores),
          point.topology,
          grouped(p.cycles),
          fmt::format("{:.2f} x", static_cast<double>(oneCore) / static_cast<double>(p.cycles)),
          percent(p.utilization),
          limitOf(p),
          bytes(dram.read + dram.write),
          percent(p.bandwidthUtilization),
          bytes(p.counters.networkByteHops),
          fmt::format("{:.3g} mJ", p.energyJ * 1e3)};
}

std::string report(bool markdown) {
  const Progress progress;
  const std::vector<Point> points = measure(progress);
  progress.clear();
  TextTable table({{"cores"},
                   {"network", TextTable::Align::Left},
                   {"cycles"},
                   {"speed-up"},
                   {"useful"},
                   {"largest loss", TextTable::Align::Left},
                   {"DRAM"},
                   {"of peak"},
                   {"byte-hops"},
                   {"energy"}});
  for (const Point& point : points) {
    table.addRow(rowOf(point, points.front().result.predict.cycles));
  }
  const std::string title = "ResNet-50, int8, batch 1, on cores of the chip `edge`";
  const std::string preface =
      "Each core is that of `edge` (32 x 32 PEs, 512 KiB); the memory is HBM2 of 16 channels at "
      "up to\nfour ports. Made by `npusim study cores --markdown`.\n\n";
  return markdown ? "# " + title + "\n\n" + preface + table.markdown()
                  : title + "\n" + preface + table.text();
}

}  // namespace

void studyCores(const Arguments& arguments) {
  CommandLine line;
  line.name = "study cores";
  line.purpose =
      "Runs ResNet-50 on 1, 2, 4, 16 and 64 cores over a crossbar, a mesh and a ring, and prints\n"
      "speed-up, traffic and what the arrays lost most of their time to.";
  bool markdown = false;
  line.options.add_options()("markdown", po::bool_switch(&markdown), "as Markdown");
  if (!parse(line, arguments)) return;
  print(report(markdown));
}

}  // namespace npusim::tools
