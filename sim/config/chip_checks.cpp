#include "sim/config/chip_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <string>

#include "sim/config/chip_fields.h"
#include "sim/config/yaml_merge.h"
#include "sim/core/array_cost.h"

namespace npusim {
namespace {

/// The child that one part of a path names, or null.
const YamlNode* step(const YamlNode& node, const std::string& part) {
  if (node.kind != YamlNode::Kind::List) return node.find(part);
  std::size_t number = 0;
  std::from_chars(part.data(), part.data() + part.size(), number);
  return number >= 1 && number <= node.children.size() ? &node.children[number - 1] : nullptr;
}

/// The deepest node of `path` that the chip has.
const YamlNode& deepest(const YamlNode& tree, const std::string& path) {
  const YamlNode* node = &tree;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const YamlNode* next = step(*node, path.substr(begin, dot - begin));
    if (next == nullptr) break;
    node = next;
    begin = dot + 1;
  }
  return *node;
}

/// In the user's own file, or an option; not in a base or a preset below it.
bool isOwn(const YamlNode& node, const YamlNode& tree) {
  return isFromOption(node) || node.where.file == tree.where.file;
}

/// Blames `path`, or where that is inherited, the first of `causes` that the user wrote.
[[noreturn]] void blame(const YamlNode& tree, const std::string& path, const std::string& message,
                        const std::vector<std::string>& causes = {}) {
  const YamlNode* blamed = &deepest(tree, path);
  for (const std::string& cause : causes) {
    if (isOwn(*blamed, tree)) break;
    const YamlNode& node = deepest(tree, cause);
    if (isOwn(node, tree)) blamed = &node;
  }
  failAt(blamed->where, path, message);
}

std::string_view word(DataType format) { return Word<DataType>{formatWords()}.nameOf(format); }

void checkCores(const ChipConfig& chip, const YamlNode& tree) {
  if (chip.cores == 1 || chip.coreControl == CoreControl::Shared) return;
  struct Row {
    const char* key;
    std::int64_t have;
    const char* sound;  ///< for any number of cores
  };
  for (const Row& row : {Row{"network.columns", chip.network.columns, "0"},
                         Row{"network.memory_ports", chip.network.memoryPorts, "1"}}) {
    if (row.have <= chip.cores) continue;
    blame(tree, row.key,
          fmt::format("is {}, must be at most cores ({}), for example --set {}={}", row.have,
                      chip.cores, row.key, row.sound),
          {"cores"});
  }
}

void checkFormats(const ChipConfig& chip, const YamlNode& tree) {
  for (const DataType format : chip.formats) {
    if (chip.array.macsPerCycle.count(format) > 0) continue;
    blame(tree, "array.macs_per_cycle",
          fmt::format("lacks {0}, which formats lists; add {0} or take it out of formats",
                      word(format)),
          {"formats"});
  }
}

/// A rate for a format that the chip does not have: an error where one person wrote both, dropped
/// where `formats` narrows an inherited list.
void narrowFormats(ChipConfig& chip, const YamlNode& tree) {
  const YamlNode& rates = *tree.find("array")->find("macs_per_cycle");
  for (const auto& [name, format] : formatWords()) {
    const YamlNode* rate = rates.find(name);
    if (rate == nullptr || chip.supports(format)) continue;
    if (writtenTogether(*rate, *tree.find("formats"))) {
      failAt(rate->keyWhere, fmt::format("array.macs_per_cycle.{}", name),
             "is never read, since formats does not list it; add it there or leave this out");
    }
    chip.array.macsPerCycle.erase(format);
  }
}

/// Bytes of the widest operand that one PE takes in a cycle.
std::int64_t operandBytes(const ChipConfig& chip) {
  double widest = 0;
  for (const auto& [format, macs] : chip.array.macsPerCycle) {
    widest = std::max(widest, byteSize(format) * std::max(1.0, macs));
  }
  return static_cast<std::int64_t>(widest);
}

/// Bytes of the widest partial sum that a PE adds to.
std::int64_t partialSumBytes(const ChipConfig& chip) {
  const bool rounds = chip.array.dataflow.kind == ArrayKind::RowStationary;
  std::int64_t widest = 0;
  for (const DataType format : chip.formats) {
    widest = std::max(widest, rounds ? chip.array.storedSumBytes(format) : sumBytesOf(format));
  }
  return widest;
}

void checkLocalStore(const ChipConfig& chip, const YamlNode& tree) {
  struct Row {
    const char* key;
    const char* what;
    std::int64_t have, need;
  };
  const std::int64_t operand = operandBytes(chip);
  for (const Row& row :
       {Row{"weights", "the weights", chip.array.localStore.weights.bytes, operand},
        Row{"inputs", "the inputs", chip.array.localStore.inputs.bytes, operand},
        Row{"outputs", "a partial sum", chip.array.localStore.outputs.bytes,
            partialSumBytes(chip)}}) {
    if (row.have >= row.need) continue;
    blame(tree, fmt::format("local_store.{}.bytes", row.key),
          fmt::format("{} bytes do not hold {} of a PE, must be at least {}", row.have, row.what,
                      row.need),
          {"array.macs_per_cycle", "formats"});
  }
}

/// Formats that a setting of the chip excludes.
void checkFormatUses(const ChipConfig& chip, const YamlNode& tree) {
  for (const DataType format : chip.formats) {
    if (chip.array.partialSumBytes == 4 || isFloat(format)) continue;
    blame(tree, "array.partial_sum_bytes",
          fmt::format("is 2, but formats lists {}: sums of integers take {}", word(format),
                      sumBytesOf(format)),
          {"formats"});
  }
  const bool codable = std::any_of(chip.formats.begin(), chip.formats.end(),
                                   [](DataType format) { return byteSize(format) == 2; });
  for (std::size_t i = 0; i < chip.memories.size() && !codable; ++i) {
    if (chip.memories[i].compression == Compression::None) continue;
    blame(tree, i == 0 ? "memory.compression" : fmt::format("memories.{}.compression", i),
          "is rlc, which codes values of 16 bits, but formats lists none of 16 bits", {"formats"});
  }
}

void checkCache(const ChipConfig& chip, const YamlNode& tree) {
  const CacheConfig& cache = chip.array.cache;
  if (chip.array.dataflow.kind != ArrayKind::Cached || cache.bytes == 0) return;
  const bool power = (cache.bytes & (cache.bytes - 1)) == 0;
  if (power && cache.bytes >= cache.lineBytes) return;
  blame(tree, "array.cache.bytes",
        fmt::format("is {}, must be 0 or a power of two of at least a line ({} bytes)", cache.bytes,
                    cache.lineBytes),
        {"array.cache.line_bytes"});
}

void checkRowStationary(const ChipConfig& chip, const YamlNode& tree) {
  if (chip.array.dataflow.kind != ArrayKind::RowStationary) return;
  if (chip.array.convention != Convention::Overlapped) {
    blame(tree, "array.convention", "is scale_sim, must be overlapped for row_stationary",
          {"array.dataflow"});
  }
  for (const auto& [format, macs] : chip.array.macsPerCycle) {
    if (macs <= 1) continue;
    blame(tree, fmt::format("array.macs_per_cycle.{}", word(format)),
          fmt::format("is {}, must be at most 1 for row_stationary", macs), {"array.dataflow"});
  }
}

/// The array and the vector unit read and write buffers only.
void checkHolds(const ChipConfig& chip, const YamlNode& tree) {
  for (const auto& [name, kind] : kHoldsWords) {
    const bool held = std::any_of(chip.buffers.begin(), chip.buffers.end(),
                                  [&, k = kind](const auto& b) { return b.holdsKind(k); });
    if (held) continue;
    blame(tree, "buffer.holds",
          fmt::format("no buffer holds {0}, add {0} here or to one of buffers", name), {"buffers"});
  }
}

void checkNames(const ChipConfig& chip, const YamlNode& tree) {
  std::vector<std::string> seen;
  const auto check = [&](const std::string& name, const char* first, const char* rest,
                         std::size_t index) {
    const std::string path =
        index == 0 ? fmt::format("{}.name", first) : fmt::format("{}.{}.name", rest, index);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      blame(tree, path,
            fmt::format("'{}' is the name of another buffer or memory too, give each "
                        "its own",
                        name));
    }
    seen.push_back(name);
  };
  for (std::size_t i = 0; i < chip.buffers.size(); ++i) {
    check(chip.buffers[i].name, "buffer", "buffers", i);
  }
  for (std::size_t i = 0; i < chip.memories.size(); ++i) {
    check(chip.memories[i].name, "memory", "memories", i);
  }
}

