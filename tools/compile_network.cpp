#include "tools/compile_network.h"

#include "sim/core/error.h"
#include "tools/calibration_inputs.h"
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

Calibration calibrate(const Graph& graph, const std::vector<Inputs>& samples) {
  Calibration calibration;
  const Observer observe = [&](const Value& value, const Tensor& tensor) {
    calibration.add(value.name, tensor);
  };
  for (const Inputs& inputs : samples) evaluate(graph, inputs, observe);
  return calibration;
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

Compiled compileNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress) {
  const DataType precision = choosePrecision(choice.precision, network, chip);
  checkPartitionUsed(choice, chip);
  checkFormatUses(data, precision);
  if (data.values) materializeWeights(network.graph);
  Stopwatch watch;
  const Graph optimized = optimize(network.graph);
  const double seconds = watch.seconds();

  Calibration calibration;
  const bool calibrates = precision == DataType::Int8 && !allProductsOfCodes(optimized);
  if (calibrates && data.values && chip.supports(precision)) {
    progress.show("calibrating");
    calibration = calibrate(optimized, calibrationInputs(optimized, data, given));
  }

  progress.show("compiling");
  watch = Stopwatch();
  Compiled compiled;
  compiled.graph = toPrecision(optimized, chip, precision, calibration);
  compiled.program =
      compile(compiled.graph, chip,
              {precision, choice.objective, data.values, choice.partition,
               [&](const std::string& text) { progress.note(text); }, choice.holdConstants});
  compiled.program.network = network.name;
  compiled.program.batch = network.batch;
  compiled.seconds = seconds + watch.seconds();
  return compiled;
}

}  // namespace npusim::tools
