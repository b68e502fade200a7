#include "tools/study/layer_study.h"

#include "kernels/matrix/matrix.h"
#include "sim/chip/array_factory.h"
#include "sim/config/host_memory.h"
#include "sim/config/load_config.h"
#include "tools/compile_network.h"
#include "tools/forked.h"
#include "tools/pricing.h"
#include "tools/simulate.h"
#include "tools/trace/traced_product.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr unsigned kMostSeconds = 600;

/// `together` groups as one product with block-diagonal weights.
WindowProduct productOf(const ConvProblem& problem, const Shape& output, std::int64_t together) {
  WindowProduct p = windowProduct(problem, output);
  p.channels *= together;
  p.outputs *= together;
  return p;
}

RunResult run(const ChipConfig& chip, const ChipConfig& tiledFor, const CompileChoice& choice,
              Network& network) {
  DataOptions data;
  data.values = false;
  const Progress progress;
  const Compiled compiled = compileNetwork(network, tiledFor, choice, data, {}, progress);
  const bool streams = compiled.machine.memories.size() > tiledFor.memories.size();
  const ChipConfig machine = streams ? withHostMemory(chip) : chip;
  const Simulation simulation = simulate(machine, compiled.program, {}, false, 1, progress);
  RunResult result;
  result.precision = name(*choice.precision);
  result.load = simulation.load;
  result.predict = simulation.predict;
  result.layers = simulation.layers;
  priceResult(result, machine, loadEnergyTable(chip.energy));
  return result;
}

}  // namespace

ArrayShare arrayShare(const ChipConfig& chip, DataType format, const ConvProblem& problem) {
  const Graph graph = convNetwork(problem, kSeed).graph;
  const Node& node = graph.nodes.front();
  const std::int64_t together = matrix::groupsTogether(chip, format, graph, node);
  const TracedProduct product(productOf(problem, graph.value(node.output).shape, together), format,
                              chip.buffers);
  const ArrayCost cost = makeArray(chip, Fidelity::Tile)->cost(product.tile());
  const ArrayTiming& timing = cost.timing;

  ArrayShare share;
  share.instructions = problem.groups / together;
  const std::int64_t stream = share.instructions * timing.stream;
  const auto pes = static_cast<double>(chip.array.rows * chip.array.cols);
  const double rate = chip.array.macsPerCycle.at(format);
  const auto count = static_cast<double>(share.instructions);
  const double busy =
      count * (static_cast<double>(product.tile().shape().macs()) / rate + cost.work.edgePeCycles) /
      pes;
  share.cycles = timing.prologue + stream + timing.drain;
  share.useful = static_cast<double>(macCount(graph, node)) / rate / pes;
  share.edge = busy - share.useful;
  share.fill = static_cast<double>(timing.prologue);
  share.wait = static_cast<double>(stream) - busy;
  share.drain = static_cast<double>(timing.drain);
  share.work = cost.work;
  return share;
}

RunResult chipRun(const ChipConfig& chip, DataType format, const ConvProblem& problem) {
  return chipRun(chip, chip, format, convNetwork(problem, kSeed));
}

RunResult chipRun(const ChipConfig& chip, const ChipConfig& tiledFor, DataType format,
                  Network network) {
  CompileChoice choice;
  choice.precision = format;
  return chipRun(chip, tiledFor, choice, std::move(network));
}

RunResult chipRun(const ChipConfig& chip, const ChipConfig& tiledFor, const CompileChoice& choice,
                  Network network) {
  const Forked forked =
      runForked([&] { return toJson(run(chip, tiledFor, choice, network)); }, kMostSeconds);
  return fromJson(answerOf(forked), "a run of the study");
}

}  // namespace npusim::tools
