#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/operator_work.h"

namespace npusim::works {

using Works = std::vector<OperatorWork>;

/// C[m x n] = A[m x k] B[k x n], `batch` times; B is a weight of one product, or an activation.
OperatorWork matmul(std::int64_t m, std::int64_t n, std::int64_t k);
OperatorWork activationMatmul(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k);

/// Element operations for each of `elements` values.
struct PerElement {
  std::int64_t simple = 0, divide = 0, transcendental = 0;
};
OperatorWork elementwise(const std::string& name, std::int64_t elements, PerElement cost,
                         std::int64_t operands = 1);
/// As the row-wise tables define them: max, subtract, exp, sum, divide.
OperatorWork softmax(std::int64_t elements);
OperatorWork layerNorm(std::int64_t elements);
OperatorWork gelu(std::int64_t elements);

/// Square images and kernels, NHWC or NCHW alike.
struct Convolution {
  std::int64_t batch, size, inputs, outputs, kernel = 1, stride = 1, groups = 1;
};
OperatorWork convolution(const Convolution& shape);

/// How a framework runs a network: normalisation, activation and addition as operators of their
/// own, or folded into the convolution before them.
enum class Style { Separate, Fused };

/// Depth 34, 50, 101 or 152; images of 224 x 224.
Works resnet(int depth, std::int64_t batch, Style style);
/// Depth 11, 13, 16 or 19; images of 224 x 224.
Works vgg(int depth, std::int64_t batch, Style style);
Works mobilenetV2(std::int64_t imageSize, double width, Style style);
Works alexnet();

/// Transformer encoder with merged elementwise steps: 12 operators a layer.
struct Encoder {
  std::int64_t layers, hidden, heads;
};
inline constexpr Encoder kBertBase = {12, 768, 12};
inline constexpr Encoder kBertLarge = {24, 1024, 16};
Works bert(const Encoder& encoder, std::int64_t sequence, std::int64_t batch);

}  // namespace npusim::works
