#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/tensor.h"
#include "workloads/onnx/import.h"

namespace onnx {
class GraphProto;
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace npusim::testing_onnx {

using Ints = std::vector<std::int64_t>;

/// Writes ONNX models call by call, so that a test shows only its point:
///
///   ModelBuilder(13).input("x", {"1", "3"}).node("Relu", {"x"}, {"y"}).output("y")
///
/// attribute() applies to the last node.
class ModelBuilder {
 public:
  explicit ModelBuilder(int opset = 13);
  ModelBuilder(ModelBuilder&&) noexcept;
  ~ModelBuilder();

  /// Dimensions are numbers, symbols, or "" for unknown ones.
  ModelBuilder& input(const std::string& name, const std::vector<std::string>& dimensions,
                      DataType type = DataType::Float32);
  ModelBuilder& inputWithoutShape(const std::string& name);
  ModelBuilder& constant(const std::string& name, const Tensor& tensor);
  ModelBuilder& constant(const std::string& name, const Ints& values);
  ModelBuilder& external(const std::string& name, const Shape& shape,
                         const std::vector<std::pair<std::string, std::string>>& entries);
  ModelBuilder& node(const std::string& op, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs, const std::string& name = "n");
  ModelBuilder& domain(const std::string& name);
  ModelBuilder& attribute(const std::string& name, std::int64_t value);
  ModelBuilder& attribute(const std::string& name, int value);
  ModelBuilder& attribute(const std::string& name, float value);
  ModelBuilder& attribute(const std::string& name, const char* value);
  ModelBuilder& attribute(const std::string& name, const Ints& values);
  ModelBuilder& attribute(const std::string& name, const std::vector<float>& values);
  ModelBuilder& attribute(const std::string& name, const Tensor& value);
  ModelBuilder& graphAttribute(const std::string& name);
  ModelBuilder& output(const std::string& name);

  std::string bytes() const;
  /// Imports the model as the file "m.onnx".
  Graph import(const OnnxOptions& options = {}) const;
  onnx::GraphProto& graph();

 private:
  std::unique_ptr<onnx::ModelProto> model_;
};

/// The serialised form of a tensor with raw data.
std::string tensorBytes(const Tensor& tensor);

/// An fp32 tensor of the given values; 0, 1, 2, ... without them.
Tensor floats(const Shape& shape, const std::vector<float>& values = {});

/// Evaluates a graph with one output on its inputs in order.
Tensor run(const Graph& graph, const std::vector<Tensor>& inputs);

/// All elements as doubles.
std::vector<double> elements(const Tensor& tensor);

/// The line of the Error that importing throws; fails the test when it throws none.
std::string importError(const ModelBuilder& builder, const OnnxOptions& options = {});

}  // namespace npusim::testing_onnx
