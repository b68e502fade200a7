#include "tools/where.h"

#include <algorithm>
#include <array>
#include <map>

#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "sim/reference/reference.h"
#include "tools/fallback.h"
#include "tools/options.h"
#include "tools/pricing.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {
namespace {

/// The part of the chip that works for a layer: the array, if it does at all.
using Engines = std::map<std::string, std::string>;

Engines enginesOf(const isa::Program& program) {
  std::vector<int> rank(program.layers.size(), 0);
  for (const auto& queue : program.queues) {
    for (const isa::Instruction& instruction : queue) {
      int own = 0;
      if (std::holds_alternative<isa::Transfer>(instruction.body)) own = 1;
      if (std::holds_alternative<isa::VectorPass>(instruction.body)) own = 2;
      if (std::holds_alternative<isa::Matrix>(instruction.body)) own = 3;
      int& most = rank.at(static_cast<std::size_t>(instruction.layer));
      most = std::max(most, own);
    }
  }
  static constexpr std::array kNames = {"none", "dma", "vector", "array"};
  Engines engines;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    engines[program.layers[i].name] = kNames.at(static_cast<std::size_t>(rank[i]));
  }
  return engines;
}

Engines enginesOf(const Compiled& compiled) {
  if (compiled.parts.empty()) return enginesOf(compiled.program);
  Engines engines;
  for (const CompiledPart& part : compiled.parts) {
    if (part.onChip) engines.merge(enginesOf(part.program));
  }
  return engines;
}

/// A row for each node, which runs nowhere yet.
std::vector<WhereOperator> operatorsOf(const Graph& graph) {
  std::vector<WhereOperator> operators;
  for (const Node& node : graph.nodes) {
    WhereOperator row;
    row.layer = node.name;
    row.op = node.opName;
    row.times = graph.passesOf(node.repeat);
    operators.push_back(std::move(row));
  }
  return operators;
}

/// Rows of a network's operators, found by the names of layers: a layer is called as its node, with
/// something behind where a node takes several.
class Rows {
 public:
  explicit Rows(std::vector<WhereOperator>& operators) : operators_(operators) {
    for (std::size_t i = 0; i < operators.size(); ++i) index_[operators[i].layer] = i;
  }

  /// The row whose name is the longest that `layer` begins with; null where there is none.
  WhereOperator* find(std::string layer) {
    for (; !layer.empty(); layer.pop_back()) {
      const auto found = index_.find(layer);
      if (found != index_.end()) return &operators_[found->second];
    }
    return nullptr;
  }

 private:
  std::vector<WhereOperator>& operators_;
  std::map<std::string, std::size_t> index_;
};

/// Layers of one node add up; the longest says what bounds it and where it runs.
class ChipTimes {
 public:
  ChipTimes(const ChipConfig& chip, const Engines& engines) : chip_(chip), engines_(engines) {}

  void add(WhereOperator& row, const LayerResult& layer) {
    if (!layer.machine.empty()) return;
    const double seconds = static_cast<double>(layer.cycles) / (chip_.clockMhz * 1e6);
    double& longest = longest_[row.layer];
    if (row.runsOn.empty() || row.runsOn == "none" || seconds > longest) {
      row.runsOn = engines_.at(layer.name);
      longest = seconds;
      if (!row.npu) row.npu.emplace();
      row.npu->boundBy = layer.boundBy;
    }
    row.npu->timeS += seconds;
  }

 private:
  const ChipConfig& chip_;
  const Engines& engines_;
  std::map<std::string, double> longest_;
};

/// What the chip does, priced; with values off.
RunResult runOnChip(const RunOptions& options, const ChipConfig& chip, const Compiled& compiled,
                    const Session& session) {
  const Fidelity fidelity = Fidelity::Tile;
  const Simulation simulation =
      compiled.parts.empty() ? simulate(chip, compiled.program, {}, false, 1, session.progress,
                                        fidelity, options.data.passes)
                             : simulateParts(compiled, chip, loadHostCpu(options.compile.fallback),
                                             {}, options.data, 1, session.progress, fidelity);
  RunResult result;
  result.precision = name(compiled.program.precision);
  result.idealMemory = chip.idealMemory;
  result.predict = simulation.predict;
  result.layers = simulation.layers;
  priceResult(result, chip, loadEnergyTable(chip.energy));
  return result;
}

void fillChip(Where& where, const RunOptions& options, const ChipConfig& chip,
              const Compiled& compiled, const Session& session) {
  where.operators = operatorsOf(compiled.graph);
  Rows rows(where.operators);
  for (const Refusal& lacking : compiled.lacking) {
    if (WhereOperator* row = rows.find(lacking.layer)) row->reason = lacking.reason;
  }
  const RunResult result = runOnChip(options, chip, compiled, session);
  const Engines engines = enginesOf(compiled);
  ChipTimes times(chip, engines);
  for (const LayerResult& layer : result.layers) {
    if (WhereOperator* row = rows.find(layer.name)) times.add(*row, layer);
  }
  for (const CompiledPart& part : compiled.parts) {
    if (part.onChip) continue;
    for (const Node& node : part.graph.nodes) {
      WhereOperator& row = *rows.find(node.name);
      row.runsOn = "cpu";
      if (row.reason.empty()) row.reason = kGoesWithNeighbours;
    }
  }
  for (WhereOperator& row : where.operators) {
    if (!row.runsOn.empty()) continue;
    row.runsOn = "none";
    row.npu.emplace();
  }
  where.shared = !compiled.parts.empty();
  where.machines[0].timeS = result.predict.timeS;
  where.machines[0].energyJ = result.predict.energyJ;
}

