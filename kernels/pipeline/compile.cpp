#include "kernels/pipeline/compile.h"

#include <algorithm>
#include <optional>

#include "kernels/emit/placement.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/shortages.h"
#include "sim/config/load_config.h"
#include "sim/core/rounding.h"
#include "sim/isa/encoded_size.h"
#include "sim/isa/program_io.h"

namespace npusim {
namespace {

constexpr std::int64_t kMostCores = 2048;  ///< of a chip file

std::int64_t compulsoryBytes(const isa::Program& program) {
  std::int64_t bytes = 0;
  const auto offChip = [&](isa::StorageId id) {
    return !program.storages.at(static_cast<std::size_t>(id)).onChip;
  };
  for (const isa::ConstantBlock& constant : program.constants) {
    if (offChip(constant.storage)) bytes += constant.size;
  }
  for (const auto* ports : {&program.inputs, &program.outputs}) {
    for (const isa::PortTensor& port : *ports) {
      if (offChip(port.storage)) bytes += elementCount(port.shape) * byteSize(port.type);
    }
  }
  return bytes;
}

}  // namespace

Graph optimize(const Graph& graph) {
  Graph result = graph;
  passes::absorbPads(result);
  passes::fuseSteps(result);
  passes::foldConstantSteps(result);
  result.verify();
  return result;
}

Graph toPrecision(const Graph& optimized, const ChipConfig& chip, DataType precision,
                  const Calibration& calibration) {
  if (!chip.supports(precision)) {
    std::string offered;
    for (const DataType format : chip.formats) offered += " " + std::string(name(format));
    throw NotPossible("chip '" + chip.name + "' does not compute " + std::string(name(precision)) +
                      "; it computes" + offered);
  }
  Graph result = optimized;
  switch (precision) {
    case DataType::Float32:
      break;
    case DataType::Float16:
    case DataType::BFloat16:
      passes::setFloatFormat(result, precision);
      break;
    case DataType::Int8:
      passes::quantizeToInt8(result, calibration, chip.supports(DataType::Float32));
      break;
    default:
      throw NotPossible("not supported: --precision " + std::string(name(precision)) +
                        " (fp32, fp16, bf16 and int8 are)");
  }
  result.verify();
  return result;
}

namespace {

/// Throws NotPossible when the chip's store for instructions is too small.
void checkProgramFits(const isa::Program& program, const ChipConfig& chip) {
  constexpr std::int64_t kKib = 1024;
  const std::int64_t bytes = isa::encodedBytes(program);
  if (chip.programKib == 0 || bytes <= chip.programKib * kKib) return;
  throw NotPossible("does not fit this chip: the program takes " + std::to_string(bytes) +
                    " bytes of the store for instructions, which has " +
                    std::to_string(chip.programKib * kKib) +
                    "; try --set program_kib=" + std::to_string(ceilDiv(bytes, kKib)));
}

isa::Program compileFor(const Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  // From operators to tasks over views of blocks, dealt to the cores. Nothing has an address yet.
  plan::Plan plan = passes::lower(graph, chip, options);

  plan::StorageMap storages(chip);
  partition::deal(plan, storages, chip, options.partition);
  plan.computeLifetimes();
  if (!plan.stages.empty()) plan.keepAll();
  plan.verify();

  // From tasks to tiles with addresses. What stays on chip is decided first, because it sets both
  // the traffic and the room that tiles have.
  passes::keepOnChip(plan, storages, chip);
  std::vector<emit::PlacedTask> tasks =
      passes::mapAndPlace(plan, storages, chip, options.objective);

  // The tiling decides how weights lie in memory, and so how much of it they take.
  passes::blockWeights(plan, tasks);
  passes::placeInMemory(plan, storages, chip);
  passes::addSpreadStorages(plan, storages);

  // From tiles to instructions and semaphores.
  isa::Program program = emit::emitProgram(plan, tasks);
  program.storages = storages.storages;
  program.chipHash = chipHash(chip);
  program.chipYaml = toYaml(chip);
  program.compulsoryDramBytes = compulsoryBytes(program);
  if (program.cores > 1) isa::canonicalize(program);
  checkProgramFits(program, chip);
  try {
    isa::verify(program);
  } catch (const BadInput& refused) {
    throw InternalError(std::string("the compiler wrote a program that is refused: ") +
                        refused.what());
  }
  return program;
}

/// Does a network compile for a chip? Where it is too small, `needed` grows to what it lacks.
bool fits(const Graph& graph, const ChipConfig& chip, const CompileOptions& options,
          passes::Capacities& needed) {
  try {
    compileFor(graph, chip, options);
    return true;
  } catch (const passes::TooSmall& small) {
    for (const auto& [storage, bytes] : small.capacities) {
      needed[storage] = std::max(needed[storage], bytes);
    }
  } catch (const NotPossible&) {
    needed.clear();
  }
  return false;
}

/// What is enough for a network that is dealt to cores: how depends on what there is.
std::optional<passes::Capacities> enough(const Graph& graph, const ChipConfig& chip,
                                         const CompileOptions& options, passes::Capacities needed) {
  constexpr int kTries = 8;
  for (int tries = 0; tries < kTries && !needed.empty(); ++tries) {
    if (fits(graph, passes::enlarged(chip, needed), options, needed)) return needed;
  }
  return std::nullopt;
}

/// The fewest cores, doubling what the chip has, on which a network fits; 0 where none help.
std::int64_t enoughCores(const Graph& graph, ChipConfig chip, const CompileOptions& options) {
  for (chip.cores *= 2; chip.cores <= kMostCores; chip.cores *= 2) {
    if (chip.network.columns > 0 && chip.cores % chip.network.columns != 0) continue;
    passes::Capacities ignored;
    if (fits(graph, chip, options, ignored)) return chip.cores;
  }
  return 0;
}

}  // namespace

isa::Program compile(const Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  try {
    return compileFor(graph, chip, options);
  } catch (const passes::TooSmall& small) {
    if (chip.cores == 1 || chip.coreControl == CoreControl::Shared) throw;
    CompileOptions sizes = options;
    sizes.values = false;
    const auto capacities = enough(graph, chip, sizes, small.capacities);
    const std::int64_t cores = enoughCores(graph, chip, sizes);
    if (!capacities && cores == 0) throw;
    throw NotPossible(small.needs + "; try" +
                      (capacities ? passes::settingsFor(chip, *capacities) : "") +
                      (capacities && cores > 0 ? ", or" : "") +
                      (cores > 0 ? " --set cores=" + std::to_string(cores) : ""));
  }
}

}  // namespace npusim