void checkPower(const ChipConfig& chip, const YamlNode& tree) {
  const PowerConfig& power = chip.power;
  if (power.limitW == 0 && power.throttledClockMhz > 0) {
    blame(tree, "power.throttled_clock_mhz",
          "is never read without limit_w, add limit_w or leave it out");
  }
  if (power.throttledClockMhz > chip.clockMhz) {
    blame(tree, "power.throttled_clock_mhz",
          fmt::format("is {}, must be at most clock_mhz ({}), or left out for the clock that keeps "
                      "limit_w",
                      power.throttledClockMhz, chip.clockMhz),
          {"clock_mhz"});
  }
}

/// The parts of a text between dashes.
std::vector<std::string> dashed(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t dash = std::min(text.find('-', begin), text.size());
    parts.push_back(text.substr(begin, dash - begin));
    begin = dash + 1;
  }
  return parts;
}

/// Each field of an address that has more than one value must be named, none twice; cl, the low
/// part of the column, stands below co. Two orders have names (sim/memory/dram/address_map.h).
void checkMapping(const MemoryConfig& memory, const YamlNode& tree, const std::string& path) {
  if (memory.mapping == "row" || memory.mapping == "bgi") return;
  struct Field {
    std::string_view code;
    bool needed;
  };
  const Field fields[] = {{"ro", true},
                          {"ra", false},
                          {"bg", memory.bankGroups > 1},
                          {"ba", memory.banksPerGroup > 1},
                          {"ch", memory.channels > 1},
                          {"co", true},
                          {"cl", false}};
  const std::vector<std::string> parts = dashed(memory.mapping);
  std::ptrdiff_t known = 0;
  bool sound = true;
  for (const Field& field : fields) {
    const std::ptrdiff_t named = std::count(parts.begin(), parts.end(), field.code);
    sound = sound && named <= 1 && (named == 1 || !field.needed);
    known += named;
  }
  const auto co = std::find(parts.begin(), parts.end(), "co");
  const bool lowBelow = std::find(parts.begin(), co, "cl") == co;
  if (sound && lowBelow && known == std::ssize(parts)) return;
  blame(tree, path + ".mapping",
        fmt::format(
            "is '{}', must name ro, ba, bg, ch and co once each, such as ro-ba-bg-ch-co, or be row "
            "or bgi; ra and those of size 1 may be left out, and cl (the columns of 64 bytes) "
            "may stand below co",
            memory.mapping),
        {path + ".channels", path + ".bank_groups", path + ".banks_per_group"});
}

