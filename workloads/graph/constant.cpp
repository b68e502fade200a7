#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

/// Uniform in [-1, 1), 24 bits.
float uniform(std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t bits = splitMix(splitMix(seed) + index) >> 40;
  return static_cast<float>(bits) * 0x1p-23f - 1.0f;
}

/// Keeps the choice of zeros apart from the values.
constexpr std::uint64_t kZeroSeed = 0x7a65726f;

Tensor seeded(std::uint64_t seed, double zeroShare, DataType type, const Shape& shape) {
  Tensor tensor(DataType::Float32, shape);
  const std::int64_t outputs = shape.empty() ? 1 : std::max<std::int64_t>(1, shape.front());
  const auto fanIn = static_cast<double>(std::max<std::int64_t>(1, tensor.size() / outputs));
  const auto bound = static_cast<float>(std::sqrt(3.0 / fanIn));
  const std::span<float> elements = tensor.as<float>();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    elements[i] = isZero(seed ^ kZeroSeed, i, zeroShare) ? 0 : bound * uniform(seed, i);
  }
  return type == DataType::Float32 ? tensor : convert(tensor, type);
}

/// Sets one element and doubles the filled part until the tensor is full.
Tensor filled(double value, DataType type, const Shape& shape) {
  Tensor tensor(type, shape);
  if (tensor.size() == 0 || value == 0) return tensor;
  tensor.set(0, value);
  const std::span<std::byte> bytes = tensor.bytes();
  for (auto done = static_cast<std::size_t>(byteSize(type)); done < bytes.size(); done *= 2) {
    std::memcpy(bytes.data() + done, bytes.data(), std::min(done, bytes.size() - done));
  }
  return tensor;
}

}  // namespace

Tensor Constant::materialize(DataType type, const Shape& shape) const {
  if (splat) return filled(*splat, type, shape);
  if (seed) return seeded(*seed, zeroShare, type, shape);
  ensure(dense != nullptr, "a constant is dense, splat or seeded");
  ensure(elementCount(dense->shape()) == elementCount(shape), "constant of another size");
  Tensor tensor = dense->type() == type ? *dense : convert(*dense, type);
  return tensor.shape() == shape ? tensor : tensor.reshaped(shape);
}

}  // namespace npusim
