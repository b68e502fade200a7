#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "workloads/evaluate/evaluate.h"
#include "workloads/graph/graph.h"

namespace npusim::testing_support {

/// Small random numbers for property tests; print `seed` when a test fails.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::int64_t integer(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool coin() { return integer(0, 1) == 1; }
  double real(double least, double most) {
    return std::uniform_real_distribution<double>(least, most)(engine_);
  }

  /// Floats in [-2, 2), integers in [least, most].
  Tensor tensor(DataType type, const Shape& shape, std::int64_t least = -100,
                std::int64_t most = 100) {
    Tensor made(type, shape);
    for (std::int64_t i = 0; i < made.size(); ++i) {
      made.set(i, isFloat(type) ? real(-2, 2) : static_cast<double>(integer(least, most)));
    }
    return made;
  }

 private:
  std::mt19937 engine_;
};

/// A graph of one node, built from tensors: evaluates it and returns its output.
class OneNode {
 public:
  /// Adds an operand; all operands are graph inputs.
  OneNode& input(Tensor tensor, std::optional<Quantization> quantization = std::nullopt) {
    Value value;
    value.name = "in" + std::to_string(graph_.values.size());
    value.type = tensor.type();
    value.shape = tensor.shape();
    value.quantization = std::move(quantization);
    tensors_[value.name] = std::move(tensor);
    inputs_.push_back(graph_.addValue(std::move(value)));
    graph_.inputs.push_back(inputs_.back());
    return *this;
  }
  OneNode& noInput() {
    inputs_.push_back(kNoValue);
    return *this;
  }
  OneNode& step(ElementStep step) {
    steps_.push_back(step);
    return *this;
  }
  /// The output's type; by default that of the first input.
  OneNode& output(DataType type, std::optional<Quantization> quantization = std::nullopt) {
    outputType_ = type;
    outputQuantization_ = std::move(quantization);
    return *this;
  }

  Tensor evaluate(Operation operation) {
    const ValueId out =
        graph_.addNode({"node", "Test", std::move(operation), inputs_, steps_, kNoValue});
    if (outputType_) graph_.value(out).type = *outputType_;
    graph_.value(out).quantization = outputQuantization_;
    graph_.outputs = {out};
    return npusim::evaluate(graph_, tensors_).at(0);
  }

 private:
  Graph graph_;
  std::map<std::string, Tensor> tensors_;
  std::vector<ValueId> inputs_;
  std::vector<ElementStep> steps_;
  std::optional<DataType> outputType_;
  std::optional<Quantization> outputQuantization_;
};

template <typename T>
std::vector<T> values(const Tensor& tensor) {
  const std::span<const T> elements = tensor.as<T>();
  return {elements.begin(), elements.end()};
}

template <typename T>
Tensor tensorOf(DataType type, const Shape& shape, const std::vector<T>& elements) {
  Tensor tensor(type, shape);
  for (std::size_t i = 0; i < elements.size(); ++i) tensor.as<T>()[i] = elements[i];
  return tensor;
}

inline Tensor floats(const Shape& shape, const std::vector<float>& elements) {
  return tensorOf(DataType::Float32, shape, elements);
}

}  // namespace npusim::testing_support
