#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// What the file leaves open.
struct OnnxOptions {
  /// Symbolic dimensions by name (`--dim NAME=N`). A dimension without a name is called
  /// INPUT.AXIS, for example "image.0".
  std::map<std::string, std::int64_t> dims = {};
  /// First dimension of every input (`--batch N`) where it is symbolic or 1 in the file.
  std::optional<std::int64_t> batch = {};
  /// Whole shapes by input name; they go before `dims`, `batch` and what the file declares.
  std::map<std::string, Shape> inputShapes = {};
  /// Likewise in the order of the model's inputs, as a data set gives them; `inputShapes` go
  /// before. Fewer shapes than inputs leave the last ones to the file.
  std::vector<Shape> orderedShapes = {};
  /// The shapes are given for nothing else: refuse them where they are those of the file.
  bool shapesMustBind = false;
  /// What inputs will be, by name: where an operator must know one before the run (axes, a shape),
  /// the input becomes this constant, and the graph's `settledInputs` say so.
  std::map<std::string, Tensor> offeredInputs = {};
  /// Likewise in the order of the model's inputs; one without elements offers nothing.
  std::vector<Tensor> orderedOffers = {};
  /// Inputs whose value is known before the run: they become constants, and so may be what an
  /// operator needs to know (axes, a shape, a BatchNormalization's mean).
  std::map<std::string, Tensor> fixedInputs = {};
};

/// Oldest and newest version of the default operator set that is read.
constexpr int kOldestOpset = 1;
constexpr int kNewestOpset = 17;

/// Reads an ONNX model into canonical operations with all shapes known and everything constant
/// folded. Throws BadInput ("FILE: node 'NAME' (OP): what is wrong") for a damaged or inconsistent
/// model and for dimensions that nothing binds, NotPossible for an operator, opset or form outside
/// the supported ones.
Graph importOnnx(const std::string& file, const OnnxOptions& options = {});

/// The same for a model in memory; `name` stands for the file in messages. External data is
/// refused.
Graph importOnnxBytes(std::string_view bytes, const std::string& name,
                      const OnnxOptions& options = {});

/// Names of a model's inputs in order, without those that are initialisers.
std::vector<std::string> onnxInputNames(const std::string& file);

/// Names of all operators that importOnnx() knows, sorted.
std::vector<std::string> supportedOperators();

}  // namespace npusim
