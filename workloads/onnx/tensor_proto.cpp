#include "workloads/onnx/tensor_proto.h"

#include <onnx/onnx_pb.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "sim/core/rounding.h"
#include "workloads/onnx/model.h"

namespace npusim::onnx_import {
namespace {

namespace fs = std::filesystem;

Shape readShape(const onnx::TensorProto& message) {
  Shape shape;
  for (const std::int64_t extent : message.dims()) {
    if (extent < 0) throw BadInput("has a negative dimension " + std::to_string(extent));
    shape.push_back(extent);
  }
  if (elementCount(shape) > kMaxElements) {
    throw BadInput("shape " + toString(shape) + " has more than 2^40 elements");
  }
  return shape;
}

void requireCount(std::int64_t has, std::int64_t needs, const char* unit) {
  if (has == needs) return;
  throw BadInput("holds " + std::to_string(has) + " " + unit + ", its shape needs " +
                 std::to_string(needs));
}

/// Copies a repeated field whose elements are at least as wide as those of the tensor: ONNX packs
/// narrow integers, booleans and 16-bit floats into int32_data, and unsigned ones into uint64_data.
template <typename To, typename Field>
void copyField(const Field& field, Tensor& tensor) {
  const auto to = tensor.as<To>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<To>(field.Get(static_cast<int>(i)));
  }
}

template <typename To, typename Field>
Tensor typed(const Field& field, DataType type, const Shape& shape) {
  requireCount(field.size(), elementCount(shape), "values");
  Tensor tensor(type, shape);
  copyField<To>(field, tensor);
  return tensor;
}

Tensor typedTensor(const onnx::TensorProto& m, DataType type, const Shape& shape) {
  switch (type) {
    case DataType::Float32:
      return typed<float>(m.float_data(), type, shape);
    case DataType::Float64:
      return typed<double>(m.double_data(), type, shape);
    case DataType::Int64:
      return typed<std::int64_t>(m.int64_data(), type, shape);
    case DataType::UInt64:
      return typed<std::uint64_t>(m.uint64_data(), type, shape);
    case DataType::UInt32:
      return typed<std::uint32_t>(m.uint64_data(), type, shape);
    case DataType::Int32:
      return typed<std::int32_t>(m.int32_data(), type, shape);
    case DataType::Float16:
    case DataType::BFloat16:
    case DataType::Int16:
    case DataType::UInt16:
      return typed<std::uint16_t>(m.int32_data(), type, shape);
    case DataType::Int8:
    case DataType::UInt8:
    case DataType::Bool:
      return typed<std::uint8_t>(m.int32_data(), type, shape);
  }
  throw InternalError("unknown data type");
}

Tensor rawTensor(onnx::TensorProto& message, DataType type, const Shape& shape) {
  const std::unique_ptr<std::string> raw(message.release_raw_data());
  requireCount(static_cast<std::int64_t>(raw->size()), elementCount(shape) * byteSize(type),
               "bytes");
  Tensor tensor(type, shape);
  if (!raw->empty()) std::memcpy(tensor.bytes().data(), raw->data(), raw->size());
  return tensor;
}

struct ExternalPlace {
  std::string location;
  std::int64_t offset = 0;
  std::optional<std::int64_t> length;
};

std::int64_t parseSize(const std::string& key, const std::string& text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    throw BadInput("external data has " + key + " '" + text + "', expected a number of bytes");
  }
  return value;
}

ExternalPlace externalPlace(const onnx::TensorProto& message) {
  ExternalPlace place;
  for (const auto& entry : message.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") place.offset = parseSize("offset", entry.value());
    if (entry.key() == "length") place.length = parseSize("length", entry.value());
  }
  if (place.location.empty()) throw BadInput("external data names no file (location)");
  return place;
}

/// The file's true path, which must lie in the model's folder even after symbolic links.
fs::path resolveInside(const std::string& folder, const std::string& location) {
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  fs::path file = fs::canonical(root / location, error);
  if (error || !fs::is_regular_file(file)) {
    throw BadInput("external data file '" + location + "' is not beside the model");
  }
  const fs::path relative = file.lexically_relative(root);
  if (fs::path(location).is_absolute() || relative.empty() || *relative.begin() == "..") {
    throw BadInput("external data file '" + location + "' lies outside the model's folder");
  }
  return file;
}

