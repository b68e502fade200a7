#include "sim/config/chip_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/config/config_files.h"
#include "sim/config/limits.h"
#include "sim/config/load_config.h"
#include "sim/config/yaml_merge.h"
#include "sim/core/suggest.h"

namespace npusim {
namespace {

/// Removes a child of a map and returns it; Null when there is none.
YamlNode takeChild(YamlNode& map, std::string_view key) {
  YamlNode taken;
  const auto found = std::find_if(map.children.begin(), map.children.end(),
                                  [&](const YamlNode& child) { return child.key == key; });
  if (found == map.children.end()) return taken;
  taken = std::move(*found);
  map.children.erase(found);
  return taken;
}

void addChild(YamlNode& map, const std::string& key, YamlNode child) {
  child.key = key;
  child.where = child.keyWhere = map.where;
  map.children.push_back(std::move(child));
}

/// What a rank holds times ranks and channels, unless the chip states a capacity of its own.
void addCapacity(YamlNode& memory, const std::string& path) {
  const YamlNode rank = takeChild(memory, "rank_mib");
  if (rank.key.empty() || memory.find("capacity_mib") != nullptr) return;
  constexpr Capacity kRule{limits::kMib, limits::kTib};
  std::int64_t bytes = kRule.read(rank, path + ".rank_mib");
  for (const char* key : {"ranks", "channels"}) {
    const YamlNode* count = memory.find(key);
    if (count != nullptr) bytes *= limits::kCount.read(*count, path + "." + key);
  }
  if (bytes > limits::kTib) {
    failAt(memory.where, path,
           fmt::format("comes to {} MiB, must be at most {}", bytes / limits::kMib,
                       limits::kTib / limits::kMib));
  }
  addChild(memory, "capacity_mib", kRule.write(bytes));
}

bool isResolved(const YamlNode& chip) {
  const YamlNode* flag = chip.find("resolved");
  return flag != nullptr && Flag{}.read(*flag, "resolved");
}

/// A resolved chip has its presets written out; a new one would change nothing but the name.
void refuseNewPreset(const YamlNode& memory, const std::string& path) {
  const YamlNode* preset = memory.find("preset");
  if (preset == nullptr || !isFromOption(*preset)) return;
  failAt(preset->where, path + ".preset",
         "cannot change, this chip's memory is written out; set it on the chip file it came from");
}

bool hasText(const YamlNode* node, std::string_view text) {
  return node != nullptr && node->text == text;
}

/// An SRAM has no preset, so what it needs must stand in the chip.
void expectSramFigures(const YamlNode& memory, const YamlNode& kind, const std::string& path) {
  std::string missing;
  for (const char* key : {"capacity_mib", "bandwidth_gb_per_s", "energy_pj_per_bit"}) {
    if (memory.find(key) == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(key);
  }
  if (missing.empty()) return;
  failAt(kind.where, path + ".kind", "is sram, which takes no preset: give " + missing + " too");
}

/// A DRAM made of an inherited SRAM has none of its figures.
void dropSramFigures(YamlNode& memory) {
  const YamlNode* kind = memory.find("kind");
  if (kind == nullptr) return;
  std::erase_if(memory.children, [kind = *kind](const YamlNode& child) {
    const bool ofSram = child.key == "bandwidth_gb_per_s" || child.key == "latency_ns";
    return ofSram && !writtenTogether(child, kind);
  });
}

}  // namespace

void resolveBase(YamlNode& file, const std::string& folder) {
  constexpr int kLongestChain = 8;
  for (int links = 0; file.find("base") != nullptr; ++links) {
    const YamlNode base = takeChild(file, "base");
    if (links == kLongestChain) {
      failAt(base.where, "base", "the chain of bases is longer than 8 files, end it");
    }
    const std::string name = Text{}.read(base, "base");
    YamlNode below = readConfigFile(folder, name, base.where);
    mergeYaml(below, file);
    file = std::move(below);
  }
}

void resolveMemory(YamlNode& memory, const std::string& path) {
  if (memory.kind != YamlNode::Kind::Map) failRule(memory, path, "a section or none");
  const YamlNode* kind = memory.find("kind");
  if (hasText(kind, "sram")) return expectSramFigures(memory, *kind, path);
  if (hasText(kind, "host")) return;
  const bool isDram = kind == nullptr || hasText(kind, "dram");
  dropSramFigures(memory);
  SourceLocation blamed = memory.where;
  if (hasText(memory.find("preset"), "none")) blamed = takeChild(memory, "preset").where;
  const YamlNode* preset = memory.find("preset");
  if (preset != nullptr) {
    const std::string name = Text{}.read(*preset, path + ".preset");
    YamlNode below = readConfigFile("memories", name, preset->where);
    mergeYaml(below, memory);
    below.key = memory.key;
    below.keyWhere = memory.keyWhere;
    memory = std::move(below);
  } else if (isDram && memory.find("timing") == nullptr) {
    failAt(
        blamed, path,
        "has neither preset nor timing, name a preset: " + joinedChoices(presetNames("memories")));
  }
  addCapacity(memory, path);
}

void resolveMemories(YamlNode& chip) {
  const bool resolved = isResolved(chip);
  takeChild(chip, "resolved");
  const auto resolve = [&](YamlNode& memory, const std::string& path) {
    resolved ? refuseNewPreset(memory, path) : resolveMemory(memory, path);
  };
  YamlNode* first = chip.find("memory");
  if (first != nullptr && first->text != "none") resolve(*first, "memory");
  YamlNode* rest = chip.find("memories");
  if (rest == nullptr || rest->kind != YamlNode::Kind::List) return;
  for (std::size_t i = 0; i < rest->children.size(); ++i) {
    resolve(rest->children[i], pathBelow("memories", i));
  }
}

}  // namespace npusim
