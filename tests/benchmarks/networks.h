#pragma once

#include <string>

#include "kernels/pipeline/compile.h"
#include "sim/config/load_config.h"
#include "sim/core/embedded.h"
#include "workloads/onnx/import.h"

namespace npusim::benchmarks {

/// The default network, imported from the bytes inside the program.
inline Graph defaultNetwork() {
  const std::string path = "workloads/zoo/blazeface_front.onnx";
  const auto bytes = embeddedFile(path);
  ensure(bytes.has_value(), "the default network is not embedded");
  return importOnnxBytes(*bytes, path);
}

/// A network as the compiler takes it, in fp32.
inline Graph readyToCompile(const Graph& graph, const ChipConfig& chip) {
  return toPrecision(optimize(graph), chip, DataType::Float32, {});
}

inline ChipConfig defaultChip() { return loadChip("edge", {}); }

}  // namespace npusim::benchmarks
