#include <algorithm>

#include "sim/array/pe/row_stationary_plan.h"
#include "sim/config/load_config.h"
#include "sim/laws/row_stationary_law.h"
#include "tools/compile_network.h"
#include "tools/pricing.h"
#include "tools/simulate.h"
#include "tools/validate/cases.h"

namespace npusim::tools {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr double kMega = 1e6, kMilli = 1e-3, kPico = 1e-12;

double bytes(const ReadWrite& traffic) { return static_cast<double>(traffic.read + traffic.write); }

/// A layer's figures but for its PEs.
void addFigures(const LayerResult& layer, const ChipConfig& chip, OwnFigures& own) {
  const StallCycles& stalls = layer.stalls;
  const std::int64_t waits = stalls.dram + stalls.buffer + stalls.dependency + stalls.network;
  const double hertz = chip.clockMhz * kMega;
  const double seconds = static_cast<double>(layer.cycles - waits) / hertz;
  const Energy& e = layer.energy;
  const double events = e.mac + e.localStore + e.arrayNetwork + e.buffer + e.vector;
  const double watts =
      events * kPico / seconds + chip.power.clockTreePjPerCycle * kPico * hertz + chip.power.idleW;
  own["processing_latency"][layer.name] = seconds / kMilli;
  own["total_latency"][layer.name] = static_cast<double>(layer.cycles) / hertz / kMilli;
  own["dram"][layer.name] = bytes(layer.counters.dramBytes) / kMega;
  own["buffer"][layer.name] = bytes(layer.counters.arrayBufferBytes) / kMega;
  own["power"][layer.name] = watts / kMilli;
}

/// PEs that have work in the largest pass of each layer, as the passes are laid into the array.
void addActivePes(const isa::Program& program, const ChipConfig& chip, OwnFigures& own) {
  for (const isa::Instruction& instruction : program.queue(isa::Engine::Matrix)) {
    const auto* matrix = std::get_if<isa::Matrix>(&instruction.body);
    if (matrix == nullptr) continue;
    MatrixShape shape;
    shape.extents = {matrix->m[0].size, matrix->m[1].size, matrix->m[2].size, matrix->n.size,
                     matrix->k[0].size, matrix->k[1].size, matrix->k[2].size};
    shape.pass = matrix->pass;
    const auto& layer = program.layers[static_cast<std::size_t>(instruction.layer)].name;
    const RowStationaryPass pass = rowStationaryPass(chip.array, program.precision, shape);
    const RowStationaryPlan plan(chip.array, program.precision, shape, pass);
    double& most = own["active_pes"][layer];
    most = std::max(most, static_cast<double>(plan.mostActivePes()));
  }
}

}  // namespace

OwnFigures runEyeriss(const Published& published) {
  const Progress progress;
  const ChipConfig chip = loadChip(published.chip, {});
  NetworkOptions options;
  options.workload = published.workload;
  Network network = readNetwork(options, {});
  CompileChoice choice;
  choice.precision = DataType::Float16;
  const Compiled compiled = compileNetwork(network, chip, choice, {}, {}, progress);
  const Inputs inputs = completeInputs(inputSlots(network.graph), {}, kSeed);
  const Simulation simulation = simulate(chip, compiled.program, inputs, true, 1, progress);

  RunResult result;
  result.precision = name(compiled.program.precision);
  result.predict = simulation.predict;
  result.layers = simulation.layers;
  priceResult(result, chip, loadEnergyTable(chip.energy));
  OwnFigures own;
  for (const LayerResult& layer : result.layers) addFigures(layer, chip, own);
  addActivePes(compiled.program, chip, own);
  return own;
}

}  // namespace npusim::tools
