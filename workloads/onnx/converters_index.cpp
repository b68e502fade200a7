#include <algorithm>
#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

using Indices = std::vector<std::int64_t>;

Indices range(std::int64_t begin, std::int64_t count, std::int64_t step = 1) {
  requireIndexList(count);
  Indices indices(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    indices[i] = begin + static_cast<std::int64_t>(i) * step;
  }
  return indices;
}

/// `x` with `source` along each dimension, or an empty constant where one keeps nothing: Remap's
/// empty list means something else.
ValueId select(NodeContext& c, ValueId x, std::vector<Indices> source,
               const std::vector<bool>& replaced) {
  Shape shape = c.shape(x);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (replaced[d]) shape[d] = static_cast<std::int64_t>(source[d].size());
  }
  if (elementCount(shape) == 0) return c.constant("empty", Tensor(c.type(x), shape));
  return remap(c, x, std::move(source));
}

// --- Slice and Split ---

struct SliceBounds {
  std::int64_t start, end, step;
};

/// The indices of x[start:end:step] in a dimension, clamped as numpy clamps them.
Indices sliceIndices(SliceBounds s, std::int64_t extent) {
  if (s.step == 0) throw BadInput("a step is 0");
  const std::int64_t step = std::clamp(s.step, -kMaxElements, kMaxElements);
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? extent : extent - 1;
  const auto clamped = [&](std::int64_t bound, std::int64_t least) {
    return std::clamp(bound < 0 ? bound + extent : bound, least, std::max(least, highest));
  };
  const std::int64_t start = clamped(s.start, lowest);
  const std::int64_t end = clamped(s.end, lowest);
  const std::int64_t distance = step > 0 ? end - start : start - end;
  const std::int64_t stride = step > 0 ? step : -step;
  return range(start, distance <= 0 ? 0 : (distance - 1) / stride + 1, step);
}

struct SliceLists {
  Indices starts, ends, axes, steps;
};

SliceLists readSlice(NodeContext& c) {
  SliceLists lists;
  if (c.opset() < 10) {
    lists = {c.integers("starts", Indices{}),
             c.integers("ends", Indices{}),
             c.integers("axes", Indices{}),
             {}};
  } else {
    lists.starts = c.integers(1, "starts");
    lists.ends = c.integers(2, "ends");
    if (c.hasInput(3)) lists.axes = c.integers(3, "axes");
    if (c.hasInput(4)) lists.steps = c.integers(4, "steps");
  }
  const std::size_t count = lists.starts.size();
  if (lists.axes.empty()) lists.axes = range(0, static_cast<std::int64_t>(count));
  if (lists.steps.empty()) lists.steps.assign(count, 1);
  if (lists.ends.size() != count || lists.axes.size() != count || lists.steps.size() != count) {
    throw BadInput("starts, ends, axes and steps have different lengths");
  }
  return lists;
}

void convertSlice(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const SliceLists lists = readSlice(c);
  normalizeAxes(lists.axes, shape.size());
  std::vector<Indices> source(shape.size());
  std::vector<bool> replaced(shape.size(), false);
  for (std::size_t i = 0; i < lists.axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(normalizeAxis(lists.axes[i], shape.size()));
    source[axis] = sliceIndices({lists.starts[i], lists.ends[i], lists.steps[i]}, shape[axis]);
    replaced[axis] = true;
  }
  c.output(0, select(c, x, std::move(source), replaced));
}

