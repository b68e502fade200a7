#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// Reads a YAML layer description (docs/layer_description.md): shapes only, with weights made from
/// a seed. `batch` replaces the first dimension of every input. Throws BadInput
/// "file:line:column: path: what is wrong, what would be right".
Graph readDescription(const std::string& file, std::optional<std::int64_t> batch = std::nullopt);

/// The same from text; `file` is the name that errors show.
Graph parseDescription(std::string_view text, const std::string& file,
                       std::optional<std::int64_t> batch = std::nullopt);

/// Names of the layer kinds that a description may use, in the order of the documentation.
std::vector<std::string_view> layerKindNames();

}  // namespace npusim
