#include "workloads/evaluate/array.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <type_traits>

#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

/// Storage types that are not C++ arithmetic types of their own.
struct Half {
  std::uint16_t bits;
};
struct Brain {
  std::uint16_t bits;
};
struct Truth {
  std::uint8_t bits;
};

/// Calls visit(std::type_identity<Element>{}) with the storage type of `type`.
template <typename Visit>
void visitType(DataType type, Visit visit) {
  switch (type) {
    case DataType::Float32:
      return visit(std::type_identity<float>{});
    case DataType::Float16:
      return visit(std::type_identity<Half>{});
    case DataType::BFloat16:
      return visit(std::type_identity<Brain>{});
    case DataType::Float64:
      return visit(std::type_identity<double>{});
    case DataType::Int8:
      return visit(std::type_identity<std::int8_t>{});
    case DataType::UInt8:
      return visit(std::type_identity<std::uint8_t>{});
    case DataType::Int16:
      return visit(std::type_identity<std::int16_t>{});
    case DataType::UInt16:
      return visit(std::type_identity<std::uint16_t>{});
    case DataType::Int32:
      return visit(std::type_identity<std::int32_t>{});
    case DataType::UInt32:
      return visit(std::type_identity<std::uint32_t>{});
    case DataType::Int64:
      return visit(std::type_identity<std::int64_t>{});
    case DataType::UInt64:
      return visit(std::type_identity<std::uint64_t>{});
    case DataType::Bool:
      return visit(std::type_identity<Truth>{});
  }
  throw InternalError("evaluate: unknown data type");
}

template <typename T, typename Element>
T fromElement(Element element) {
  if constexpr (std::is_same_v<Element, Half>) {
    return static_cast<T>(halfToFloat(element.bits));
  } else if constexpr (std::is_same_v<Element, Brain>) {
    return static_cast<T>(bfloat16ToFloat(element.bits));
  } else if constexpr (std::is_same_v<Element, Truth>) {
    return static_cast<T>(element.bits != 0);
  } else {
    return static_cast<T>(element);
  }
}

/// Truncates toward zero into the range of Integer.
template <typename Integer, std::floating_point Real>
Integer saturateTo(Real real) {
  using Limits = std::numeric_limits<Integer>;
  if (std::isnan(real)) return 0;
  if (real <= static_cast<Real>(Limits::min())) return Limits::min();
  if (real >= static_cast<Real>(Limits::max())) return Limits::max();
  return static_cast<Integer>(real);
}

template <typename Element, typename T>
Element toElement(T number) {
  if constexpr (std::is_same_v<Element, Truth>) {
    return {static_cast<std::uint8_t>(number != 0)};
  } else if constexpr (std::is_same_v<Element, Half>) {
    return {floatToHalf(static_cast<float>(number))};
  } else if constexpr (std::is_same_v<Element, Brain>) {
    return {floatToBfloat16(static_cast<float>(number))};
  } else if constexpr (std::is_integral_v<Element> && std::is_floating_point_v<T>) {
    return saturateTo<Element>(number);
  } else {
    return static_cast<Element>(number);
  }
}

template <typename T>
Tensor storePlain(const Array<T>& numbers, DataType type) {
  Tensor tensor(type, numbers.shape());
  visitType(type, [&]<typename Element>(std::type_identity<Element>) {
    const std::span<Element> elements = tensor.as<Element>();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      elements[i] = toElement<Element>(numbers.data()[i]);
    }
  });
  return tensor;
}

/// Calls row(first, count, scale) for each run of elements that share a scale.
template <typename Row>
void forEachScale(const Quantization& quantization, const Shape& shape, Row row) {
  const std::int64_t size = elementCount(shape);
  ensure(!quantization.scales.empty(), "evaluate: quantization without a scale");
  if (quantization.scales.size() == 1) return row(0, size, quantization.scales.front());
  const auto axis = static_cast<std::size_t>(quantization.axis);
  const auto channels = static_cast<std::int64_t>(quantization.scales.size());
  ensure(axis < shape.size() && shape[axis] == channels,
         "evaluate: per-channel scales do not match the value's shape");
  const std::int64_t run = rowMajorStrides(shape)[axis];
  for (std::int64_t first = 0; first < size; first += run) {
    row(first, run, quantization.scales[static_cast<std::size_t>(first / run % channels)]);
  }
}

