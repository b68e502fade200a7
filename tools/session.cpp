#include "tools/session.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <limits>

#include "sim/chip/array_factory.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/energy/throttle.h"
#include "sim/isa/program_io.h"
#include "tools/compile_network.h"
#include "tools/dram/trace_writer.h"
#include "tools/fallback.h"
#include "tools/forked.h"
#include "tools/pricing.h"
#include "tools/report.h"
#include "tools/simulate.h"
#include "tools/unused_options.h"
#include "workloads/evaluate/host_dnnl.h"

namespace npusim::tools {
namespace {

std::int64_t peakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

/// Everything that the figures of a run depend on.
std::uint64_t hashOf(const ChipConfig& chip, const isa::Program& program, const DataOptions& data,
                     std::int64_t repeat, std::uint64_t source) {
  const std::string passes =
      data.values ? ""
                  : fmt::format("{} {}", static_cast<int>(data.passes.kind), data.passes.passes);
  const std::string text =
      fmt::format("{} {} {} {} {} {} {} {} {}", NPUSIM_VERSION, toYaml(chip), chip.idealMemory,
                  name(program.precision), program.batch, data.values, data.seed, repeat, passes);
  return hashSized(text, source);
}

std::string textOf(const std::optional<WeightChoice>& weights) {
  if (!weights) return "";
  return fmt::format("{} {} {}", static_cast<int>(weights->format), weights->bits, weights->pruned);
}

std::uint64_t hashOf(const Inputs& inputs, std::uint64_t before) {
  for (const auto& [name, tensor] : inputs) {
    const auto bytes = tensor.bytes();
    before = hashSized(name, before);
    before = hashSized({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, before);
  }
  return before;
}

void describeMachine(RunResult& result, const ChipConfig& chip, Fidelity fidelity) {
  result.version = NPUSIM_VERSION;
  result.chip = chip.name;
  result.fidelity = name(fidelity);
  result.chipHash = chipHash(chip);
  result.chipYaml = toYaml(chip);
  result.convention = name(chip.array.convention);
  result.dataflow = chip.array.dataflow.name;
  result.cores = chip.cores;
  if (chip.cores > 1) {
    result.network =
        chip.coreControl == CoreControl::Shared ? "shared" : name(chip.network.topology);
  }
  result.rows = chip.array.rows;
  result.cols = chip.array.cols;
  result.clockMhz = chip.clockMhz;
  result.idealMemory = chip.idealMemory;
}

std::vector<OperatorWork> worksOf(const isa::Program& program) {
  std::vector<OperatorWork> works;
  for (const isa::Layer& layer : program.layers) works.push_back(layer.work);
  return works;
}

std::vector<std::string> withoutHost(std::vector<std::string> names) {
  std::erase(names, kHostReference);
  return names;
}

/// The network really run on this machine's CPU; what energy that took is not known.
ReferenceResult hostReference(const Graph& graph, const Inputs& inputs) {
  for (const Value& value : graph.values) {
    if (value.type == DataType::Float16 || value.type == DataType::BFloat16) {
      throw NotPossible("--reference host: runs fp32 networks only, this one has " +
                        std::string(name(value.type)));
    }
  }
  const HostRun run = runOnHost(graph, inputs);
  ReferenceResult result;
  result.name = kHostReference;
  result.kind = fmt::format("measured, {} thread{}", run.threads, run.threads == 1 ? "" : "s");
  result.precision = name(DataType::Float32);
  result.timeS = run.seconds;
  result.energyJ = std::numeric_limits<double>::quiet_NaN();
  return result;
}

/// The parts of a result that a simulation and its program yield, not priced yet. The simulation
/// was at the clock of `asRun`.
RunResult assemble(const ChipConfig& chip, const ChipConfig& asRun, Fidelity fidelity,
                   const isa::Program& program, const Simulation& simulation) {
  RunResult result;
  describeMachine(result, chip, fidelity);
  if (asRun.clockMhz < chip.clockMhz) result.throttledClockMhz = asRun.clockMhz;
  result.workload = program.network;
  result.precision = name(program.precision);
  result.batch = program.batch;
  result.load = simulation.load;
  result.io = simulation.io;
  result.predict = simulation.predict;
  result.layers = simulation.layers;
  return result;
}

/// The chip at the clock that its power limit leaves it for this program. Runs at other clocks are
/// processes of their own.
ChipConfig underPowerLimit(const ChipConfig& chip, const isa::Program& program,
                           const Inputs& inputs, Fidelity fidelity, const DataOptions& data,
                           const ResultOptions& results, const Session& session) {
  ChipConfig asRun = chip;
  const auto powerAt = [&](double clockMhz) {
    asRun.clockMhz = clockMhz;
    const auto run = [&] {
      const Simulation simulation = simulate(asRun, program, inputs, data.values, results.repeat,
                                             session.progress, fidelity, data.passes);
      RunResult result = assemble(asRun, asRun, fidelity, program, simulation);
      priceResult(result, asRun, loadEnergyTable(chip.energy));
      return fmt::format("{}", result.predict.averagePowerW);
    };
    return std::stod(answerOf(runForked(run, kNoTimeLimit)));
  };
  asRun.clockMhz = clockUnderLimit(chip, powerAt);
  return asRun;
}

/// Of several memories those that were given nothing.
void noteUnusedMemories(const RunResult& result, const Session& session) {
  const auto& memories = result.predict.memories;
  for (const MemoryResult& memory : memories) {
    if (memories.size() == 1 || memory.bytes.read + memory.bytes.write > 0) continue;
    session.progress.note("memory '" + memory.name +
                          "' moves nothing in a predict: what it may hold lies in the memories "
                          "named before it, or stays in buffers");
  }
}

void finish(RunResult& result, const ChipConfig& chip, const Simulation& simulation,
            const DataOptions& data, const ResultOptions& options, const Session& session) {
  result.seed = data.seed;
  result.repeat = options.repeat;
  priceResult(result, chip, loadEnergyTable(chip.energy));
  noteUnusedMemories(result, session);
  const auto cycles =
      static_cast<double>((result.predict.cycles - result.predict.leftOutCycles) * options.repeat);
  result.cyclesPerS = simulation.seconds > 0 ? cycles / simulation.seconds : 0;
  result.peakRssBytes = peakRssBytes();
  result.wallS = session.watch.seconds();
}

NamedTensors namedOutputs(const isa::Program& program, const std::vector<Tensor>& tensors) {
  NamedTensors outputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    outputs.emplace_back(program.outputs[i].name, tensors[i]);
  }
  return outputs;
}

/// Is a node in a branch, which runs or does not by what data say?
bool isInBranch(const Graph& graph, const Node& node) {
  for (int loop = node.repeat; loop >= 0;) {
    const Repeat& repeat = graph.repeats[static_cast<std::size_t>(loop)];
    if (repeat.condition != kNoValue) return true;
    loop = repeat.parent;
  }
  return false;
}

void expectAllMacs(const Graph& graph, const PredictResult& predict) {
  std::int64_t always = 0, macs = 0;
  for (const Node& node : graph.nodes) {
    const std::int64_t own = macCount(graph, node);
    macs += own;
    if (!isInBranch(graph, node)) always += own;
  }
  if (always <= predict.macs && predict.macs <= macs) return;
  throw InternalError(
      fmt::format("the machine did {} MACs, the network has {}", predict.macs, macs));
}

/// Throws for what a network that runs in parts cannot be asked.
void checkPartsPossible(const RunOptions& options, const ChipConfig& chip) {
  if (!options.results.dramTrace.empty()) {
    throw NotPossible("not supported: --dram-trace with a network that runs partly on the CPU");
  }
  if (chip.power.limitW > 0) {
    throw NotPossible(
        "not supported: power.limit_w with a network that runs partly on the CPU; try "
        "--set power.limit_w=0");
  }
}

/// What --fallback shares between chip and CPU.
Simulation simulateShared(const RunOptions& options, const ChipConfig& chip,
                          const Compiled& compiled, const Inputs& inputs, const Session& session) {
  checkPartsPossible(options, chip);
  return simulateParts(compiled, chip, loadHostCpu(options.compile.fallback), inputs, options.data,
                       options.results.repeat, session.progress, options.machine.fidelity);
}

/// With --dram-trace, what the first DRAM is asked for goes to its file.
Simulation simulateTraced(const RunOptions& options, const ChipConfig& chip,
                          const isa::Program& program, const Inputs& inputs,
                          const Session& session) {
  const auto run = [&](const ObservedMemory& observed) {
    return simulate(chip, program, inputs, options.data.values, options.results.repeat,
                    session.progress, options.machine.fidelity, options.data.passes, observed);
  };
  if (options.results.dramTrace.empty()) return run({});
  const std::size_t memory = tracedMemory(chip);
  if (chip.memories.size() > 1) {
    session.progress.note("--dram-trace: of memory '" + chip.memories[memory].name + "'");
  }
  TraceWriter trace(options.results.dramTrace);
  Simulation simulation =
      run({memory, [&](Direction direction, const Piece& piece) { trace.add(direction, piece); }});
  trace.finish();
  return simulation;
}

}  // namespace

void runNetwork(const RunOptions& options, Network network, const GivenTensors& given,
                const Session& session) {
  const DataOptions& data = options.data;
  const ChipConfig asGiven = loadMachine(options.machine);
  const Fidelity fidelity = options.machine.fidelity;
  makeArray(asGiven, fidelity);  // is refused before the compiler works
  checkDramTraceUsed(options.results, asGiven);
  const Compiled compiled =
      compileNetwork(network, asGiven, options.compile, data, given, session.progress);
  const ChipConfig& chip = compiled.machine;
  const std::vector<InputSlot> slots = inputSlots(network.graph);
  const bool varied = isInteger(compiled.program.precision) && data.calibrationFolders.empty();
  checkSeedUsed(data, slots, given, varied);
  const bool needsInputs = data.values || options.results.asksHost();
  const Inputs inputs = needsInputs ? completeInputs(slots, given, data.seed) : Inputs{};
  const bool shared = !compiled.parts.empty();
  if (!shared && !options.compile.fallback.empty()) {
    session.progress.note("--fallback: the chip runs every operator");
  }
  const ChipConfig asRun = shared ? chip
                                  : underPowerLimit(chip, compiled.program, inputs, fidelity, data,
                                                    options.results, session);
  const Simulation simulation =
      shared ? simulateShared(options, chip, compiled, inputs, session)
             : simulateTraced(options, asRun, compiled.program, inputs, session);
  expectAllMacs(network.graph, simulation.predict);

  RunResult result = assemble(chip, asRun, fidelity, compiled.program, simulation);
  result.compileWallS = compiled.seconds;
  const std::string made =
      fmt::format("{}{}{}{}{}", static_cast<int>(options.compile.objective),
                  options.compile.partitionGiven ? name(options.compile.partition) : "",
                  shared ? options.compile.fallback : "", textOf(options.compile.weights),
                  compiled.graph.toText());
  const std::uint64_t source = hashOf(inputs, hashSized(made, network.hash));
  result.configHash =
      fmt::format("{:016x}", hashOf(chip, compiled.program, data, options.results.repeat, source));
  result.references = costReferences(withoutHost(options.results.references),
                                     worksOf(compiled.program), compiled.program.precision);
  if (options.results.asksHost()) {
    session.progress.show("running on this machine's CPU");
    result.references.push_back(hostReference(network.graph, inputs));
  }
  if (data.values) {
    session.progress.show("checking values");
    result.values = checkValues(
        compiled.program.precision, data.tolerance, simulation.outputs,
        {&network.graph, &compiled.graph, &inputs, simulation.storedInputs, given.data.outputs});
  }
  finish(result, chip, simulation, data, options.results, session);
  session.progress.clear();
  report(result, namedOutputs(compiled.program, simulation.outputs.reals), options.results);
}

void runProgram(const isa::Program& program, Fidelity fidelity, const DataOptions& data,
                const ResultOptions& results, const Session& session) {
  const ChipConfig chip = parseChip(program.chipYaml, "the program's chip");
  if (chipHash(chip) != program.chipHash) {
    throw BadInput(
        fmt::format("the program is for chip {}, but the chip in its file is {}; "
                    "compile it again",
                    program.chipHash, chipHash(chip)));
  }
  if (results.asksHost()) {
    throw NotPossible("--reference host: a program file does not hold its network; use npusim run");
  }
  checkFormatUses(data, program.precision);
  const GivenTensors given = readGiven(data);
  if (data.tolerance && given.data.outputs.empty()) {
    throw BadInput(data.folder + ": holds no output_0.pb for --tolerance to judge; leave it out");
  }
  const std::vector<InputSlot> slots = inputSlots(program);
  checkSeedUsed(data, slots, given, false);
  const Inputs inputs = data.values ? completeInputs(slots, given, data.seed) : Inputs{};
  const ChipConfig asRun = underPowerLimit(chip, program, inputs, fidelity, data, results, session);
  const Simulation simulation = simulate(asRun, program, inputs, data.values, results.repeat,
                                         session.progress, fidelity, data.passes);
  RunResult result = assemble(chip, asRun, fidelity, program, simulation);
  const std::uint64_t source = hashOf(inputs, hashSized(isa::toText(program)));
  result.configHash = fmt::format("{:016x}", hashOf(chip, program, data, results.repeat, source));
  result.references = costReferences(results.references, worksOf(program), program.precision);
  if (data.values) {
    result.values = checkAgainstData(program.precision, data.tolerance, simulation.outputs.reals,
                                     given.data.outputs);
  }
  finish(result, chip, simulation, data, results, session);
  session.progress.clear();
  report(result, namedOutputs(program, simulation.outputs.reals), results);
}

}  // namespace npusim::tools