void fillReferences(Where& where, const RunOptions& options, const Graph& graph,
                    DataType precision) {
  std::vector<OperatorWork> works;
  for (const Node& node : graph.nodes) works.push_back(hostWork(graph, node));
  for (const std::string& name : options.results.references) {
    const ReferenceCost cost = costReference(loadReference(name), works, precision);
    where.machines.push_back({cost.name, cost.kind, cost.timeS, cost.energyJ});
    for (std::size_t i = 0; i < works.size(); ++i) {
      const ReferenceOperator& one = cost.operators[i];
      where.operators[i].references.push_back({one.timeS, one.boundBy});
    }
  }
}

void chooseBest(WhereOperator& row) {
  double least = 0;
  const auto offer = [&](double seconds, int machine) {
    if (row.best >= 0 && seconds >= least) return;
    least = seconds;
    row.best = machine;
  };
  const bool free = std::all_of(row.references.begin(), row.references.end(),
                                [](const MachineTime& time) { return time.timeS == 0; });
  if (free && (!row.npu || row.npu->timeS == 0)) return;
  if (row.npu) offer(row.npu->timeS, 0);
  for (std::size_t r = 0; r < row.references.size(); ++r) {
    offer(row.references[r].timeS, static_cast<int>(r) + 1);
  }
}

/// The network in the run's precision although the chip does not take it.
Graph graphAnyway(const RunOptions& options, Network& network, const ChipConfig& chip,
                  const GivenTensors& given, const Progress& progress) {
  return prepareNetwork(network, chip, options.compile, options.data, given, progress).graph;
}

Where gather(const RunOptions& options, Network network, const GivenTensors& given,
             const Session& session) {
  const ChipConfig chip = loadMachine(options.machine);
  Where where;
  where.workload = network.name;
  where.chip = chip.name;
  where.batch = network.batch;
  where.machines.push_back({chip.name, "npu", 0, 0});
  const DataType precision = choosePrecision(options.compile.precision, network, chip);
  where.precision = name(precision);
  try {
    const Compiled compiled =
        compileNetwork(network, chip, options.compile, options.data, given, session.progress);
    fillChip(where, options, compiled.machine, compiled, session);
    fillReferences(where, options, compiled.graph, precision);
  } catch (const NotPossible& refused) {
    where.refused = refused.what();
    where.operators.clear();
    const Graph graph = graphAnyway(options, network, chip, given, session.progress);
    where.operators = operatorsOf(graph);
    fillReferences(where, options, graph, precision);
  }
  for (WhereOperator& row : where.operators) chooseBest(row);
  return where;
}

/// A first word that is no option is the workload.
Arguments workloadNamed(Arguments arguments) {
  if (!arguments.empty() && !arguments.front().starts_with("-")) {
    arguments.insert(arguments.begin(), "--workload");
  }
  return arguments;
}

/// The CPU that takes over: the first among the references, so that it is shown beside.
std::string fallbackCpu(const std::vector<std::string>& references) {
  for (const std::string& name : references) {
    if (loadReference(name).kind == ReferenceConfig::Kind::Cpu) return name;
  }
  return kFallbackCpu;
}

}  // namespace

void showWhere(const Arguments& arguments) {
  RunOptions options;
  options.data.values = false;
  CommandLine line;
  line.name = "where";
  line.purpose =
      "Shows which part of a chip runs each operator of a network, or why none does,\n"
      "and what each takes there and on a GPU and a CPU.";
  addNetworkOptions(line, options.network);
  addChipOptions(line, options.machine);
  addMemoryOption(line, options.machine);
  addCompileOptions(line, options.compile);
  addInputOptions(line, options.data);
  addComparisonOptions(line, options.results);
  line.notes =
      "The workload may come first without its option: npusim where resnet50.\n"
      "Operators that the chip lacks run on the first CPU of --reference, as with\n"
      "npusim run --fallback.\n";
  if (!parse(line, workloadNamed(arguments))) return;
  if (options.results.asksHost()) throw BadInput("--reference host: give presets or files here");
  checkFiles({{"--json", options.results.json}},
             filesOf(options.machine, options.network, options.data));
  options.compile.fallback = fallbackCpu(options.results.references);
  const Session session;
  session.progress.show("reading the network");
  GivenTensors given = readGiven(options.data);
  given.onlyShapes = true;
  Network network = readNetwork(options.network, given);
  dropSettled(network.graph, given);
  const Where where = gather(options, std::move(network), given, session);
  session.progress.clear();
  if (!options.results.json.empty()) writeFileAtomically(options.results.json, toJson(where));
  print(toTable(where));
}

}  // namespace npusim::tools