template <typename Element>
void quantizeRun(const float* reals, std::int64_t count, float scale, std::int32_t zeroPoint,
                 Element* out) {
  constexpr auto least = static_cast<double>(std::numeric_limits<Element>::min());
  constexpr auto most = static_cast<double>(std::numeric_limits<Element>::max());
  for (std::int64_t i = 0; i < count; ++i) {
    const float steps = std::nearbyint(reals[i] / scale);
    const double level = std::isnan(steps) ? zeroPoint : static_cast<double>(steps) + zeroPoint;
    out[i] = static_cast<Element>(std::clamp(level, least, most));
  }
}

Tensor quantizeArray(const Array<float>& reals, DataType type, const Quantization& quantization) {
  Tensor tensor(type, reals.shape());
  visitType(type, [&]<typename Element>(std::type_identity<Element>) {
    if constexpr (std::is_integral_v<Element> && sizeof(Element) <= 4) {
      const std::span<Element> elements = tensor.as<Element>();
      forEachScale(quantization, reals.shape(),
                   [&](std::int64_t first, std::int64_t count, float scale) {
                     quantizeRun(reals.data() + first, count, scale, quantization.zeroPoint,
                                 elements.data() + first);
                   });
    } else {
      throw InternalError("evaluate: quantised values have integers of at most 32 bits");
    }
  });
  return tensor;
}

}  // namespace

template <typename T>
Array<T> loadPlain(const Tensor& tensor) {
  std::optional<Array<T>> loaded;
  visitType(tensor.type(), [&]<typename Element>(std::type_identity<Element>) {
    const std::span<const Element> elements = tensor.as<Element>();
    if constexpr (std::is_same_v<Element, T>) {
      loaded.emplace(tensor.shape(), elements);
    } else {
      T* values = loaded.emplace(tensor.shape()).own();
      for (std::size_t i = 0; i < elements.size(); ++i) values[i] = fromElement<T>(elements[i]);
    }
  });
  return std::move(*loaded);
}

template Array<float> loadPlain(const Tensor&);
template Array<std::int32_t> loadPlain(const Tensor&);
template Array<std::int64_t> loadPlain(const Tensor&);
template Array<std::uint64_t> loadPlain(const Tensor&);
template Array<double> loadPlain(const Tensor&);

template <std::integral T>
Array<T> loadCentered(const Tensor& tensor, const Quantization& quantization) {
  Array<T> integers = loadPlain<T>(tensor);
  if (quantization.zeroPoint == 0) return integers;
  T* values = integers.own();
  for (std::int64_t i = 0; i < integers.size(); ++i) values[i] -= quantization.zeroPoint;
  return integers;
}

template Array<std::int32_t> loadCentered(const Tensor&, const Quantization&);
template Array<std::int64_t> loadCentered(const Tensor&, const Quantization&);

Array<float> loadReal(const Tensor& tensor, const std::optional<Quantization>& quantization) {
  if (!quantization) return loadPlain<float>(tensor);
  const Array<std::int32_t> centered = loadCentered<std::int32_t>(tensor, *quantization);
  Array<float> reals(tensor.shape());
  float* values = reals.own();
  forEachScale(*quantization, tensor.shape(),
               [&](std::int64_t first, std::int64_t count, float scale) {
                 for (std::int64_t i = first; i < first + count; ++i) {
                   values[i] = static_cast<float>(centered.data()[i]) * scale;
                 }
               });
  return reals;
}

Tensor store(Array<float> reals, const Value& as) {
  return as.quantization ? quantizeArray(reals, as.type, *as.quantization)
                         : storePlain(reals, as.type);
}

Tensor store(Array<double> reals, const Value& as) {
  ensure(!as.quantization, "evaluate: fp64 is not quantised");
  return storePlain(reals, as.type);
}

template <std::integral Integer>
Tensor store(Array<Integer> integers, const Value& as) {
  ensure(!as.quantization && !isFloat(as.type), "evaluate: integers stored as another kind");
  return storePlain(integers, as.type);
}

template Tensor store(Array<std::int32_t>, const Value&);
template Tensor store(Array<std::int64_t>, const Value&);
template Tensor store(Array<std::uint64_t>, const Value&);

Tensor quantize(const Tensor& real, DataType type, const Quantization& quantization) {
  return quantizeArray(loadPlain<float>(real), type, quantization);
}

Tensor dequantize(const Tensor& integers, const Quantization& quantization) {
  return storePlain(loadReal(integers, quantization), DataType::Float32);
}

}  // namespace npusim
