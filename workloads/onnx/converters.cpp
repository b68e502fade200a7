#include "workloads/onnx/converters.h"

#include <algorithm>
#include <array>

namespace npusim::onnx_import {
namespace {

constexpr std::int64_t kMaxIndexList = std::int64_t{1} << 22;
constexpr std::int64_t kMaxComputedElements = std::int64_t{1} << 24;
constexpr std::int64_t kMaxParts = 4096;

using Family = std::span<const Converter> (*)();
constexpr std::array<Family, 17> kFamilies = {
    convolutionConverters,   transposedConverters,  quantizedConverters, einsumConverters,
    orderConverters,         scatterConverters,     matrixConverters,    recurrentConverters,
    normalizationConverters, elementwiseConverters, logicConverters,     reductionConverters,
    shapeConverters,         indexConverters,       resizeConverters,    controlConverters,
    constantConverters};

}  // namespace

const Converter* findConverter(std::string_view op) {
  for (const Family family : kFamilies) {
    for (const Converter& converter : family()) {
      if (converter.op == op) return &converter;
    }
  }
  return nullptr;
}

std::vector<std::string_view> operatorNames() {
  std::vector<std::string_view> names;
  for (const Family family : kFamilies) {
    for (const Converter& converter : family()) names.push_back(converter.op);
  }
  std::sort(names.begin(), names.end());
  return names;
}

ValueId scalarLike(NodeContext& context, ValueId x, double value) {
  return context.splat("scalar", context.type(x), {}, value);
}

ValueId emitCast(NodeContext& context, ValueId x, DataType type) {
  return type == context.type(x) ? x : context.emit(Elementwise{}, {x}, {}, type);
}

ValueId expandTo(NodeContext& context, ValueId x, const Shape& target) {
  Shape from = context.shape(x);
  if (broadcast(from, target) != target) {
    throw BadInput("cannot expand " + toString(from) + " to " + toString(target));
  }
  from.insert(from.begin(), target.size() - from.size(), 1);
  std::vector<std::vector<std::int64_t>> source(target.size());
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (from[d] == target[d]) continue;
    requireIndexList(target[d]);
    source[d].assign(static_cast<std::size_t>(target[d]), 0);
  }
  return remap(context, reshapeTo(context, x, from), std::move(source));
}

ValueId reshapeTo(NodeContext& context, ValueId x, const Shape& shape) {
  return context.shape(x) == shape ? x : context.emit(Reshape{shape}, {x});
}

ValueId remap(NodeContext& context, ValueId x, std::vector<std::vector<std::int64_t>> source,
              float fill) {
  bool keeps = true;
  for (std::size_t d = 0; d < source.size(); ++d) {
    bool identity = static_cast<std::int64_t>(source[d].size()) == context.shape(x).at(d);
    for (std::size_t i = 0; identity && i < source[d].size(); ++i) {
      identity = source[d][i] == static_cast<std::int64_t>(i);
    }
    if (identity) source[d].clear();
    keeps = keeps && source[d].empty();
  }
  return keeps ? x : context.emit(Remap{std::move(source), fill}, {x});
}

void requireComputed(const Shape& shape) {
  if (elementCount(shape) <= kMaxComputedElements) return;
  throw NotPossible("needs constants of shape " + toString(shape) + ", at most " +
                    std::to_string(kMaxComputedElements) + " elements are supported");
}

Tensor blankConstant(DataType type, const Shape& shape) {
  requireComputed(shape);
  return Tensor(type, shape);
}

void requireParts(std::int64_t count, const char* parts) {
  if (count <= kMaxParts) return;
  throw NotPossible("would become " + std::to_string(count) + " " + parts + ", at most " +
                    std::to_string(kMaxParts) + " are supported");
}

void requireIndexList(std::int64_t length) {
  if (length <= kMaxIndexList) return;
  throw NotPossible("a result with " + std::to_string(length) +
                    " indices along one dimension is too large, at most " +
                    std::to_string(kMaxIndexList) + " are supported");
}

}  // namespace npusim::onnx_import
