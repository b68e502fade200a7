#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/description/section.h"
#include "workloads/graph/graph.h"

namespace npusim {

/// A layer being turned into nodes.
struct Layer {
  Graph& graph;
  std::string name;  ///< unique in the network
  std::vector<ValueId> inputs;
  Section& options;
  std::uint64_t seed = 0;  ///< of the network's weights

  const Shape& shape(std::size_t input = 0) const { return graph.value(inputs.at(input)).shape; }
};

struct LayerKind {
  static constexpr int kAnyInputs = -1;

  std::string_view name;    ///< as written in the description
  std::string_view opName;  ///< as ONNX calls it
  int inputs = 1;
  ValueId (*build)(Layer& layer, const LayerKind& kind) = nullptr;
  ElementStep step{};  ///< of elementwise kinds
};

/// Every layer kind, in the order of docs/layer_description.md.
std::span<const LayerKind> layerKinds();

/// The kind of that name, or null.
const LayerKind* findLayerKind(std::string_view name);

}  // namespace npusim
