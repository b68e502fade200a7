#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/study/layer_study.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

using Align = TextTable::Align;
using Cells = std::vector<std::string>;

constexpr DataType kFormat = DataType::Float16;
constexpr double kPico = 1e-12;

/// The layers that are compared, in NCHW.
const std::vector<StudyLayer>& layers() {
  static const std::vector<StudyLayer> kLayers = {
      {"conv 3x3, 64 to 64, 28x28", {{1, 64, 28, 28}, {64, 3, 3}, 1, 1, 1, 1}},
      {"conv 1x1, 64 to 64, 28x28", {{1, 64, 28, 28}, {64, 1, 1}, 1, 0, 1, 1}},
      {"depthwise 3x3, 64, 28x28", {{1, 64, 28, 28}, {64, 3, 3}, 1, 1, 1, 64}},
      {"matrix 1024x1024 x vector", {{1, 1024, 1, 1}, {1024, 1, 1}, 1, 0, 1, 1}},
  };
  return kLayers;
}

/// The chip `edge` with 256 fp16 MACs under one dataflow. One lane of the vector unit leaves the
/// depthwise convolution to the array. Row-stationary PEs keep what Eyeriss's do: 224 weights, 12
/// inputs and 24 partial sums (Chen et al., JSSC 2017).
ChipConfig chipWith(const std::string& dataflow) {
  std::vector<Override> changes = {{"formats", "[fp16]"},
                                   {"array.rows", "16"},
                                   {"array.cols", "16"},
                                   {"array.dataflow", dataflow},
                                   {"vector.lanes", "1"}};
  if (dataflowPreset(dataflow).kind == ArrayKind::RowStationary) {
    changes.insert(changes.end(), {{"local_store.weights.bytes", "448"},
                                   {"local_store.inputs.bytes", "24"},
                                   {"local_store.outputs.bytes", "96"}});
  }
  return loadChip("edge", changes);
}

/// One layer under one dataflow, or why not.
struct Point {
  std::string dataflow, refusal;
  ArrayShare array;
  RunResult chip;
  std::int64_t macs = 0;
};

Point measure(const StudyLayer& layer, const std::string& dataflow) {
  Point point;
  point.dataflow = dataflow;
  try {
    const ChipConfig chip = chipWith(dataflow);
    point.array = arrayShare(chip, kFormat, layer.problem);
    point.chip = chipRun(chip, kFormat, layer.problem);
  } catch (const NotPossible& reason) {
    point.refusal = reason.what();
  }
  return point;
}

struct LayerPoints {
  std::string layer;
  std::vector<Point> points;
};

std::vector<LayerPoints> measureAll() {
  const Progress progress;
  std::vector<LayerPoints> all;
  for (const StudyLayer& layer : layers()) {
    LayerPoints points{layer.name, {}};
    for (const Dataflow& dataflow : dataflowPresets()) {
      progress.show(layer.name + ", " + dataflow.name);
      points.points.push_back(measure(layer, dataflow.name));
    }
    all.push_back(std::move(points));
  }
  return all;
}

std::string cycles(double count) { return grouped(std::llround(count)); }
std::string both(const ReadWrite& moved) { return bytes(moved.read + moved.write); }
std::string joules(double picojoules) { return si(picojoules * kPico, "J"); }

Cells timeCells(const Point& point) {
  const ArrayShare& a = point.array;
  return {grouped(a.cycles),
          cycles(a.useful),
          cycles(a.edge),
          cycles(a.fill),
          cycles(a.wait),
          cycles(a.drain),
          percent(a.useful / static_cast<double>(a.cycles))};
}

Cells accessCells(const Point& point) {
  const ArrayWork& work = point.array.work;
  const auto all = [&](std::int64_t each) { return bytes(point.array.instructions * each); };
  const auto allBoth = [&](const ReadWrite& each) { return all(each.read + each.write); };
  return {allBoth(work.localStore.weights),
          allBoth(work.localStore.inputs),
          allBoth(work.localStore.outputs),
          all(work.network.weights),
          all(work.network.inputs),
          all(work.network.outputs),
          all(work.weightBytes),
          all(work.inputBytes),
          all(work.partialReadBytes + work.partialWriteBytes)};
}

Cells chipCells(const Point& point) {
  const PredictResult& p = point.chip.predict;
  const Energy& e = p.energy;
  return {grouped(p.cycles),
          grouped(p.stalls.dram),
          both(p.counters.dramBytes),
          joules(e.mac),
          joules(e.localStore),
          joules(e.arrayNetwork),
          joules(e.buffer),
          joules(e.dram),
          joules(e.vector + e.clockIdle),
          joules(e.total()),
          fmt::format("{:.2f}", e.total() / static_cast<double>(p.macs))};
}

