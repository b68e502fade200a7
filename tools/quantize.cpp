#include <fmt/format.h>

#include "sim/core/error.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/real_outputs.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"
#include "workloads/evaluate/compare.h"
#include "workloads/onnx/export_qdq.h"

namespace npusim::tools {
namespace {

/// "equal" or how far the written file's int8 results are from the network's.
std::string agreement(const std::vector<Tensor>& written, const std::vector<Tensor>& own) {
  const Comparison c = compare(written, own);
  if (c.maxAbsError == 0) return "read back, its int8 results are equal";
  return fmt::format("read back, its int8 results are within {:.2g} of max|ref|, cosine {:.6f}",
                     c.maxRelError, c.cosineSimilarity);
}

}  // namespace

void quantizeModel(const Arguments& arguments) {
  RunOptions options;
  std::string file;
  CommandLine line;
  line.name = "quantize";
  line.purpose =
      "Quantises an ONNX model to int8 as run --precision int8 does, and writes it with\n"
      "QuantizeLinear and DequantizeLinear pairs that any runtime can check.";
  line.options.add_options()("output,o", po::value<std::string>(&file)->value_name("FILE.onnx"),
                             "the quantised model; must be given");
  addNetworkOptions(line, options.network);
  addChipOptions(line, options.machine);
  addSeedOption(line, options.data);
  addInputOptions(line, options.data);
  addCalibrationOption(line, options.data);
  line.notes = "The chip decides what stays float.\n" + calibrationNote();
  if (!parse(line, arguments)) return;
  if (file.empty()) throw BadInput("quantize needs -o FILE.onnx");
  if (!file.ends_with(".onnx")) throw BadInput("-o " + file + ": must end in .onnx");
  if (!options.network.workload.ends_with(".onnx")) {
    throw BadInput("--workload " + options.network.workload + ": quantize takes a FILE.onnx");
  }
  checkFiles({{"-o", file}}, filesOf(options.machine, options.network, options.data));

  const Session session;
  options.compile.precision = DataType::Int8;
  const ChipConfig chip = loadMachine(options.machine);
  const auto quantized = [&](const std::string& workload) {
    NetworkOptions source = options.network;
    source.workload = workload;
    GivenTensors given = readGiven(options.data);
    Network network = readNetwork(source, given);
    dropSettled(network.graph, given);
    Inputs inputs = completeInputs(inputSlots(network.graph), given, options.data.seed);
    Graph graph =
        prepareNetwork(network, chip, options.compile, options.data, given, session.progress).graph;
    return std::pair(std::move(graph), std::move(inputs));
  };
  const auto [graph, inputs] = quantized(options.network.workload);
  const QdqSummary summary = exportQdq(options.network.workload, graph, file);
  const Graph written = quantized(file).first;
  const std::string agrees = agreement(realOutputs(written, inputs), realOutputs(graph, inputs));
  session.progress.clear();
  print(fmt::format("{}: {} products with int8 weights, {} int8 tensors; {}\n", file,
                    summary.products, summary.activations, agrees));
  for (const std::string& node : summary.left) print("  weights stay as they were: " + node + "\n");
}

}  // namespace npusim::tools
