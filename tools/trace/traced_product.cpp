#include "tools/trace/traced_product.h"

#include <algorithm>

#include "sim/core/array_cost.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/core/rounding.h"
#include "sim/memory/element_io.h"

namespace npusim::tools {
namespace {

constexpr std::int64_t kLargest = 3;     ///< of the made values
constexpr std::int64_t kAlignment = 64;  ///< of tensors in a buffer

/// A whole number from -kLargest to kLargest.
std::int64_t smallNumber(std::uint64_t stream, std::int64_t element) {
  const std::uint64_t random = splitMix(splitMix(stream) ^ static_cast<std::uint64_t>(element));
  return static_cast<std::int64_t>(random % (2 * kLargest + 1)) - kLargest;
}

std::int32_t bufferOf(const std::vector<BufferConfig>& buffers, Holds kind) {
  const auto found =
      std::ranges::find_if(buffers, [&](const auto& b) { return b.holdsKind(kind); });
  ensure(found != buffers.end(), "a chip has a buffer for every kind of operand");
  return static_cast<std::int32_t>(found - buffers.begin());
}

void write(DataType type, std::int64_t value, std::byte* target) {
  const auto real = static_cast<float>(value);
  if (isFloat(type)) return writeFloats(type, &real, 1, target, byteSize(type));
  writeIntegers(type, &value, 1, target, byteSize(type));
}

}  // namespace

WindowProduct windowProduct(const ConvProblem& problem, const Shape& output) {
  WindowProduct p;
  p.images = problem.input[0];
  p.channels = problem.input[1] / problem.groups;
  p.inHeight = problem.input[2];
  p.inWidth = problem.input[3];
  p.outputs = problem.kernel[0] / problem.groups;
  p.outHeight = output[2];
  p.outWidth = output[3];
  p.kernelH = problem.kernel[1];
  p.kernelW = problem.kernel[2];
  p.stride = problem.stride;
  p.pad = problem.pad;
  p.dilation = problem.dilation;
  return p;
}

/// Tensors lie dense: inputs as N,H,W,C, weights as [kernel row][column][channel][output], sums as
/// [m][n]. Strides are in the order m0 m1 m2 n k0 k1 k2.
TracedProduct::TracedProduct(const WindowProduct& p, DataType format,
                             const std::vector<BufferConfig>& buffers) {
  const std::int64_t width = byteSize(format);
  const std::int64_t pixel = p.channels * width;
  const std::int64_t row = p.inWidth * pixel;
  const std::int64_t line = p.outputs * width;
  const std::int64_t sums = p.outputs * sumBytesOf(format);
  a_ = {p.inHeight * row,   p.stride * row, p.stride * pixel, 0, p.dilation * row,
        p.dilation * pixel, width};
  b_ = {0, 0, 0, width, p.kernelW * p.channels * line, p.channels * line, line};
  c_ = {p.outHeight * p.outWidth * sums, p.outWidth * sums, sums, sumBytesOf(format), 0, 0, 0};
  down_ = {0, p.stride, 0, 0, p.dilation, 0, 0};
  across_ = {0, 0, p.stride, 0, 0, p.dilation, 0};
  tile_.extents = {p.images, p.outHeight, p.outWidth, p.outputs, p.kernelH, p.kernelW, p.channels};
  inputs_.bytes = p.images * p.inHeight * row;
  weights_.bytes = tile_.k() * line;
  sums_.bytes = tile_.m() * sums;
  place(buffers);
  tile_.a = {inputs_.storage, inputs_.address - p.pad * (row + pixel), a_, {}, format};
  tile_.a.bounds = {{-p.pad, p.inHeight, down_}, {-p.pad, p.inWidth, across_}};
  tile_.b = {weights_.storage, weights_.address, b_, {}, format};
  const DataType sumType = sumTypeOf(format);
  tile_.c = {sums_.storage, sums_.address, c_, {}, sumType};
}

void TracedProduct::place(const std::vector<BufferConfig>& buffers) {
  inputs_.storage = bufferOf(buffers, Holds::Activations);
  weights_.storage = bufferOf(buffers, Holds::Weights);
  sums_.storage = bufferOf(buffers, Holds::Accumulators);
  std::vector<std::int64_t> used(buffers.size());
  for (Place* tensor : {&inputs_, &weights_, &sums_}) {
    std::int64_t& end = used[static_cast<std::size_t>(tensor->storage)];
    tensor->address = end;
    end += roundUp(tensor->bytes, kAlignment);
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    storages_.emplace_back(buffers[i].name, true, used[i], used[i]);
  }
}

void TracedProduct::fill(const Place& place, std::uint64_t stream) {
  const DataType type = tile_.a.type;
  const std::int64_t width = byteSize(type);
  Storage& storage = storages_[static_cast<std::size_t>(place.storage)];
  for (std::int64_t i = 0; i < place.bytes / width; ++i) {
    write(type, smallNumber(stream, i), storage.at(place.address + i * width, width));
  }
}

std::span<const std::byte> TracedProduct::sums() const {
  const Storage& storage = storages_[static_cast<std::size_t>(sums_.storage)];
  return {storage.at(sums_.address, sums_.bytes), static_cast<std::size_t>(sums_.bytes)};
}

void TracedProduct::fill(std::uint64_t seed) {
  fill(inputs_, 2 * seed);
  fill(weights_, 2 * seed + 1);
}

}  // namespace npusim::tools
