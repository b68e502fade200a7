#include "sim/core/tensor.h"

#include <cmath>
#include <cstring>

namespace npusim {
namespace {

template <typename T>
double load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<double>(value);
}

template <typename T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace

std::int64_t elementCount(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) {
      throw BadInput("shape " + toString(shape) + " has no sensible number of elements");
    }
  }
  return count;
}

std::string toString(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t extent : shape) {
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  }
  return text;
}

Shape rowMajorStrides(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Tensor::Tensor(DataType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  bytes_.resize(static_cast<std::size_t>(elementCount(shape_) * byteSize(type)));
}

double Tensor::at(std::int64_t i) const {
  const std::byte* from = bytes_.data() + i * byteSize(type_);
  switch (type_) {
    case DataType::Float32:
      return load<float>(from);
    case DataType::Float64:
      return load<double>(from);
    case DataType::Float16:
      return halfToFloat(static_cast<std::uint16_t>(load<std::uint16_t>(from)));
    case DataType::BFloat16:
      return bfloat16ToFloat(static_cast<std::uint16_t>(load<std::uint16_t>(from)));
    case DataType::Int8:
      return load<std::int8_t>(from);
    case DataType::UInt8:
      return load<std::uint8_t>(from);
    case DataType::Int16:
      return load<std::int16_t>(from);
    case DataType::UInt16:
      return load<std::uint16_t>(from);
    case DataType::Int32:
      return load<std::int32_t>(from);
    case DataType::UInt32:
      return load<std::uint32_t>(from);
    case DataType::Int64:
      return load<std::int64_t>(from);
    case DataType::UInt64:
      return load<std::uint64_t>(from);
    case DataType::Bool:
      return load<std::uint8_t>(from) != 0 ? 1 : 0;
  }
  throw InternalError("unknown data type");
}

void Tensor::set(std::int64_t i, double value) {
  std::byte* to = bytes_.data() + i * byteSize(type_);
  const auto real = static_cast<float>(value);
  switch (type_) {
    case DataType::Float32:
      return store(to, real);
    case DataType::Float64:
      return store(to, value);
    case DataType::Float16:
      return store(to, floatToHalf(real));
    case DataType::BFloat16:
      return store(to, floatToBfloat16(real));
    case DataType::Bool:
      return store<std::uint8_t>(to, value != 0 ? 1 : 0);
    default:
      break;
  }
  // Integers keep the low bits of the truncated value, as a C cast from int64 does.
  const bool huge = !(std::abs(value) < 0x1p63);
  const std::int64_t whole =
      huge ? (value > 0 ? INT64_MAX : INT64_MIN) : static_cast<std::int64_t>(value);
  std::memcpy(to, &whole, static_cast<std::size_t>(byteSize(type_)));
}

Tensor Tensor::reshaped(Shape shape) const {
  ensure(elementCount(shape) == size(), "reshape changes the number of elements");
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

Tensor int64Tensor(const std::vector<std::int64_t>& values) {
  Tensor tensor(DataType::Int64, {static_cast<std::int64_t>(values.size())});
  const auto to = tensor.as<std::int64_t>();
  std::copy(values.begin(), values.end(), to.begin());
  return tensor;
}

Tensor scalarTensor(float value) {
  Tensor tensor(DataType::Float32, {});
  tensor.as<float>()[0] = value;
  return tensor;
}

Tensor convert(const Tensor& tensor, DataType to) {
  if (tensor.type() == to) return tensor;
  Tensor result(to, tensor.shape());
  for (std::int64_t i = 0; i < tensor.size(); ++i) result.set(i, tensor.at(i));
  return result;
}

}  // namespace npusim
