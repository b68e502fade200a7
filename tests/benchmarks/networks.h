#pragma once

#include <string>

#include "kernels/pipeline/compile.h"
#include "sim/config/load_config.h"
#include "sim/core/embedded.h"
#include "workloads/description/description.h"
#include "workloads/onnx/import.h"

namespace npusim::benchmarks {

/// A file of workloads/zoo, as compiled into the program.
inline std::string_view zooFile(const std::string& path) {
  const auto bytes = embeddedFile(path);
  ensure(bytes.has_value(), "the zoo file is not embedded");
  return *bytes;
}

/// The default network: a trained ONNX file.
inline Graph blazeface() {
  const std::string path = "workloads/zoo/blazeface_front.onnx";
  return importOnnxBytes(zooFile(path), path);
}

/// A layer description, shapes only.
inline Graph resnet50() {
  const std::string path = "workloads/zoo/resnet50.yaml";
  return parseDescription(zooFile(path), path);
}

/// A network as the compiler takes it, in fp32.
inline Graph readyToCompile(const Graph& graph, const ChipConfig& chip) {
  return toPrecision(optimize(graph), chip, DataType::Float32, {});
}

inline ChipConfig defaultChip() { return loadChip("edge", {}); }

}  // namespace npusim::benchmarks
