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
  const Shape target = c.opset() < 5 ? c.integers("shape", Shape{}) : c.integers(1, "shape");
  c.output(0, reshapeTo(c, x, resolveShape(target, c.shape(x), allowZero)));
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

// --- Blocks of pixels as channels, and back ---

constexpr std::int64_t kMaxBlock = 1 << 16;

struct Blocks {
  std::int64_t size, batch, channels, height, width;
};

Blocks readBlocks(NodeContext& c) {
  const Shape shape = c.shape(c.input(0));
  const std::int64_t size = c.integer("blocksize", 0);
  if (shape.size() != 4 || size < 1 || size > kMaxBlock) {
    throw BadInput("needs an input N,C,H,W and a blocksize, has " + toString(shape) + " and " +
                   std::to_string(size));
  }
  return {size, shape[0], shape[1], shape[2], shape[3]};
}

/// The input split into `split`, its dimensions put in another order and joined to `joined`.
void outputRearranged(NodeContext& c, const Shape& split, std::vector<int> permutation,
                      const Shape& joined) {
  const ValueId parts = reshapeTo(c, c.input(0), split);
  c.output(0, reshapeTo(c, c.emit(Transpose{std::move(permutation)}, {parts}), joined));
}

void convertDepthToSpace(NodeContext& c) {
  const Blocks b = readBlocks(c);
  const std::int64_t deep = b.channels / (b.size * b.size);
  const Shape joined = {b.batch, deep, b.height * b.size, b.width * b.size};
  const std::string mode = c.text("mode", "DCR");
  if (mode == "DCR") {
    outputRearranged(c, {b.batch, b.size, b.size, deep, b.height, b.width}, {0, 3, 4, 1, 5, 2},
                     joined);
  } else if (mode == "CRD") {
    outputRearranged(c, {b.batch, deep, b.size, b.size, b.height, b.width}, {0, 1, 4, 2, 5, 3},
                     joined);
  } else {
    throw BadInput("mode is '" + mode + "', expected DCR or CRD");
  }
}

void convertSpaceToDepth(NodeContext& c) {
  const Blocks b = readBlocks(c);
  const std::int64_t high = b.height / b.size, wide = b.width / b.size;
  outputRearranged(c, {b.batch, b.channels, high, b.size, wide, b.size}, {0, 3, 5, 1, 2, 4},
                   {b.batch, b.channels * b.size * b.size, high, wide});
}

constexpr std::array kConverters = {
    Converter{"DepthToSpace", convertDepthToSpace}, Converter{"SpaceToDepth", convertSpaceToDepth},
    Converter{"Flatten", convertFlatten},           Converter{"Reshape", convertReshape},
    Converter{"Squeeze", convertSqueeze},           Converter{"Transpose", convertTranspose},
    Converter{"Unsqueeze", convertUnsqueeze},
};

}  // namespace

std::span<const Converter> shapeConverters() { return kConverters; }

}  // namespace npusim::onnx_import