/// Sizes of a Split's outputs: an attribute before opset 13, an input since, equal when not given.
Indices splitSizes(NodeContext& c, std::int64_t extent) {
  Indices sizes;
  if (c.opset() < 13) sizes = c.integers("split", Indices{});
  if (c.opset() >= 13 && c.hasInput(1)) sizes = c.integers(1, "split");
  const auto outputs = static_cast<std::int64_t>(c.outputCount());
  if (sizes.empty()) {
    if (outputs == 0 || extent % outputs != 0) {
      throw BadInput("cannot split " + std::to_string(extent) + " into " + std::to_string(outputs) +
                     " equal parts");
    }
    return Indices(c.outputCount(), extent / outputs);
  }
  if (sizes.size() != c.outputCount()) {
    throw BadInput("gives " + std::to_string(sizes.size()) + " sizes for " +
                   std::to_string(c.outputCount()) + " outputs");
  }
  std::int64_t left = extent;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > left) left = -1;
    left -= std::max<std::int64_t>(size, 0);
    if (left < 0) break;
  }
  if (left != 0) {
    throw BadInput("the sizes of the parts do not add up to " + std::to_string(extent));
  }
  return sizes;
}

void convertSplit(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const auto axis = static_cast<std::size_t>(normalizeAxis(c.integer("axis", 0), rank));
  const Indices sizes = splitSizes(c, c.shape(x)[axis]);
  std::vector<bool> replaced(rank, false);
  replaced[axis] = true;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::vector<Indices> source(rank);
    source[axis] = range(begin, sizes[i]);
    begin += sizes[i];
    if (c.hasOutput(i)) c.output(i, select(c, x, std::move(source), replaced));
  }
}

// --- Pad ---

using PadIndex = std::int64_t (*)(std::int64_t index, std::int64_t extent);

std::int64_t constantIndex(std::int64_t i, std::int64_t extent) {
  return i < 0 || i >= extent ? -1 : i;
}
std::int64_t edgeIndex(std::int64_t i, std::int64_t extent) {
  return std::clamp<std::int64_t>(i, 0, extent - 1);
}
std::int64_t reflectIndex(std::int64_t i, std::int64_t extent) {
  const std::int64_t mirrored = i < 0 ? -i : i >= extent ? 2 * (extent - 1) - i : i;
  if (mirrored < 0 || mirrored >= extent) {
    throw BadInput("reflects past the other end of a dimension of " + std::to_string(extent));
  }
  return mirrored;
}

constexpr std::array<std::pair<std::string_view, PadIndex>, 3> kPadModes = {
    {{"constant", constantIndex}, {"edge", edgeIndex}, {"reflect", reflectIndex}}};

PadIndex padMode(const std::string& mode) {
  for (const auto& [name, index] : kPadModes) {
    if (name == mode) return index;
  }
  throw BadInput("mode is '" + mode + "', expected constant, edge or reflect");
}

/// Negative pads crop.
Indices padIndices(PadIndex mode, std::int64_t before, std::int64_t after, std::int64_t extent) {
  for (const std::int64_t pad : {before, after}) {
    if (pad < -extent || pad > kMaxElements) {
      throw BadInput("a pad is " + std::to_string(pad) + " for a dimension of " +
                     std::to_string(extent));
    }
  }
  const std::int64_t length = before + extent + after;
  if (length < 1) throw BadInput("pads remove a whole dimension of " + std::to_string(extent));
  Indices indices = range(-before, length);
  for (std::int64_t& index : indices) index = mode(index, extent);
  return indices;
}

void convertPad(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const PadIndex mode = padMode(c.text("mode", "constant"));
  const bool asInputs = c.opset() >= 11;
  const Indices pads =
      asInputs ? c.integers(1, "pads") : c.integers(c.opset() < 2 ? "paddings" : "pads", Indices{});
  float fill = asInputs ? 0.0f : c.real("value", 0);
  if (asInputs && c.hasInput(2)) fill = static_cast<float>(c.scalar(2, "constant_value"));
  if (pads.size() != 2 * shape.size()) {
    throw BadInput("pads holds " + std::to_string(pads.size()) + " entries, expected " +
                   std::to_string(2 * shape.size()));
  }
  std::vector<Indices> source(shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::int64_t before = pads[d];
    const std::int64_t after = pads[d + shape.size()];
    if (before != 0 || after != 0) source[d] = padIndices(mode, before, after, shape[d]);
  }
  c.output(0, remap(c, x, std::move(source), fill));
}

// --- Gather, Tile, Expand, Concat ---

