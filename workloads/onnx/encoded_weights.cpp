#include "workloads/onnx/encoded_weights.h"

#include <algorithm>
#include <memory>
#include <string>

#include "sim/core/rounding.h"

namespace npusim::onnx_import {
namespace {

/// Which of a DequantizeLinear's parameters belongs to each code.
class Places {
 public:
  Places(const Shape& shape, const Shape& parameters, std::size_t axis, std::int64_t blockSize)
      : stride_(rowMajorStrides(shape)[axis]), extent_(shape[axis]) {
    const std::int64_t count = elementCount(parameters);
    if (blockSize > 0) {
      Shape wanted = shape;
      blocks_ = wanted[axis] = ceilDiv(extent_, blockSize);
      if (parameters != wanted) throw BadInput(mistake("block of block_size"));
      each_ = blockSize;
      return;
    }
    blocks_ = count;
    each_ = count == 1 ? extent_ : 1;
    whole_ = true;
    if (count != 1 && parameters != Shape{extent_}) throw BadInput(mistake("index"));
  }

  std::size_t of(std::int64_t i) const {
    const std::int64_t block = i / stride_ % extent_ / each_;
    if (whole_) return static_cast<std::size_t>(block);
    const std::int64_t outer = i / (stride_ * extent_), inner = i % stride_;
    return static_cast<std::size_t>((outer * blocks_ + block) * stride_ + inner);
  }

 private:
  static std::string mistake(const char* each) {
    return std::string("its scales must be one, or one for each ") + each + " along axis";
  }

  std::int64_t stride_, extent_, blocks_ = 1, each_ = 1;
  bool whole_ = false;  ///< parameters do not differ but along the axis
};

bool fitFourBits(const Tensor& codes, std::int64_t low) {
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    if (codes.at(i) < static_cast<double>(low) || codes.at(i) > static_cast<double>(low + 15)) {
      return false;
    }
  }
  return true;
}

Constant decoded(const Tensor& codes, const Tensor& scale, const Tensor& zero,
                 const Places& places) {
  const bool isUnsigned = codes.type() == DataType::UInt8;
  const std::int64_t low = isUnsigned ? 0 : -8;
  const bool four = fitFourBits(codes, low) && fitFourBits(zero, low);
  const double middle = !isUnsigned ? 0 : four ? 8 : 128;
  Tensor values(DataType::Float32, codes.shape()), zeros(DataType::Int32, codes.shape());
  auto scales = std::make_shared<Tensor>(DataType::Float32, codes.shape());
  bool shifted = false;
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const auto own = static_cast<std::int64_t>(places.of(i));
    const double from = zero.at(zero.size() == 1 ? 0 : own);
    const auto factor = static_cast<float>(scale.at(own));
    values.set(i, static_cast<float>(codes.at(i) - from) * factor);
    scales->set(i, factor);
    zeros.set(i, from - middle);
    shifted |= from != middle;
  }
  Constant result;
  result.dense = std::make_shared<const Tensor>(std::move(values));
  result.scales = std::move(scales);
  if (shifted) result.zeros = std::make_shared<const Tensor>(std::move(zeros));
  const WeightFormat format = four ? WeightFormat::Int4 : WeightFormat::Int8;
  result.form = WeightForm{format, four ? 4 : 8, 0, shifted, 1};
  return result;
}

}  // namespace

std::optional<Constant> encodedWeights(NodeContext& c, std::size_t axis, std::int64_t blockSize) {
  if (blockSize < 0) throw BadInput("its block_size must be 0 or more");
  const ValueId x = c.input(0), scale = c.input(1), zero = c.optionalInput(2);
  const bool codes = c.type(x) == DataType::Int8 || c.type(x) == DataType::UInt8;
  const bool constants =
      c.isConstant(x) && c.isConstant(scale) && (zero == kNoValue || c.isConstant(zero));
  if (!codes || !constants || c.shape(x).size() < 2 || c.type(scale) != DataType::Float32 ||
      elementCount(c.shape(x)) == 0 || (zero != kNoValue && c.type(zero) != c.type(x))) {
    return std::nullopt;
  }
  if (zero != kNoValue && c.shape(zero) != c.shape(scale)) return std::nullopt;
  const Places places(c.shape(x), c.shape(scale), axis, blockSize);
  const Tensor zeros =
      zero == kNoValue ? Tensor(c.type(x), {1}) : c.constantValue(zero, "the zero point");
  return decoded(c.constantValue(x, "the codes"), c.constantValue(scale, "the scale"), zeros,
                 places);
}

}  // namespace npusim::onnx_import
