#include <fmt/format.h>

#include <cstdint>

#include "sim/config/chip_checks.h"
#include "sim/config/chip_fields.h"
#include "sim/config/chip_tree.h"
#include "sim/config/config_files.h"
#include "sim/config/host_memory.h"
#include "sim/config/load_config.h"
#include "sim/config/yaml_merge.h"
#include "sim/config/yaml_notes.h"
#include "sim/config/yaml_section.h"
#include "sim/config/yaml_writer.h"
#include "sim/core/hash.h"
#include "sim/core/suggest.h"

namespace npusim {
namespace {

/// Names the energy table so that it is found from anywhere.
void locateEnergy(ChipConfig& chip, const YamlNode& tree) {
  const YamlNode* node = tree.find("energy");
  if (node == nullptr) return;
  if (!isPresetName(chip.energy)) {
    chip.energy = pathBeside(chip.energy, node->where);
    return;
  }
  const std::vector<std::string> presets = presetNames("energy");
  for (const std::string& preset : presets) {
    if (preset == chip.energy) return;
  }
  failWord(*node, "energy", presets);
}

ChipConfig readChip(YamlNode tree, const std::vector<Override>& overrides) {
  resolveBase(tree, "chips");
  for (const auto& [path, value] : overrides) setYaml(tree, path, value);
  resolveMemories(tree);
  ChipConfig chip;
  YamlSection section(tree, "");
  fields(section, chip);
  section.finish();
  locateEnergy(chip, tree);
  checkChip(chip, tree);
  linkHostMemory(chip);
  return chip;
}

YamlNode chipTree(ChipConfig chip) {
  YamlWriter writer;
  fields(writer, chip);
  return writer.map();
}

/// The chip without what neither a program nor its execution depends on.
ChipConfig withoutNames(ChipConfig chip) {
  chip.name = chip.energy = "-";
  chip.nodeNm = ChipConfig().nodeNm;
  for (BufferConfig& buffer : chip.buffers) buffer.name = "-";
  for (MemoryConfig& memory : chip.memories) {
    memory.name = memory.preset = "-";
    memory.energyPjPerBit = 0;
    memory.currents = {};
  }
  chip.host.energyPjPerBit = 0;
  chip.power.idleW = chip.power.clockTreePjPerCycle = 0;
  return chip;
}

}  // namespace

ChipConfig loadChip(const std::string& fileOrName, const std::vector<Override>& overrides) {
  return readChip(readConfigFile("chips", fileOrName), overrides);
}

ChipConfig parseChip(const std::string& yaml, const std::string& fileName) {
  return readChip(parseNotedYaml(yaml, fileName), {});
}

std::string toYaml(const ChipConfig& chip) {
  return "resolved: true\n" + printYaml(chipTree(chip));
}

std::string chipHash(const ChipConfig& chip) {
  return fmt::format("{:016x}", fnv1a(printYaml(chipTree(withoutNames(chip)))));
}

MemoryConfig loadMemory(const std::string& fileOrName, const std::vector<Override>& overrides) {
  YamlNode tree;
  tree.kind = YamlNode::Kind::Map;
  tree.children.resize(1);
  YamlNode& node = tree.children.front();
  node = readConfigFile("memories", fileOrName);
  node.key = "memory";
  for (const auto& [path, value] : overrides) setYaml(node, path, value);
  resolveMemory(node, "memory");
  MemoryConfig memory;
  YamlSection section(node, "memory");
  fields(section, memory);
  section.finish();
  if (memory.preset.empty() && isPresetName(fileOrName)) memory.preset = fileOrName;
  checkMemory(memory, tree, "memory");
  return memory;
}

}  // namespace npusim
