#include "tools/unused_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/config/config_files.h"
#include "sim/core/error.h"
#include "tools/output.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

bool isDevice(const std::string& file) {
  std::error_code ignored;
  return fs::is_character_file(file, ignored);
}

bool sameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(a), ignored) ==
         fs::weakly_canonical(fs::absolute(b), ignored);
}

}  // namespace

std::vector<NamedFile> filesOf(const MachineOptions& machine, const NetworkOptions& network,
                               const DataOptions& data) {
  std::vector<NamedFile> files = {{"--workload", network.workload}};
  if (!isPresetName(machine.chip)) files.emplace_back("--chip", machine.chip);
  for (const auto& [name, file] : data.inputFiles) files.emplace_back("--input", file);
  return files;
}

void checkFiles(const std::vector<NamedFile>& written, std::vector<NamedFile> others) {
  for (const NamedFile& output : written) {
    const auto& [option, file] = output;
    if (file.empty() || isDevice(file)) continue;
    for (const auto& [otherOption, otherFile] : others) {
      if (otherFile.empty() || !sameFile(file, otherFile)) continue;
      throw BadInput(fmt::format("{}: is given for {} and for {}; give each a file of its own",
                                 file, otherOption, option));
    }
    expectWritable(file);
    others.push_back(output);
  }
}

void checkFiles(const ResultOptions& results, std::vector<NamedFile> others) {
  std::error_code ignored;
  const std::string& folder = results.outputs;
  if (fs::exists(folder, ignored) && !fs::is_directory(folder, ignored)) {
    throw BadInput(fmt::format("--outputs {}: is no folder; give the name of one", folder));
  }
  others.emplace_back("--outputs", folder);
  checkFiles(
      {{"--json", results.json}, {"--csv", results.csv}, {"--dram-trace", results.dramTrace}},
      std::move(others));
}

bool ResultOptions::asksHost() const {
  return std::find(references.begin(), references.end(), kHostReference) != references.end();
}

void checkValuesUsed(const DataOptions& data, const ResultOptions& results,
                     const std::string& remedy) {
  if (data.values) return;
  const std::pair<const char*, bool> options[] = {
      {"--outputs", !results.outputs.empty()},
      {"--tolerance", data.tolerance.has_value()},
      {"--calibrate", !data.calibrationFolders.empty()},
      {"--seed", data.seedGiven && !results.asksHost()}};
  for (const auto& [option, given] : options) {
    if (given) throw BadInput(fmt::format("{} needs values; {}", option, remedy));
  }
}

void checkPassesUsed(const DataOptions& data, const ResultOptions& results) {
  if (!data.passesGiven) return;
  if (data.values) {
    throw BadInput("--passes: with values all passes are simulated; add --values off");
  }
  if (!results.dramTrace.empty() && data.passes.kind != PassLimit::Kind::All) {
    throw BadInput("--passes: --dram-trace writes what all passes ask for; leave one of them out");
  }
}

std::size_t tracedMemory(const ChipConfig& chip) {
  const auto dram = std::ranges::find(chip.memories, MemoryKind::Dram, &MemoryConfig::kind);
  if (dram == chip.memories.end()) {
    throw BadInput("--dram-trace: chip '" + chip.name + "' has no DRAM; leave it out");
  }
  return static_cast<std::size_t>(dram - chip.memories.begin());
}

void checkDramTraceUsed(const ResultOptions& results, const ChipConfig& chip) {
  if (results.dramTrace.empty()) return;
  tracedMemory(chip);
  if (chip.idealMemory) {
    throw BadInput("--dram-trace: --memory ideal asks for nothing; leave one of them out");
  }
}

void checkFormatUses(const DataOptions& data, DataType precision) {
  if (!data.calibrationFolders.empty() && !isInteger(precision)) {
    throw BadInput(
        fmt::format("--calibrate sets the ranges of int8 and int16, this run computes {}; add "
                    "--precision int8 or int16, or leave --calibrate out",
                    name(precision)));
  }
  if (data.tolerance && !isFloat(precision)) {
    throw BadInput(
        fmt::format("--tolerance is for float formats, {} is checked bit for bit; leave it out",
                    name(precision)));
  }
}

void checkSeedUsed(const DataOptions& data, const std::vector<InputSlot>& slots,
                   const GivenTensors& given, bool calibrates) {
  if (!data.seedGiven || calibrates) return;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const bool made = i >= given.data.inputs.size() && !given.byName.contains(slots[i].name);
    if (made && isFloat(slots[i].type)) return;
  }
  throw BadInput(fmt::format("--seed {}: nothing is made from it; leave it out", data.seed));
}

void checkPartitionUsed(const CompileChoice& choice, const ChipConfig& chip) {
  if (!choice.partitionGiven) return;
  if (chip.cores > 1 && chip.coreControl == CoreControl::Own) return;
  throw BadInput(fmt::format(
      "--partition {}: chip '{}' has {}; leave it out", name(choice.partition), chip.name,
      chip.cores == 1 ? "one core" : "cores that share their control and take parts of a product"));
}

}  // namespace npusim::tools
