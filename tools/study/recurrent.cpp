#include <fmt/format.h>

#include <array>

#include "sim/config/load_config.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/study/layer_study.h"
#include "tools/study/recurrent_network.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr DataType kFormat = DataType::Int8;
constexpr std::array kChips = {"tpu_v1", "edge"};
/// The recurrent weights of the LSTM are 256 KiB: all of tpu_v1's weight FIFO, half of edge's
/// buffer.
constexpr RecurrentShape kShape{.steps = 64, .batch = 1, .inputs = 256, .hidden = 256};
constexpr std::array<std::int64_t, 2> kBatches = {1, 32};

/// A layer of cells on a chip; without a cell the product of as many multiply-accumulates.
struct Row {
  const char* shown;
  Cell cell;
  bool product = false, held = true;
};
constexpr std::array kRows = {Row{"LSTM's MACs as one product", Cell::Lstm, true},
                              Row{"LSTM", Cell::Lstm},
                              Row{"LSTM, weights streamed", Cell::Lstm, false, false},
                              Row{"GRU", Cell::Gru}, Row{"RNN", Cell::Rnn}};

RunResult measure(const ChipConfig& chip, const Row& row, const RecurrentShape& shape) {
  CompileChoice choice;
  choice.precision = kFormat;
  choice.holdConstants = row.held;
  return chipRun(chip, chip, choice,
                 row.product ? equalProduct(row.cell, shape, kSeed)
                             : recurrentNetwork(row.cell, shape, kSeed));
}

/// Cycles against those of the LSTM's product, for each multiply-accumulate.
std::string slowdown(const PredictResult& p, const PredictResult& product) {
  const auto each = [](const PredictResult& result) {
    return static_cast<double>(result.cycles) / static_cast<double>(result.counters.macs);
  };
  return fmt::format("{:.3g} x", each(p) / each(product));
}

std::vector<std::string> cells(const Row& row, std::int64_t batch, const PredictResult& p,
                               const PredictResult& product) {
  const ReadWrite& dram = p.counters.dramBytes;
  return {std::to_string(batch),
          row.shown,
          grouped(p.counters.macs),
          grouped(p.cycles),
          slowdown(p, product),
          bytes(dram.read + dram.write),
          percent(p.utilization),
          percent(p.loss.edge),
          percent(p.loss.fillDrain),
          percent(p.loss.dram),
          percent(p.loss.buffer + p.loss.dependency),
          percent(p.loss.network + p.loss.overhead)};
}

TextTable tableOf(const ChipConfig& chip, const Progress& progress) {
  TextTable table({{"batch"},
                   {"network", TextTable::Align::Left},
                   {"MACs"},
                   {"cycles"},
                   {"per MAC"},
                   {"DRAM"},
                   {"useful"},
                   {"edge"},
                   {"fill, drain"},
                   {"DRAM wait"},
                   {"other engines"},
                   {"overhead"}});
  for (const std::int64_t batch : kBatches) {
    RecurrentShape shape = kShape;
    shape.batch = batch;
    PredictResult product;
    for (const Row& row : kRows) {
      progress.show(fmt::format("{}, batch {}: {}", chip.name, batch, row.shown));
      const PredictResult p = measure(chip, row, shape).predict;
      if (row.product) product = p;
      table.addRow(cells(row, batch, p, product));
    }
  }
  return table;
}

std::string report(bool markdown) {
  const Progress progress;
  std::string text;
  for (const char* name : kChips) {
    const ChipConfig chip = loadChip(name, {});
    const TextTable table = tableOf(chip, progress);
    progress.clear();
    const std::string title = fmt::format("{} steps of {} inputs and {} hidden on `{}`, int8",
                                          kShape.steps, kShape.inputs, kShape.hidden, chip.name);
    text += (text.empty() ? "" : "\n") + (markdown ? "### " + title + "\n\n" : title + "\n");
    text += markdown ? table.markdown() : table.text();
  }
  return text;
}

}  // namespace

void studyRecurrent(const Arguments& arguments) {
  CommandLine line;
  line.name = "study recurrent";
  line.purpose =
      "Runs LSTM, GRU and RNN layers beside one matrix product of as many multiply-accumulates as\n"
      "the LSTM's, with recurrent weights that stay on chip and that are loaded in every step, on\n"
      "tpu_v1 and edge; prints cycles, DRAM traffic and where the array's time went.";
  bool markdown = false;
  line.options.add_options()("markdown", po::bool_switch(&markdown), "as Markdown");
  if (!parse(line, arguments)) return;
  print(report(markdown));
}

}  // namespace npusim::tools