std::int64_t wrappedIndex(std::int64_t index, std::int64_t extent) {
  if (index >= -extent && index < extent) return index < 0 ? index + extent : index;
  throw BadInput("index " + std::to_string(index) + " is outside a dimension of " +
                 std::to_string(extent));
}

void convertGather(NodeContext& c) {
  const ValueId data = c.input(0);
  const ValueId indices = c.input(1);
  const Shape shape = c.shape(data);
  if (!isInteger(c.type(indices))) throw BadInput("indices are no integers");
  const int axis = normalizeAxis(c.integer("axis", 0), shape.size());
  if (!c.isConstant(indices)) return c.output(0, c.emit(Gather{axis}, {data, indices}));
  const Tensor list = c.constantValue(indices, "indices");
  const auto dimension = static_cast<std::size_t>(axis);
  std::vector<Indices> source(shape.size());
  requireIndexList(list.size());
  for (std::int64_t i = 0; i < list.size(); ++i) {
    const auto index = static_cast<std::int64_t>(list.at(i));
    source[dimension].push_back(wrappedIndex(index, shape[dimension]));
  }
  std::vector<bool> replaced(shape.size(), false);
  replaced[dimension] = true;
  const ValueId taken = select(c, data, std::move(source), replaced);
  const Shape& inner = c.shape(indices);
  Shape result(shape.begin(), shape.begin() + axis);
  result.insert(result.end(), inner.begin(), inner.end());
  result.insert(result.end(), shape.begin() + axis + 1, shape.end());
  c.output(0, reshapeTo(c, taken, result));
}

void convertTile(NodeContext& c) {
  if (c.opset() < 6) throw NotPossible("tiles one axis before opset 6, which is not supported");
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const Indices repeats = c.integers(1, "repeats");
  if (repeats.size() != shape.size()) {
    throw BadInput("repeats has " + std::to_string(repeats.size()) + " entries for " +
                   toString(shape));
  }
  std::vector<Indices> source(shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (repeats[d] < 1 || repeats[d] > kMaxElements) {
      throw BadInput("repeats holds " + std::to_string(repeats[d]) + ", expected 1 to 2^40");
    }
    if (repeats[d] == 1) continue;
    requireIndexList(repeats[d]);
    source[d] = range(0, shape[d] * repeats[d]);
    for (std::int64_t& index : source[d]) index %= shape[d];
  }
  c.output(0, remap(c, x, std::move(source)));
}

void convertExpand(NodeContext& c) {
  const ValueId x = c.input(0);
  const Indices wanted = c.integers(1, "shape");
  for (const std::int64_t extent : wanted) {
    if (extent < 1) throw BadInput("the new shape has dimension " + std::to_string(extent));
  }
  c.output(0, expandTo(c, x, broadcast(c.shape(x), wanted)));
}

/// Parts without elements add nothing.
void convertConcat(NodeContext& c) {
  const ValueId first = c.input(0);
  if (c.opset() >= 4 && !c.hasAttribute("axis")) throw BadInput("attribute 'axis' is missing");
  const int axis = normalizeAxis(c.integer("axis", 1), c.shape(first).size());
  std::vector<ValueId> parts;
  for (std::size_t i = 0; i < c.inputCount(); ++i) {
    const ValueId part = c.input(i);
    if (c.type(part) != c.type(first)) throw BadInput("joins tensors of different types");
    if (elementCount(c.shape(part)) > 0) parts.push_back(part);
  }
  if (parts.empty()) parts.push_back(first);
  c.output(0, parts.size() == 1 ? parts[0] : c.emit(Concat{axis}, std::move(parts)));
}

constexpr std::array kConverters = {
    Converter{"Concat", convertConcat}, Converter{"Expand", convertExpand},
    Converter{"Gather", convertGather}, Converter{"Pad", convertPad},
    Converter{"Slice", convertSlice},   Converter{"Split", convertSplit},
    Converter{"Tile", convertTile},
};

}  // namespace

std::span<const Converter> indexConverters() { return kConverters; }

}  // namespace npusim::onnx_import
