#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// What is given beside a description.
struct DescriptionOptions {
  /// Replaces the parameter `batch`, or in a description without it the first dimension of every
  /// input.
  std::optional<std::int64_t> batch;
  std::map<std::string, std::int64_t> dims;  ///< replaces parameters of the network
};

/// Reads a YAML layer description (docs/layer_description.md): shapes only, with weights made from
/// a seed. Throws BadInput "file:line:column: path: what is wrong, what would be right".
Graph readDescription(const std::string& file, const DescriptionOptions& options = {});

/// The same from text; `file` is the name that errors show.
Graph parseDescription(std::string_view text, const std::string& file,
                       const DescriptionOptions& options);
Graph parseDescription(std::string_view text, const std::string& file,
                       std::optional<std::int64_t> batch = std::nullopt);

/// Elements of all weights, of all passes where loops have their own.
std::int64_t parameterCount(const Graph& graph);

/// Names of the layer kinds that a description may use, in the order of the documentation.
std::vector<std::string_view> layerKindNames();

}  // namespace npusim
