#include "tools/compile_network.h"

#include <fmt/format.h>

#include <utility>

#include "kernels/pipeline/quantization_pairs.h"
#include "sim/core/error.h"
#include "tools/calibration_inputs.h"
#include "tools/fallback.h"
#include "tools/stopwatch.h"
#include "tools/unused_options.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::tools {
namespace {

/// Weights of a shape-only description, as the evaluation and the passes will see them.
void materializeWeights(Graph& graph) {
  for (Value& value : graph.values) {
    if (!value.constant || !value.constant->seed) continue;
    Constant dense;
    dense.dense =
        std::make_shared<const Tensor>(value.constant->materialize(value.type, value.shape));
    value.constant = std::move(dense);
  }
}

void calibrate(const Graph& graph, const std::vector<Inputs>& samples, Calibration& calibration) {
  const Observer observe = [&](const Value& value, const Tensor& tensor) {
    calibration.add(value.name, tensor);
  };
  for (const Inputs& inputs : samples) evaluate(graph, inputs, observe);
}

/// Says where weights that the file has encoded lie as values. In integers all are quantised again.
void noteValues(std::int64_t encoded, std::int64_t kept, DataType precision,
                const Progress& progress) {
  if (kept == encoded || !isFloat(precision)) return;
  progress.note(fmt::format(
      "{} of {} weights that the file has encoded lie as values: the chip has no decoder for them "
      "(decoder.formats), or they are not a product's alone or no smaller so",
      encoded - kept, encoded));
}

}  // namespace

ChipConfig loadMachine(const MachineOptions& options) {
  for (const auto& [path, value] : options.overrides) {
    if (path != "ideal_memory" || !options.idealMemory) continue;
    throw BadInput("--set ideal_memory=" + value + ": --memory says the same or else; keep one");
  }
  ChipConfig chip = loadChip(options.chip, options.overrides);
  chip.idealMemory = options.idealMemory.value_or(chip.idealMemory);
  return chip;
}

Prepared prepareNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress) {
  Prepared prepared;
  prepared.precision = choosePrecision(choice.precision, network, chip);
  if (choice.weights) checkWeightsEncodable(prepared.precision);
  checkPartitionUsed(choice, chip);
  checkFormatUses(data, prepared.precision);
  if (data.values) materializeWeights(network.graph);
  const Stopwatch watch;
  Graph graph = network.graph;
  Calibration calibration;
  if (prepared.precision == DataType::Int8) takeQuantization(graph, calibration);
  const Graph optimized = optimize(graph);
  prepared.seconds = watch.seconds();

  const bool calibrates = isInteger(prepared.precision) && !allProductsOfCodes(optimized);
  if (calibrates && data.values && chip.supports(prepared.precision)) {
    progress.show("calibrating");
    calibrate(optimized, calibrationInputs(optimized, data, given), calibration);
  }
  const Stopwatch formats;
  const auto inPrecision = choice.fallback.empty() ? toPrecision : toPrecisionAnywhere;
  prepared.graph = inPrecision(optimized, chip, prepared.precision, calibration);
  noteValues(encodedWeights(optimized), encodedWeights(prepared.graph), prepared.precision,
             progress);
  if (choice.weights) compressWeights(prepared.graph, chip, *choice.weights, data.values);
  prepared.seconds += formats.seconds();
  return prepared;
}

Compiled compileNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress) {
  Prepared prepared = prepareNetwork(network, chip, choice, data, given, progress);
  progress.show("compiling");
  const Stopwatch watch;
  Compiled compiled;
  compiled.graph = fuseBehindProducts(prepared.graph, chip);
  const CompileOptions options{prepared.precision,
                               choice.objective,
                               data.values,
                               choice.partition,
                               [&](const std::string& text) { progress.note(text); },
                               choice.holdConstants,
                               choice.allowStreaming};
  compiled.machine = chip;
  try {
    compiled.program = compile(compiled.graph, chip, options);
    compiled.machine = machineOf(compiled.program, chip);
  } catch (const OperatorsLacking& lacking) {
    if (choice.fallback.empty()) throw;
    compiled.lacking = lacking.refusals;
    compileParts(compiled, lacking.refusals, chip, options);
  }
  if (choice.allowStreaming && compiled.machine.memories.size() == chip.memories.size()) {
    progress.note("--allow-streaming: the chip has room for all weights");
  }
  compiled.program.network = network.name;
  compiled.program.batch = network.batch;
  compiled.seconds = prepared.seconds + watch.seconds();
  return compiled;
}

}  // namespace npusim::tools
