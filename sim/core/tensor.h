#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/core/data_type.h"
#include "sim/core/error.h"

namespace npusim {

using Shape = std::vector<std::int64_t>;

/// Number of elements; 1 for a scalar (empty shape). Throws BadInput on overflow of int64.
std::int64_t elementCount(const Shape& shape);

/// "1x3x224x224"; "scalar" for an empty shape.
std::string toString(const Shape& shape);

/// Row-major strides in elements.
Shape rowMajorStrides(const Shape& shape);

/// A dense tensor: row-major values of one type.
class Tensor {
 public:
  Tensor() = default;
  /// Zero-filled tensor.
  Tensor(DataType type, Shape shape);

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()) / byteSize(type_); }

  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// The elements as C++ type T; sizeof(T) must equal the element size.
  template <typename T>
  std::span<T> as() {
    ensure(sizeof(T) == static_cast<std::size_t>(byteSize(type_)), "tensor read as another width");
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <typename T>
  std::span<const T> as() const {
    ensure(sizeof(T) == static_cast<std::size_t>(byteSize(type_)), "tensor read as another width");
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

  /// Element i converted to double (exact for all types but large 64-bit integers).
  double at(std::int64_t i) const;
  /// Stores `value` as element i: floats round to nearest even; integers truncate toward zero.
  void set(std::int64_t i, double value);

  /// Same bytes under another shape of equal element count.
  Tensor reshaped(Shape shape) const;

 private:
  DataType type_ = DataType::Float32;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

/// A one-dimensional int64 tensor.
Tensor int64Tensor(const std::vector<std::int64_t>& values);
/// A scalar fp32 tensor.
Tensor scalarTensor(float value);
/// Elementwise conversion: floats round to nearest even, float to integer truncates (ONNX Cast).
Tensor convert(const Tensor& tensor, DataType to);

}  // namespace npusim
