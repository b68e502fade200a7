#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/config/energy_table.h"
#include "sim/config/reference_config.h"

namespace npusim {

/// One `--set key.path=value`.
using Override = std::pair<std::string, std::string>;

/// Reads a chip from a YAML file or by preset name (configs/chips), applies the overrides and the
/// defaults, resolves the memory preset and checks everything. Unknown, repeated and never-read
/// keys, wrong types and impossible values throw BadInput with file:line:column and path; for an
/// override the message begins with "--set path=value: " instead. A name without '/' that does not
/// end in .yaml is a preset, anything else a file. Entries of `buffers` and `memories` are counted
/// from 1 or named: buffers.1.capacity_kib.
ChipConfig loadChip(const std::string& fileOrName, const std::vector<Override>& overrides);

/// The resolved chip as YAML text that parseChip() and loadChip() read back to an equal chip
/// without any other file.
std::string toYaml(const ChipConfig& chip);
ChipConfig parseChip(const std::string& yaml, const std::string& fileName);

/// Hash (16 hex digits) of everything that a program or its execution depends on: no names, no
/// sources, no energy.
std::string chipHash(const ChipConfig& chip);

/// One memory on its own: a preset of configs/memories or a file, with overrides of its keys such
/// as
/// {"channels", "2"}.
MemoryConfig loadMemory(const std::string& fileOrName, const std::vector<Override>& overrides = {});

EnergyTable loadEnergyTable(const std::string& fileOrName);
ReferenceConfig loadReference(const std::string& fileOrName);

/// Names of the presets in configs/<kind> ("chips", "memories", "energy", "references"), sorted.
std::vector<std::string> presetNames(const std::string& kind);

}  // namespace npusim
