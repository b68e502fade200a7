#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/workloads/onnx/model_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::testing_onnx {

/// A model of one operator, whose operands are graph inputs or constants:
///
///   OneOperator("Trilu", 14).operand(x).constant(k).attribute("upper", 0).run().at(0)
class OneOperator {
 public:
  explicit OneOperator(std::string op, int opset = 17) : op_(std::move(op)), opset_(opset) {}

  OneOperator& operand(const Tensor& tensor, bool constant = false) {
    names_.push_back("in" + std::to_string(names_.size()));
    operands_.push_back({tensor, constant});
    return *this;
  }
  OneOperator& constant(const Tensor& tensor) { return operand(tensor, true); }
  OneOperator& absent() {
    names_.emplace_back();
    operands_.emplace_back();
    return *this;
  }
  template <typename T>
  OneOperator& attribute(const std::string& name, const T& value) {
    attributes_.push_back([=](ModelBuilder& model) { model.attribute(name, value); });
    return *this;
  }

  ModelBuilder model(std::size_t outputs = 1) const {
    ModelBuilder model(opset_);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto& [tensor, constant] = operands_[i];
      if (names_[i].empty()) continue;
      if (constant) model.constant(names_[i], tensor);
      std::vector<std::string> dimensions;
      for (const std::int64_t extent : tensor.shape()) {
        dimensions.push_back(std::to_string(extent));
      }
      if (!constant) model.input(names_[i], dimensions, tensor.type());
    }
    std::vector<std::string> results;
    for (std::size_t i = 0; i < outputs; ++i) results.push_back("out" + std::to_string(i));
    model.node(op_, names_, results);
    for (const auto& add : attributes_) add(model);
    for (const std::string& result : results) model.output(result);
    return model;
  }

  std::vector<Tensor> run(std::size_t outputs = 1) const {
    std::map<std::string, Tensor> given;
    for (std::size_t i = 0; i < names_.size(); ++i) given[names_[i]] = operands_[i].tensor;
    return evaluate(model(outputs).import(), given);
  }

 private:
  struct Operand {
    Tensor tensor;
    bool constant = false;
  };
  std::string op_;
  int opset_;
  std::vector<std::string> names_;
  std::vector<Operand> operands_;
  std::vector<std::function<void(ModelBuilder&)>> attributes_;
};

/// A tensor of `type` with the elements that `make` gives one after the other.
inline Tensor filled(DataType type, const Shape& shape, const std::function<double()>& make) {
  Tensor tensor(type, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, make());
  return tensor;
}

/// Calls visit(index) for every index of a shape, in row-major order.
inline void forEachIndex(const Shape& shape, const std::function<void(const Shape&)>& visit) {
  const Shape strides = rowMajorStrides(shape);
  for (std::int64_t i = 0; i < elementCount(shape); ++i) {
    Shape index;
    for (std::size_t d = 0; d < shape.size(); ++d) index.push_back(i / strides[d] % shape[d]);
    visit(index);
  }
}

/// Row-major number of an index.
inline std::int64_t numberOf(const Shape& index, const Shape& shape) {
  const Shape strides = rowMajorStrides(shape);
  std::int64_t number = 0;
  for (std::size_t d = 0; d < index.size(); ++d) number += index[d] * strides[d];
  return number;
}

}  // namespace npusim::testing_onnx
