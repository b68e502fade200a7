#include <algorithm>
#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// Resolves 0 (copy, unless `allowZero`) and -1 (what is left) in a Reshape's target.
Shape resolveShape(Shape target, const Shape& from, bool allowZero) {
  std::ptrdiff_t open = -1;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] == -1) {
      if (open >= 0) throw BadInput("the new shape has two dimensions of -1, at most one can be");
      open = static_cast<std::ptrdiff_t>(d);
    } else if (target[d] < 0) {
      throw BadInput("the new shape has dimension " + std::to_string(target[d]));
    } else if (target[d] == 0 && !allowZero) {
      if (d >= from.size()) {
        throw BadInput("the new shape copies dimension " + std::to_string(d) + " of " +
                       toString(from) + ", which has fewer");
      }
      target[d] = from[d];
    }
  }
  if (open < 0) return target;
  std::int64_t& extent = target[static_cast<std::size_t>(open)];
  extent = 1;
  const std::int64_t known = elementCount(target);
  const std::int64_t elements = elementCount(from);
  if (known == 0 || elements % known != 0) {
    throw BadInput("cannot reshape " + toString(from) + ": its " + std::to_string(elements) +
                   " elements do not divide by " + std::to_string(known));
  }
  extent = elements / known;
  return target;
}

void convertReshape(NodeContext& c) {
  const ValueId x = c.input(0);
  const bool allowZero = c.integer("allowzero", 0) != 0;
  c.output(0, reshapeTo(c, x, resolveShape(c.integers(1, "shape"), c.shape(x), allowZero)));
}

/// Before opset 11 `axis` cannot be negative; reading it so does no harm.
void convertFlatten(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::int64_t axis = c.integer("axis", 1);
  if (axis < -rank || axis > rank) {
    throw BadInput("axis " + std::to_string(axis) + " is outside " + toString(shape));
  }
  const auto middle = shape.begin() + (axis < 0 ? axis + rank : axis);
  const Shape flat = {elementCount(Shape(shape.begin(), middle)),
                      elementCount(Shape(middle, shape.end()))};
  c.output(0, reshapeTo(c, x, flat));
}

void convertTranspose(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  std::vector<std::int64_t> reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  Transpose op;
  for (const std::int64_t axis : c.integers("perm", reversed)) {
    op.permutation.push_back(normalizeAxis(axis, rank));
  }
  const bool keeps =
      op.permutation.size() == rank &&
      std::is_sorted(op.permutation.begin(), op.permutation.end()) &&
      std::adjacent_find(op.permutation.begin(), op.permutation.end()) == op.permutation.end();
  c.output(0, keeps ? x : c.emit(std::move(op), {x}));
}

/// Axes of Squeeze and Unsqueeze: an attribute before opset 13, an input since.
std::vector<std::int64_t> readAxes(NodeContext& c) {
  if (c.opset() < 13) return c.integers("axes", std::vector<std::int64_t>{});
  return c.hasInput(1) ? c.integers(1, "axes") : std::vector<std::int64_t>{};
}

void convertSqueeze(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const std::vector<std::int64_t> given = readAxes(c);
  const std::vector<int> axes = normalizeAxes(given, shape.size());
  Shape squeezed;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const bool named = std::binary_search(axes.begin(), axes.end(), static_cast<int>(d));
    if (named && shape[d] != 1) {
      throw BadInput("cannot squeeze dimension " + std::to_string(d) + " of " + toString(shape));
    }
    if (!named && !(given.empty() && shape[d] == 1)) squeezed.push_back(shape[d]);
  }
  c.output(0, reshapeTo(c, x, squeezed));
}

void convertUnsqueeze(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::vector<std::int64_t> given = readAxes(c);
  if (given.empty()) throw BadInput("axes are missing");
  Shape shape = c.shape(x);
  for (const int axis : normalizeAxes(given, shape.size() + given.size())) {
    shape.insert(shape.begin() + axis, 1);
  }
  c.output(0, reshapeTo(c, x, shape));
}

constexpr std::array kConverters = {
    Converter{"Flatten", convertFlatten},     Converter{"Reshape", convertReshape},
    Converter{"Squeeze", convertSqueeze},     Converter{"Transpose", convertTranspose},
    Converter{"Unsqueeze", convertUnsqueeze},
};

}  // namespace

std::span<const Converter> shapeConverters() { return kConverters; }

}  // namespace npusim::onnx_import
