#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/description/builder.h"
#include "workloads/description/section.h"

namespace npusim {

/// A layer being turned into nodes.
struct Layer {
  DescriptionBuilder& net;
  std::string name;  ///< unique in the network
  std::vector<ValueId> inputs;
  Section& options;

  const Shape& shape(std::size_t input = 0) const { return net.shape(inputs.at(input)); }
  /// The name of a part of it.
  std::string part(std::string_view what) const { return name + "." + std::string(what); }
};

struct LayerKind {
  static constexpr int kAnyInputs = -1;

  std::string_view name;    ///< as written in the description
  std::string_view opName;  ///< as ONNX calls it
  int inputs = 1;
  ValueId (*build)(Layer& layer, const LayerKind& kind) = nullptr;
  ElementStep step{};  ///< of elementwise kinds
  /// May it end a convolution or product: elementwise, without keys that it must have?
  bool isActivation = false;
};

/// Every layer kind, in the order of docs/layer_description.md.
std::span<const LayerKind> layerKinds();

/// The kind of that name, or null.
const LayerKind* findLayerKind(std::string_view name);

}  // namespace npusim
