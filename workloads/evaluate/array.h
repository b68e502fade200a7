#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sim/core/tensor.h"
#include "workloads/graph/graph.h"

namespace npusim {

/// Row-major values in the arithmetic of an evaluation: float for reals, double where fp64 takes
/// part, int64 or uint64 for plain integers, int32 for the operands of quantised products. Owns its
/// values or views a tensor's.
template <typename T>
class Array {
 public:
  /// Zero-filled, with storage of its own.
  explicit Array(Shape shape)
      : shape_(std::move(shape)),
        owned_(static_cast<std::size_t>(elementCount(shape_))),
        values_(owned_) {}
  Array(Shape shape, std::span<const T> borrowed) : shape_(std::move(shape)), values_(borrowed) {}
  Array(Array&&) noexcept = default;
  Array& operator=(Array&&) noexcept = default;

  const Shape& shape() const { return shape_; }
  std::int64_t dim(std::size_t axis) const { return shape_.at(axis); }
  int rank() const { return static_cast<int>(shape_.size()); }
  std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  const T* data() const { return values_.data(); }
  std::span<const T> values() const { return values_; }

  /// Writable values; a view is copied into storage of its own first.
  T* own() {
    if (values_.data() != owned_.data()) {
      owned_.assign(values_.begin(), values_.end());
      values_ = owned_;
    }
    return owned_.data();
  }

  /// The same values under another shape of equal element count.
  Array reshaped(Shape shape) && {
    ensure(elementCount(shape) == size(), "evaluate: reshape changes the number of elements");
    shape_ = std::move(shape);
    return std::move(*this);
  }

 private:
  Shape shape_;
  std::vector<T> owned_;
  std::span<const T> values_;
};

/// A tensor's elements as plain numbers of T (fp16 and bf16 widen); a tensor of T itself is viewed.
template <typename T>
Array<T> loadPlain(const Tensor& tensor);

/// A tensor's real values: plain floats, or float(q - zeroPoint) * scale.
Array<float> loadReal(const Tensor& tensor, const std::optional<Quantization>& quantization);

/// A quantised tensor's integers minus its zero point; T is int32_t or int64_t.
template <std::integral T>
Array<T> loadCentered(const Tensor& tensor, const Quantization& quantization);

/// Reals to a value's type: quantised values take saturate(rne(real / scale) + zeroPoint), NaN the
/// zero point; floats round once to nearest even; plain integers truncate toward zero and saturate,
/// NaN gives 0; Bool is real != 0.
Tensor store(Array<float> reals, const Value& as);
Tensor store(Array<double> reals, const Value& as);

/// Integers to a value's plain integer type, modulo its width; Bool is integer != 0.
template <std::integral Integer>
Tensor store(Array<Integer> integers, const Value& as);

}  // namespace npusim