/// One of the three tables: its heading, its figures' columns and how a point fills them.
struct Sheet {
  const char* heading;
  Cells columns;
  Cells (*cells)(const Point&);
};

const std::vector<Sheet>& sheets() {
  static const std::vector<Sheet> kSheets = {
      {"Array cycles: each layer as one instruction, all operands in the buffers",
       {"cycles", "useful", "edge", "fill", "wait", "drain", "utilization"},
       timeCells},
      {"Bytes that the array moves for it: local stores (L), between PEs (N), buffers (B), each "
       "for "
       "weights, inputs and partial sums",
       {"L weights", "L inputs", "L sums", "N weights", "N inputs", "N sums", "B weights",
        "B inputs", "B sums"},
       accessCells},
      {"The whole chip: tiled into its buffers, with DMA and DRAM",
       {"cycles", "wait DRAM", "DRAM", "E MACs", "E local", "E links", "E buffers", "E DRAM",
        "E rest", "energy", "pJ/MAC"},
       chipCells},
  };
  return kSheets;
}

TextTable tableOf(const Sheet& sheet, const LayerPoints& layer) {
  std::vector<TextTable::Column> columns = {{"dataflow", Align::Left}};
  for (const std::string& column : sheet.columns) columns.push_back({column});
  TextTable table(columns);
  for (const Point& point : layer.points) {
    Cells row = point.refusal.empty() ? sheet.cells(point) : Cells(sheet.columns.size(), "-");
    row.insert(row.begin(), point.dataflow);
    table.addRow(row);
  }
  return table;
}

/// The reasons of what could not run, each once.
std::string refusals(const std::vector<LayerPoints>& all) {
  Cells seen;
  for (const LayerPoints& layer : all) {
    for (const Point& point : layer.points) {
      const std::string line = point.dataflow + ": " + point.refusal + "\n";
      if (!point.refusal.empty() && std::ranges::find(seen, line) == seen.end()) {
        seen.push_back(line);
      }
    }
  }
  std::string text;
  for (const std::string& line : seen) text += line;
  return text;
}

/// What the tables show, for a reader of the page.
constexpr const char* kPreface =
    "The chip `edge` with 16 x 16 PEs, one fp16 MAC each, under every dataflow; row-stationary "
    "PEs\n"
    "have the local stores of Eyeriss, cached ones 256 bytes. Made by\n"
    "`npusim study dataflows --markdown`.\n\n"
    "- useful: cycles if every PE did a useful MAC in each. edge: PEs outside a ragged fold, or\n"
    "  multiplying zeros between the groups of a depthwise convolution. fill: before operands\n"
    "  stream. wait: PEs wait for what they hold or fetch. drain: after the last operands "
    "entered.\n"
    "- L, N and B: bytes at the PEs' local stores, received over links and buses between PEs, and\n"
    "  at the buffers; read and written together.\n"
    "- E: energy by the table 7nm. local: local stores, links: between PEs, rest: clock and "
    "idle.\n";

std::string report(const std::vector<LayerPoints>& all, bool markdown) {
  std::string text = markdown ? "# The same layers under every dataflow\n\n" : "";
  text += std::string(kPreface) + "\n";
  for (const Sheet& sheet : sheets()) {
    text += fmt::format("{}{}\n\n", markdown ? "## " : "", sheet.heading);
    for (const LayerPoints& layer : all) {
      const TextTable table = tableOf(sheet, layer);
      text += fmt::format("{}{}\n{}\n", markdown ? "### " : "", layer.layer,
                          markdown ? "\n" + table.markdown() : table.text());
    }
  }
  text += refusals(all);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

constexpr const char* kPurpose =
    "Runs four layers (3x3, 1x1 and depthwise convolution, matrix x vector) under\n"
    "every dataflow on the chip edge with 16 x 16 PEs, one fp16 MAC each, and prints\n"
    "cycles, accesses and energy.";

}  // namespace

void studyDataflows(const Arguments& arguments) {
  CommandLine line;
  line.name = "study dataflows";
  line.purpose = kPurpose;
  bool markdown = false;
  line.options.add_options()("markdown", po::bool_switch(&markdown), "as Markdown");
  if (!parse(line, arguments)) return;
  print(report(measureAll(), markdown));
}

}  // namespace npusim::tools