Tensor externalTensor(const onnx::TensorProto& message, const TensorSource& source, DataType type,
                      const Shape& shape) {
  const ExternalPlace place = externalPlace(message);
  if (!source.folder) throw BadInput("external data needs a model file with a folder");
  const fs::path file = resolveInside(*source.folder, place.location);
  const auto available = static_cast<std::int64_t>(fs::file_size(file));
  const std::int64_t needed = elementCount(shape) * byteSize(type);
  if (place.length) requireCount(*place.length, needed, "bytes of external data");
  if (place.offset > available || needed > available - place.offset) {
    throw BadInput("external data needs bytes " + std::to_string(place.offset) + " to " +
                   std::to_string(place.offset) + "+" + std::to_string(needed) + " of '" +
                   place.location + "', which has " + std::to_string(available));
  }
  Tensor tensor(type, shape);
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(place.offset);
  stream.read(reinterpret_cast<char*>(tensor.bytes().data()), needed);
  if (!stream) throw BadInput("cannot read external data file '" + place.location + "'");
  return tensor;
}

Tensor readTensor(onnx::TensorProto& message, const TensorSource& source, DataType type,
                  const Shape& shape) {
  if (message.has_segment()) throw NotPossible("a tensor split into segments is not supported");
  if (message.data_location() == onnx::TensorProto::EXTERNAL) {
    return externalTensor(message, source, type, shape);
  }
  if (message.has_raw_data()) return rawTensor(message, type, shape);
  return typedTensor(message, type, shape);
}

/// ONNX's integers of 4 bits (onnx.proto from IR version 10 on; the library may not name them): two
/// to a byte, the first in the low bits.
constexpr int kUInt4 = 21, kInt4 = 22;
constexpr std::int64_t kPerByte = 2;

/// Such integers in a byte each, as `type`.
Tensor unpacked(const Tensor& packed, DataType type, const Shape& shape) {
  Tensor tensor(type, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const auto both = static_cast<int>(packed.at(i / kPerByte));
    const int code = i % kPerByte == 0 ? both & 0xF : both >> 4;
    tensor.set(i, type == DataType::Int8 && code >= 8 ? code - 16 : code);
  }
  return tensor;
}

}  // namespace

DataType toDataType(int onnxType) {
  using T = onnx::TensorProto;
  switch (onnxType) {
    case T::FLOAT:
      return DataType::Float32;
    case T::FLOAT16:
      return DataType::Float16;
    case T::BFLOAT16:
      return DataType::BFloat16;
    case T::DOUBLE:
      return DataType::Float64;
    case T::INT8:
      return DataType::Int8;
    case T::UINT8:
      return DataType::UInt8;
    case T::INT16:
      return DataType::Int16;
    case T::UINT16:
      return DataType::UInt16;
    case T::INT32:
      return DataType::Int32;
    case T::UINT32:
      return DataType::UInt32;
    case T::INT64:
      return DataType::Int64;
    case T::UINT64:
      return DataType::UInt64;
    case T::BOOL:
      return DataType::Bool;
    case T::STRING:
      throw NotPossible("string tensors are not supported, only numbers and booleans");
    case T::COMPLEX64:
    case T::COMPLEX128:
      throw NotPossible("complex tensors are not supported, only real numbers and booleans");
    default:
      throw BadInput("element type " + std::to_string(onnxType) + " is none of ONNX's");
  }
}

Tensor takeTensor(onnx::TensorProto& message, const TensorSource& source) {
  const Shape shape = readShape(message);
  if (message.data_type() != kUInt4 && message.data_type() != kInt4) {
    return readTensor(message, source, toDataType(message.data_type()), shape);
  }
  const Shape bytes{ceilDiv(elementCount(shape), kPerByte)};
  return unpacked(readTensor(message, source, DataType::UInt8, bytes),
                  message.data_type() == kInt4 ? DataType::Int8 : DataType::UInt8, shape);
}

}  // namespace npusim::onnx_import
