#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "workloads/description/kinds.h"

namespace npusim {

int axisOption(Layer& layer, std::int64_t otherwise) {
  const auto rank = static_cast<std::int64_t>(layer.shape().size());
  const std::int64_t axis = layer.options.integer("axis", -rank, otherwise);
  if (axis >= rank || axis < -rank) {
    layer.options.place().fail(
        fmt::format("axis {} is outside the input {}", axis, toString(layer.shape())));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

ValueId buildSoftmax(Layer& layer, const LayerKind& kind) {
  return layer.net.add(layer.name, kind.opName, Softmax{axisOption(layer, -1)}, layer.inputs);
}

ValueId buildConcat(Layer& layer, const LayerKind& kind) {
  return layer.net.add(layer.name, kind.opName, Concat{axisOption(layer, 1)}, layer.inputs);
}

ValueId buildFlatten(Layer& layer, const LayerKind& kind) {
  const int axis = axisOption(layer, 1);
  const Shape& x = layer.shape();
  const auto rows =
      std::accumulate(x.begin(), x.begin() + axis, std::int64_t{1}, std::multiplies<>());
  const auto columns =
      std::accumulate(x.begin() + axis, x.end(), std::int64_t{1}, std::multiplies<>());
  return layer.net.add(layer.name, kind.opName, Reshape{{rows, columns}}, layer.inputs);
}

/// `shape` without the batch, which stays the first dimension.
ValueId buildReshape(Layer& layer, const LayerKind& kind) {
  Shape shape = layer.options.required("shape").integers(1);
  if (!layer.shape().empty()) shape.insert(shape.begin(), layer.shape()[0]);
  return layer.net.add(layer.name, kind.opName, Reshape{shape}, layer.inputs);
}

ValueId buildTranspose(Layer& layer, const LayerKind& kind) {
  Transpose op;
  for (const std::int64_t axis : layer.options.required("permutation").integers(0)) {
    op.permutation.push_back(static_cast<int>(axis));
  }
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

ValueId buildSlice(Layer& layer, const LayerKind& kind) {
  const int axis = axisOption(layer, 1);
  const std::int64_t extent = layer.shape()[static_cast<std::size_t>(axis)];
  const std::int64_t begin = layer.options.integer("begin", 0, 0);
  const std::int64_t end = layer.options.integer("end", 1, extent);
  if (begin >= end || end > extent) {
    layer.options.place().fail(fmt::format("[{}, {}) is no part of dimension {} of {}", begin, end,
                                           axis, toString(layer.shape())));
  }
  requireListable(layer, end - begin);
  Remap op;
  op.source.resize(layer.shape().size());
  for (std::int64_t i = begin; i < end; ++i) {
    op.source[static_cast<std::size_t>(axis)].push_back(i);
  }
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

ValueId buildReduceMean(Layer& layer, const LayerKind& kind) {
  Reduce op;
  op.axes = {axisOption(layer, 1)};
  op.keepDims = layer.options.flag("keep", false);
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

void requireListable(const Layer& layer, std::int64_t entries) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  if (entries <= kMost) return;
  layer.options.place().fail(
      fmt::format("needs a list of {} positions; at most {} are listed", entries, kMost));
}

ValueId reshaped(const Layer& layer, std::string_view part, ValueId x, Shape shape) {
  return layer.net.add(layer.part(part), "Reshape", Reshape{std::move(shape)}, {x});
}

ValueId transposed(const Layer& layer, std::string_view part, ValueId x, std::vector<int> order) {
  return layer.net.add(layer.part(part), "Transpose", Transpose{std::move(order)}, {x});
}

ValueId sliced(const Layer& layer, std::string_view part, ValueId x, int axis, std::int64_t first,
               std::int64_t count) {
  requireListable(layer, count);
  Remap op;
  op.source.resize(layer.net.shape(x).size());
  for (std::int64_t i = first; i < first + count; ++i) {
    op.source[static_cast<std::size_t>(axis)].push_back(i);
  }
  return layer.net.add(layer.part(part), "Slice", op, {x});
}

}  // namespace npusim
