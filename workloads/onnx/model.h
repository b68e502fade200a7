#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sim/core/tensor.h"

namespace npusim::onnx_import {

/// An ONNX model as plain data, so that only the reader sees protobuf.

struct OnnxGraph;

/// std::monostate: a form that no supported operator has (types, sparse tensors, lists of graphs).
using Attribute = std::variant<std::monostate, std::int64_t, float, std::string, Tensor,
                               std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, std::shared_ptr<OnnxGraph>>;

struct OnnxNode {
  std::string name;
  std::string op;
  std::string domain;
  std::vector<std::string> inputs;   ///< "" where an optional input is left out
  std::vector<std::string> outputs;  ///< likewise
  std::map<std::string, Attribute, std::less<>> attributes;
};

struct OnnxDimension {
  std::optional<std::int64_t> extent;  ///< positive
  std::string symbol;
};

struct OnnxInput {
  std::string name;
  DataType type = DataType::Float32;
  std::optional<std::vector<OnnxDimension>> dimensions;
};

/// A model's graph, or the body of a node: that reads the names around it too.
struct OnnxGraph {
  std::vector<OnnxInput> inputs;  ///< without those that are initialisers
  std::vector<std::string> outputs;
  std::unordered_map<std::string, Tensor> initializers;
  std::vector<OnnxNode> nodes;
};

struct OnnxModel : OnnxGraph {
  std::string file;  ///< for messages
  int opset = 0;
};

/// Largest number of elements of any tensor; more is taken for a damaged file.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

/// Reads a model file with its external data.
OnnxModel readModel(const std::string& file);
/// Reads a model from memory.
OnnxModel readModelBytes(std::string_view bytes, const std::string& name);

}  // namespace npusim::onnx_import
