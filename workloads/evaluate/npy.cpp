#include "workloads/evaluate/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

namespace npusim {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
/// The header ends on a multiple of this, so that the data can be mapped.
constexpr std::size_t kAlignment = 64;

struct TypeCode {
  DataType type;
  std::string_view code;  ///< NumPy's, little endian
};

constexpr TypeCode kCodes[] = {
    {DataType::Float32, "<f4"}, {DataType::Float16, "<f2"}, {DataType::Float64, "<f8"},
    {DataType::Int8, "|i1"},    {DataType::UInt8, "|u1"},   {DataType::Int16, "<i2"},
    {DataType::UInt16, "<u2"},  {DataType::Int32, "<i4"},   {DataType::UInt32, "<u4"},
    {DataType::Int64, "<i8"},   {DataType::UInt64, "<u8"},  {DataType::Bool, "|b1"},
};

[[noreturn]] void fail(const std::string& file, const std::string& line) {
  throw BadInput(SourceLocation{file, 0, 0}, line);
}

/// The text that follows `'key':` in the header's Python dictionary.
std::string_view entry(const std::string& file, std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  const std::size_t at = header.find(quoted);
  const std::size_t colon = at == header.npos ? at : header.find(':', at + quoted.size());
  const std::size_t value = colon == header.npos ? colon : header.find_first_not_of(' ', colon + 1);
  if (value == header.npos) fail(file, "damaged .npy header: no entry " + quoted);
  return header.substr(value);
}

DataType readType(const std::string& file, std::string_view header) {
  const std::string_view text = entry(file, header, "descr");
  const std::size_t end = text.find('\'', 1);
  if (!text.starts_with('\'') || end == text.npos) {
    fail(file, "holds records; write a plain array of numbers");
  }
  const std::string_view code = text.substr(1, end - 1);
  for (const TypeCode& known : kCodes) {
    if (code == known.code) return known.type;
  }
  fail(file, "element type '" + std::string(code) +
                 "' is not supported; write little-endian numbers of 8 to 64 bits or bool");
}

Shape readShape(const std::string& file, std::string_view header) {
  std::string_view text = entry(file, header, "shape");
  const std::size_t end = text.find(')');
  if (!text.starts_with('(') || end == text.npos) fail(file, "damaged .npy header: bad shape");
  text = text.substr(1, end - 1);
  Shape shape;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) return shape;
    std::int64_t extent = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0) fail(file, "damaged .npy header: bad shape");
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
}

/// Bytes of a tensor, or -1 when no machine could hold them.
std::int64_t dataBytes(DataType type, const Shape& shape) {
  std::int64_t bytes = byteSize(type);
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return -1;
  }
  return bytes;
}

/// The header's text; leaves the stream at the data.
std::string readHeader(const std::string& file, std::istream& stream) {
  std::array<unsigned char, 12> start{};
  stream.read(reinterpret_cast<char*>(start.data()), 8);
  if (!stream || std::memcmp(start.data(), kMagic.data(), kMagic.size()) != 0) {
    fail(file, "not a .npy file");
  }
  const int version = start[6];
  if (version < 1 || version > 3) {
    fail(file, "version " + std::to_string(version) + " of .npy is unknown; write 1 to 3");
  }
  const int width = version == 1 ? 2 : 4;
  stream.read(reinterpret_cast<char*>(start.data()) + 8, width);
  std::size_t length = 0;
  for (int i = width; i-- > 0;) length = length << 8 | start[8 + static_cast<std::size_t>(i)];
  if (!stream || length > 1 << 20) fail(file, "damaged .npy header: bad length");
  std::string header(length, ' ');
  stream.read(header.data(), static_cast<std::streamsize>(length));
  if (!stream) fail(file, "ends within its header");
  return header;
}

std::string makeHeader(std::string_view code, const Shape& shape) {
  std::string text = "{'descr': '" + std::string(code) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t extent : shape) text += std::to_string(extent) + ", ";
  if (shape.size() > 1) text.resize(text.size() - 2);
  if (shape.size() == 1) text.pop_back();
  text += "), }";
  const std::size_t fixed = kMagic.size() + 4;
  text.resize((fixed + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - fixed, ' ');
  text.back() = '\n';
  std::string header(kMagic);
  header += {'\1', '\0', static_cast<char>(text.size() & 0xff),
             static_cast<char>(text.size() >> 8 & 0xff)};
  return header + text;
}

}  // namespace

Tensor readNpy(const std::string& file) {
  std::error_code error;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || !std::filesystem::is_regular_file(file, error)) fail(file, "cannot open the file");
  const std::string header = readHeader(file, stream);
  const DataType type = readType(file, header);
  if (!entry(file, header, "fortran_order").starts_with("False")) {
    fail(file, "is in Fortran order; save numpy.ascontiguousarray(array)");
  }
  const Shape shape = readShape(file, header);
  const auto held = static_cast<std::int64_t>(std::filesystem::file_size(file)) - stream.tellg();
  if (dataBytes(type, shape) != held) {
    fail(file, "holds " + std::to_string(held) + " bytes of data, its shape " + toString(shape) +
                   " of " + std::string(name(type)) + " needs another number");
  }
  Tensor tensor(type, shape);
  stream.read(reinterpret_cast<char*>(tensor.bytes().data()), held);
  if (!stream) fail(file, "cannot read the data");
  return tensor;
}

void writeNpy(const std::string& file, const Tensor& tensor) {
  const auto* code = std::find_if(std::begin(kCodes), std::end(kCodes), [&](const TypeCode& known) {
    return known.type == tensor.type();
  });
  if (code == std::end(kCodes)) {
    fail(file, ".npy has no " + std::string(name(tensor.type())) + "; convert to fp32 first");
  }
  const std::string partial = file + ".partial";
  std::error_code error;
  std::ofstream stream(partial, std::ios::binary | std::ios::trunc);
  const std::string header = makeHeader(code->code, tensor.shape());
  stream.write(header.data(), static_cast<std::streamsize>(header.size()));
  stream.write(reinterpret_cast<const char*>(tensor.bytes().data()),
               static_cast<std::streamsize>(tensor.bytes().size()));
  stream.close();
  if (stream) std::filesystem::rename(partial, file, error);
  if (stream && !error) return;
  std::filesystem::remove(partial, error);
  fail(file, "cannot write the file: no such folder, no permission or no space");
}

}  // namespace npusim
