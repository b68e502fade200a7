#include "kernels/pipeline/compile.h"

#include <algorithm>
#include <optional>

#include "kernels/emit/placement.h"
#include "kernels/pipeline/compress_weights.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/shortages.h"
#include "sim/config/host_memory.h"
#include "sim/config/load_config.h"
#include "sim/isa/encoded_size.h"
#include "sim/isa/program_io.h"

namespace npusim {
namespace {

constexpr std::int64_t kMostCores = 2048;  ///< of a chip file

std::int64_t compulsoryBytes(const isa::Program& program, isa::StorageId hostMemory) {
  std::int64_t bytes = 0;
  const auto offChip = [&](isa::StorageId id) {
    return !program.storages.at(static_cast<std::size_t>(id)).onChip && id != hostMemory;
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
  passes::recognizeForms(result);
  passes::absorbPads(result);
  passes::fuseSteps(result);
  passes::foldConstantSteps(result);
  passes::foldKnownMinima(result);
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
  return toPrecisionAnywhere(optimized, chip, precision, calibration);
}

Graph toPrecisionAnywhere(const Graph& optimized, const ChipConfig& chip, DataType precision,
                          const Calibration& calibration) {
  Graph result = optimized;
  settleEncodedWeights(result, chip, precision);
  switch (precision) {
    case DataType::Float32:
      break;
    case DataType::Float16:
    case DataType::BFloat16:
      passes::setFloatFormat(result, precision);
      break;
    case DataType::Int16:
      passes::quantizeTo(result, precision, calibration, chip.supports(DataType::Float32));
      break;
    case DataType::Int8:
      passes::quantizeTo(result, precision, calibration, chip.supports(DataType::Float32));
      if (chip.supports(DataType::Float16)) passes::narrowLoopInputs(result, calibration);
      break;
    default:
      throw NotPossible("not supported: --precision " + std::string(name(precision)) +
                        " (fp32, fp16, bf16, int16 and int8 are)");
  }
  result.verify();
  return result;
}

Graph fuseBehindProducts(const Graph& graph, const ChipConfig& chip) {
  Graph result = graph;
  while (passes::sliceProducts(result, chip)) passes::fuseSteps(result);
  result.verify();
  return result;
}

namespace {

/// Throws TooSmall when the chip has a store for instructions that is too small.
void checkProgramFits(const isa::Program& program, const ChipConfig& chip) {
  constexpr std::int64_t kKib = 1024;
  const std::int64_t bytes = isa::encodedBytes(program);
  if (chip.programKib == 0 || bytes <= chip.programKib * kKib) return;
  throw passes::TooSmall(chip, {{passes::kProgramStore, {bytes, "the program"}}});
}

isa::Program compileFor(const Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  // From operators to tasks over views of blocks; then from tasks, dealt to the cores, to tiles
  // with addresses on chip.
  plan::StorageMap storages(chip);
  plan::Plan lowered = passes::lower(graph, chip, options);
  if (options.tileAttention) {
    passes::tileAttention(lowered, storages, chip, options.objective);
  }
  auto [plan, tasks, note, cost] = passes::dealAndPlace(lowered, storages, chip, options);

  // The tiling decides how weights lie in memory, and so how much of it they take.
  passes::blockWeights(plan, tasks);
  const std::vector<std::string> asValues = passes::encodeWeights(plan);
  passes::placeInMemory(plan, storages, chip);
  passes::addSpreadStorages(plan, storages);
  passes::addEncodedStorages(plan, storages);

  // From tiles to instructions and semaphores.
  isa::Program program = emit::emitProgram(plan, tasks);
  program.storages = storages.storages;
  program.chipHash = chipHash(chip);
  program.chipYaml = toYaml(chip);
  program.compulsoryDramBytes = compulsoryBytes(program, storages.hostMemory);
  if (program.cores > 1) isa::canonicalize(program);
  checkProgramFits(program, chip);
  try {
    isa::verify(program);
  } catch (const BadInput& refused) {
    throw InternalError(std::string("the compiler wrote a program that is refused: ") +
                        refused.what());
  }
  if (options.note && !note.empty()) options.note(note);
  if (options.note && !asValues.empty()) {
    options.note(std::to_string(asValues.size()) +
                 " weights lie as values, not encoded: they stay " +
                 "on chip or their layout does not allow it (" + asValues.front() + " ...)");
  }
  const bool branches =
      std::any_of(plan.repeats.begin(), plan.repeats.end(),
                  [](const auto& repeat) { return repeat.condition.has_value(); });
  if (options.note && branches && !options.values) {
    options.note("with values off an If whose condition depends on data takes its then branch");
  }
  return program;
}

/// Does a network compile for a chip? Where it is too small, `needs` grows by what it lacks; where
/// something else is wrong, it is empty.
bool fits(const Graph& graph, const ChipConfig& chip, const CompileOptions& options,
          passes::Needs& needs) {
  try {
    compileFor(graph, chip, options);
    return true;
  } catch (const passes::TooSmall& small) {
    passes::add(needs, small.needs);
  } catch (const NotPossible&) {
    needs.clear();
  }
  return false;
}

/// What is enough for a network: what it needs of one storage shows when the others are large
/// enough, and how it is dealt to cores depends on what there is.
std::optional<passes::Needs> enough(const Graph& graph, const ChipConfig& chip,
                                    const CompileOptions& options, passes::Needs needs) {
  constexpr int kTries = 12;
  for (int tries = 0; tries < kTries && !needs.empty(); ++tries) {
    if (fits(graph, passes::enlarged(chip, needs), options, needs)) return needs;
  }
  return std::nullopt;
}

/// The fewest cores, doubling what the chip has, on which a network fits; 0 where none help.
std::int64_t enoughCores(const Graph& graph, ChipConfig chip, const CompileOptions& options) {
  if (chip.cores == 1 || chip.coreControl == CoreControl::Shared) return 0;
  for (chip.cores *= 2; chip.cores <= kMostCores; chip.cores *= 2) {
    if (chip.network.columns > 0 && chip.cores % chip.network.columns != 0) continue;
    passes::Needs ignored;
    if (fits(graph, chip, options, ignored)) return chip.cores;
  }
  return 0;
}

/// The program with as many weights with the host as the chip has no room for. Throws TooSmall when
/// that does not help.
isa::Program streamed(const Graph& graph, const ChipConfig& machine,
                      const CompileOptions& options) {
  isa::Program program = compileFor(graph, machine, options);
  const isa::StorageId host = plan::StorageMap(machine).hostMemory;
  std::int64_t bytes = 0, all = 0;
  for (const isa::ConstantBlock& constant : program.constants) {
    all += constant.size;
    if (constant.storage == host) bytes += constant.size;
  }
  if (options.note) {
    options.note(std::to_string(bytes) + " of " + std::to_string(all) +
                 " bytes of weights find no room on the chip and are streamed over the host link "
                 "in every prediction");
  }
  return program;
}

bool canStream(const Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  try {
    compileFor(graph, withHostMemory(chip), options);
    return true;
  } catch (const passes::TooSmall&) {
    return false;
  }
}

/// What is needed, what there is, and the smallest changes with which the network was seen to fit.
std::string refusal(const Graph& graph, const ChipConfig& chip, CompileOptions options,
                    const passes::Needs& first) {
  options.values = false;
  options.note = {};
  const auto needs = enough(graph, chip, options, first);
  const std::int64_t cores = enoughCores(graph, chip, options);
  std::string text = passes::shortageText(chip, needs ? *needs : first);
  if (needs) text += "; try" + passes::settingsFor(chip, *needs);
  if (cores > 0)
    text += (needs ? ", or --set cores=" : "; try --set cores=") + std::to_string(cores);
  if (options.allowStreaming) return text + "; nothing but weights comes over the host link";
  if (canStream(graph, chip, options)) {
    text += std::string(needs || cores > 0 ? ", or" : "; try") +
            " --allow-streaming to bring weights over the host link in every prediction";
  }
  return text;
}

}  // namespace

isa::Program compile(const Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  try {
    return compileFor(graph, chip, options);
  } catch (const passes::TooSmall& small) {
    if (!options.allowStreaming) throw NotPossible(refusal(graph, chip, options, small.needs));
  }
  const ChipConfig machine = withHostMemory(chip);
  try {
    return streamed(graph, machine, options);
  } catch (const passes::TooSmall& small) {
    throw NotPossible(refusal(graph, machine, options, small.needs));
  }
}

ChipConfig machineOf(const isa::Program& program, const ChipConfig& chip) {
  return program.chipHash == chipHash(chip) ? chip : withHostMemory(chip);
}

}  // namespace npusim
