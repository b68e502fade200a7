#include <fmt/format.h>

#include <algorithm>

#include "sim/config/load_config.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/problem.h"
#include "tools/study/layer_study.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr DataType kFormat = DataType::Int8;
constexpr std::int64_t kLineBytes = 16;
constexpr std::int64_t kMostBytes = 4096;
constexpr std::int64_t kTiledForBytes = kMostBytes;

constexpr std::uint64_t kSeed = 1;

struct StudyNetwork {
  const char* name;
  Network network;
};

std::vector<StudyNetwork> networks() {
  return {{"conv 3x3, 8 to 16 channels, 28 x 28",
           convNetwork({{1, 8, 28, 28}, {16, 3, 3}, 1, 1, 1, 1}, kSeed)},
          {"matrix product, 1024 x 32 x 64 (M x N x K)", gemmNetwork(1024, 32, 64, kSeed)}};
}

/// The chip `edge` with 256 int8 MACs, each PE with a cache of `bytes`.
ChipConfig chipWith(std::int64_t bytes) {
  const std::vector<Override> changes = {{"formats", "[int8]"},
                                         {"array.rows", "16"},
                                         {"array.cols", "16"},
                                         {"array.dataflow", "cached"}};
  ChipConfig chip = loadChip("edge", changes);
  chip.array.cache.bytes = bytes;
  chip.array.cache.lineBytes = kLineBytes;
  return chip;
}

struct Point {
  std::int64_t bytes = 0;
  RunResult result;

  double hitRate() const {
    const Counters& c = result.predict.counters;
    return static_cast<double>(c.cacheHits) / static_cast<double>(c.cacheHits + c.cacheMisses);
  }
  double perMac(double picojoules) const {
    return picojoules / static_cast<double>(result.predict.macs);
  }
  double energy() const { return result.predict.energy.total(); }
};

/// 0 bytes, then a line, doubled up to kMostBytes.
std::vector<Point> measure(const StudyNetwork& studied, const Progress& progress) {
  std::vector<Point> points;
  const ChipConfig tiledFor = chipWith(kTiledForBytes);
  for (std::int64_t bytes = 0; bytes <= kMostBytes; bytes = std::max(kLineBytes, 2 * bytes)) {
    progress.show(fmt::format("{}, {} bytes", studied.name, bytes));
    points.push_back({bytes, chipRun(chipWith(bytes), tiledFor, kFormat, studied.network)});
  }
  return points;
}

std::vector<std::string> rowOf(const Point& point) {
  const PredictResult& p = point.result.predict;
  const Energy& e = p.energy;
  const auto each = [&](double picojoules) {
    return fmt::format("{:.3f}", point.perMac(picojoules));
  };
  const ReadWrite& dram = p.counters.dramBytes;
  return {bytes(point.bytes),
          percent(point.hitRate()),
          grouped(p.cycles),
          bytes(p.counters.bufferBytes.read),
          bytes(dram.read + dram.write),
          each(e.localStore),
          each(e.arrayNetwork),
          each(e.buffer),
          each(e.dram),
          each(e.mac + e.vector + e.clockIdle),
          each(point.energy()),
          fmt::format("{:.3f}", point.result.area.localStore),
          fmt::format("{:.3f}", point.result.area.total())};
}

TextTable tableOf(const std::vector<Point>& points) {
  TextTable table({{"cache"},
                   {"hits"},
                   {"cycles"},
                   {"buffer read"},
                   {"DRAM"},
                   {"E local"},
                   {"E links"},
                   {"E buffers"},
                   {"E DRAM"},
                   {"E rest"},
                   {"pJ/MAC"},
                   {"local mm2"},
                   {"die mm2"}});
  for (const Point& point : points) table.addRow(rowOf(point));
  return table;
}

/// Where more cache stops paying: the knee of the hit rate, and the least energy.
std::string verdict(const std::vector<Point>& points) {
  constexpr double kNear = 0.01;
  const double most = std::ranges::max_element(points, {}, &Point::hitRate)->hitRate();
  const auto knee = std::ranges::find_if(
      points, [&](const Point& point) { return point.hitRate() >= most - kNear; });
  const auto least = std::ranges::min_element(points, {}, &Point::energy);
  return fmt::format("knee: {} for {} of hits; least energy: {} for {:.3f} pJ/MAC\n",
                     bytes(knee->bytes), percent(knee->hitRate()), bytes(least->bytes),
                     least->perMac(least->energy()));
}

/// What the tables show, for a reader of the page.
constexpr const char* kPreface =
    "The chip `edge` with 16 x 16 PEs, one int8 MAC each, dataflow `cached`: lines of 16 bytes, "
    "4 ways,\n"
    "coalescing. Loop order and tiling are those that the compiler chooses for the largest. Made "
    "by\n"
    "`npusim study cache --markdown`.\n\n"
    "- hits: operands found in the PE's own cache. E: pJ per MAC by the table 7nm; local: caches, "
    "tags and\n"
    "  sums, links: lines to the PEs, rest: MACs, clock and idle.\n"
    "- knee: the smallest cache within 1 point of the best hit rate.\n";

std::string report(bool markdown) {
  const Progress progress;
  std::string text = markdown ? "# How large the cache of each PE should be\n\n" : "";
  text += kPreface;
  for (const StudyNetwork& studied : networks()) {
    const std::vector<Point> points = measure(studied, progress);
    const TextTable table = tableOf(points);
    text += fmt::format("\n{}{}\n{}\n{}", markdown ? "## " : "", studied.name,
                        markdown ? "\n" + table.markdown() : table.text(), verdict(points));
  }
  progress.clear();
  return text;
}

}  // namespace

void studyCache(const Arguments& arguments) {
  CommandLine line;
  line.name = "study cache";
  line.purpose =
      "Runs a convolution and a matrix product on PEs with caches of 0, 16, 32 ... 4096 bytes, "
      "loop\n"
      "order and tiling held fixed, and prints hit rate, traffic, energy and area.";
  bool markdown = false;
  line.options.add_options()("markdown", po::bool_switch(&markdown), "as Markdown");
  if (!parse(line, arguments)) return;
  print(report(markdown));
}

}  // namespace npusim::tools
