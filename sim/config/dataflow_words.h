#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "sim/config/dataflow.h"
#include "sim/core/yaml_rules.h"

namespace npusim {

inline constexpr std::array<std::pair<std::string_view, LoopDim>, 7> kLoopDimWords = {{
    {"B", LoopDim::B},
    {"OY", LoopDim::OY},
    {"OX", LoopDim::OX},
    {"K", LoopDim::K},
    {"FY", LoopDim::FY},
    {"FX", LoopDim::FX},
    {"C", LoopDim::C},
}};
inline constexpr std::array<std::pair<std::string_view, Travel>, 5> kTravelWords = {{
    {"hold", Travel::Hold},
    {"forward", Travel::Forward},
    {"broadcast", Travel::Broadcast},
    {"chain", Travel::Chain},
    {"tree", Travel::Tree},
}};

/// A dataflow in a file: the name of a preset, or a section of its own.
struct DataflowRule {
  using Value = Dataflow;
  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(const Value& value) const;
  std::string describe() const;
};

}  // namespace npusim