void checkTiming(const DramTiming& timing, const YamlNode& tree, const std::string& path) {
  if (timing.RC < timing.RAS) {
    blame(tree, path + ".RC",
          fmt::format("is {}, must be at least RAS ({})", timing.RC, timing.RAS), {path + ".RAS"});
  }
  if (timing.REFI > 0 && timing.REFI <= timing.RFC) {
    blame(
        tree, path + ".REFI",
        fmt::format("is {}, must be above RFC ({}), or 0 for no refresh", timing.REFI, timing.RFC),
        {path + ".RFC"});
  }
}

/// There is one link, which all that lies with the host shares.
void checkHostMemories(const ChipConfig& chip, const YamlNode& tree) {
  bool seen = false;
  for (std::size_t i = 0; i < chip.memories.size(); ++i) {
    if (chip.memories[i].kind != MemoryKind::Host) continue;
    if (seen) {
      blame(tree, fmt::format("memories.{}.kind", i),
            "is host like that of another memory, keep one");
    }
    seen = true;
  }
}

}  // namespace

void checkMemory(const MemoryConfig& memory, const YamlNode& tree, const std::string& path) {
  if (memory.kind != MemoryKind::Dram) return;
  checkMapping(memory, tree, path);
  checkTiming(memory.timing, tree, path + ".timing");
  if (memory.controller.drainBelow > memory.controller.drainAbove) {
    blame(tree, path + ".controller.drain_below",
          fmt::format("is {}, must be at most drain_above ({})", memory.controller.drainBelow,
                      memory.controller.drainAbove),
          {path + ".controller.drain_above"});
  }
  const std::int64_t rowsOfAllBanks =
      memory.channels * memory.ranks * memory.bankGroups * memory.banksPerGroup * memory.rowBytes;
  if (memory.capacityBytes % rowsOfAllBanks != 0) {
    blame(tree, path + ".capacity_mib",
          fmt::format("{} bytes are not whole rows, must be a multiple of channels x ranks x banks "
                      "x row_bytes = {} bytes",
                      memory.capacityBytes, rowsOfAllBanks),
          {path + ".channels", path + ".ranks", path + ".bank_groups", path + ".banks_per_group",
           path + ".row_bytes"});
  }
  const std::int64_t burstBytes = memory.timing.burstLength * memory.timing.busBits / 8;
  if (burstBytes > memory.rowBytes) {
    blame(tree, path + ".row_bytes",
          fmt::format("is {}, must be at least a burst ({} bytes)", memory.rowBytes, burstBytes),
          {path + ".timing.burst_length", path + ".timing.bus_bits"});
  }
}

void checkChip(ChipConfig& chip, const YamlNode& tree) {
  checkCores(chip, tree);
  checkFormats(chip, tree);
  narrowFormats(chip, tree);
  checkLocalStore(chip, tree);
  checkFormatUses(chip, tree);
  checkCache(chip, tree);
  checkRowStationary(chip, tree);
  checkHolds(chip, tree);
  checkNames(chip, tree);
  checkPower(chip, tree);
  checkHostMemories(chip, tree);
  for (std::size_t i = 0; i < chip.memories.size(); ++i) {
    const std::string path = i == 0 ? "memory" : fmt::format("memories.{}", i);
    checkMemory(chip.memories[i], tree, path);
  }
}

}  // namespace npusim
