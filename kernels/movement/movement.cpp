#include "kernels/movement/movement.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "kernels/lowering/operands.h"
#include "kernels/lowering/pieces.h"
#include "kernels/movement/copy.h"

namespace npusim::movement {
namespace {

using lowering::Lowering;
using plan::View;

/// The same elements under another shape without moving them, when the strides allow it.
std::optional<View> reshaped(const View& view, const Shape& shape) {
  View result{
      view.block, view.offset, view.type, shape, lowering::denseStrides(shape, view.type, false),
      view.passes};
  if (lowering::isRowMajor(view)) return result;
  // Only extents of 1 come or go: the other strides stay.
  std::size_t from = 0;
  for (std::size_t to = 0; to < shape.size(); ++to) {
    if (shape[to] == 1) continue;
    while (from < view.shape.size() && view.shape[from] == 1) ++from;
    if (from == view.shape.size() || view.shape[from] != shape[to]) return std::nullopt;
    result.strides[to] = view.strides[from++];
  }
  return result;
}

/// The piece of fill for one element as stored in `value`.
std::uint32_t fillPattern(const Value& value, float real) {
  Tensor element(value.type, {});
  if (value.quantization) {
    const double q =
        static_cast<double>(std::nearbyint(real / value.quantization->scales.front())) +
        value.quantization->zeroPoint;
    element.set(0, q);
  } else {
    element.set(0, real);
  }
  std::uint32_t pattern = 0;
  std::memcpy(&pattern, element.bytes().data(), std::min<std::size_t>(4, element.bytes().size()));
  return pattern;
}

/// Cuts an index list into stretches: runs of constant step, of equal repeats, or of fill.
std::vector<Stretch> stretches(const std::vector<std::int64_t>& source, std::int64_t extent) {
  const auto count = static_cast<std::int64_t>(source.size());
  const auto at = [&](std::int64_t i) { return source[static_cast<std::size_t>(i)]; };
  // A pad: position i reads i + shift where that exists, and fill elsewhere.
  const auto inside = std::find_if(source.begin(), source.end(), [](auto s) { return s >= 0; });
  if (inside != source.end()) {
    const std::int64_t shift = *inside - (inside - source.begin());
    const auto pads = [&](std::int64_t i) {
      const std::int64_t from = i + shift;
      return at(i) == (from >= 0 && from < extent ? from : -1);
    };
    bool all = true;
    for (std::int64_t i = 0; i < count && all; ++i) all = pads(i);
    const bool outside = std::find(source.begin(), source.end(), -1) != source.end();
    if (all) return {{0, count, shift, 1, 1, false, outside}};
  }
  std::vector<Stretch> result;
  for (std::int64_t i = 0; i < count;) {
    std::int64_t end = i + 1;
    if (at(i) < 0) {
      while (end < count && at(end) < 0) ++end;
      result.push_back({i, end - i, 0, 1, 1, true, false});
      i = end;
      continue;
    }
    while (end < count && at(end) == at(i)) ++end;
    const std::int64_t repeat = end - i;
    const std::int64_t step = end < count && at(end) >= 0 ? at(end) - at(i) : 1;
    std::int64_t groups = 1;
    const auto continues = [&](std::int64_t group) {
      if (at(i) + group * step < 0) return false;  // not an index, but fill
      for (std::int64_t r = 0; r < repeat; ++r) {
        const std::int64_t position = i + group * repeat + r;
        if (position >= count || at(position) != at(i) + group * step) return false;
      }
      return true;
    };
    while (continues(groups)) ++groups;
    result.push_back({i, groups * repeat, at(i), step, repeat, false, false});
    i += groups * repeat;
  }
  return result;
}

/// The value that a constant holds everywhere, if it does.
std::optional<float> uniform(const Value& value) {
  if (!value.constant || value.constant->seed) return std::nullopt;
  if (value.constant->splat) return static_cast<float>(*value.constant->splat);
  const Tensor& tensor = *value.constant->dense;
  for (std::int64_t i = 1; i < tensor.size(); ++i) {
    if (tensor.at(i) != tensor.at(0)) return std::nullopt;
  }
  return static_cast<float>(tensor.at(0));
}

/// Element pattern of a stored number, without scaling.
std::uint32_t storedPattern(DataType type, float stored) {
  return fillPattern({{}, type, {}, {}, {}}, stored);
}

/// A slice (one plain stretch an axis) seen through strides.
std::optional<View> sliced(const View& view, const Shape& shape,
                           const std::vector<std::vector<Stretch>>& axes) {
  View result = view;
  result.shape = shape;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    if (axes[d].size() != 1) return std::nullopt;
    const Stretch& s = axes[d].front();
    const bool reaches = s.start < 0 || s.start + (s.length - 1) * s.step >= view.shape[d];
    if (s.fill || s.repeat > 1 || s.step < 1 || reaches) return std::nullopt;
    result.offset += s.start * view.strides[d];
    result.strides[d] = view.strides[d] * s.step;
  }
  return result;
}

}  // namespace

void lowerReshape(Lowering& lowering, const Node& node) {
  const Value& out = lowering.graph().value(node.output);
  View x = lowering.view(node.inputs.front());
  std::optional<View> seen = reshaped(x, out.shape);
  if (!seen) {
    const View dense = lowering.addActivation(node.name + ".rows", x.type, x.shape, false);
    addCopy(lowering, node, "", x, dense, whole(x.shape), std::nullopt);
    seen = reshaped(dense, out.shape);
  }
  const bool port = lowering.isOutput(node.output) && !lowering::isRowMajor(*seen);
  if (port || lowering.isCarriedOn(node.output)) {
    addCopy(lowering, node, "", *seen, lowering.outputView(node), whole(out.shape), std::nullopt);
    return;
  }
  lowering.setView(node.output, *seen);
}

void lowerTranspose(Lowering& lowering, const Node& node) {
  const auto& permutation = std::get<Transpose>(node.operation).permutation;
  const View x = lowering.view(node.inputs.front());
  View seen = x;
  for (std::size_t d = 0; d < permutation.size(); ++d) {
    const auto from = static_cast<std::size_t>(permutation[d]);
    seen.shape[d] = x.shape[from];
    seen.strides[d] = x.strides[from];
  }
  const bool port = lowering.isOutput(node.output) && !lowering::isRowMajor(seen);
  if (port || lowering.isCarriedOn(node.output)) {
    addCopy(lowering, node, "", seen, lowering.outputView(node), whole(seen.shape), std::nullopt);
    return;
  }
  lowering.setView(node.output, seen);
}

void lowerConcat(Lowering& lowering, const Node& node) {
  const int axis = std::get<Concat>(node.operation).axis;
  const auto at = static_cast<std::size_t>(axis);
  const View y = lowering.outputView(node);
  std::int64_t offset = 0;
  int part = 0;
  for (const ValueId input : node.inputs) {
    const Value& value = lowering.graph().value(input);
    View place = y;
    place.shape = value.shape;
    place.offset += offset * y.strides[at];
    offset += value.shape[at];
    const std::string piece = "[" + std::to_string(part++) + "]";
    if (elementCount(value.shape) == 0) continue;
    if (const std::optional<float> stored = uniform(value); stored && byteSize(value.type) <= 4) {
      std::vector<Stretch> nothing = whole(value.shape);
      nothing[at].fill = true;
      addCopy(lowering, node, piece, place, place, nothing, storedPattern(value.type, *stored));
      continue;
    }
    const View x = lowering.view(input);
    const bool written = x.block == y.block && x.offset == place.offset;
    if (!written) addCopy(lowering, node, piece, x, place, whole(x.shape), std::nullopt);
  }
}

void lowerRemap(Lowering& lowering, const Node& node) {
  const auto& remap = std::get<Remap>(node.operation);
  const Value& out = lowering.graph().value(node.output);
  const View x = lowering.view(node.inputs.front());
  std::vector<std::vector<Stretch>> axes;
  for (std::size_t d = 0; d < x.shape.size(); ++d) {
    axes.push_back(remap.source[d].empty() ? std::vector<Stretch>{whole(x.shape)[d]}
                                           : stretches(remap.source[d], x.shape[d]));
  }
  const std::optional<View> seen = sliced(x, out.shape, axes);
  if (seen && !lowering.mustWrite(node.output)) {
    lowering.setView(node.output, *seen);
    return;
  }
  if (lowering::canSelect(lowering, node, x)) {
    lowering.setSelection(node.output, {x, remap.source});
    return;
  }
  const View y = lowering.outputView(node);
  const std::uint32_t fill = fillPattern(out, remap.fill);
  std::vector<Stretch> piece(axes.size());
  int part = 0;
  const std::function<void(std::size_t)> visit = [&](std::size_t d) {
    if (d < axes.size()) {
      for (const Stretch& stretch : axes[d]) {
        piece[d] = stretch;
        visit(d + 1);
      }
      return;
    }
    const bool fills = std::any_of(piece.begin(), piece.end(),
                                   [](const Stretch& s) { return s.fill || s.padded; });
    addCopy(lowering, node, part == 0 ? "" : "[" + std::to_string(part) + "]", x, y, piece,
            fills ? std::optional(fill) : std::nullopt);
    ++part;
  };
  visit(0);
}

void lowerGather(Lowering& lowering, const Node& node) {
  const auto axis = static_cast<std::size_t>(std::get<Gather>(node.operation).axis);
  const View data = lowering.view(node.inputs[0]);
  const View indices = lowering.view(node.inputs[1]);
  const View y = lowering.outputView(node);
  const std::int64_t count = elementCount(indices.shape);
  if (!lowering::isRowMajor(indices) || !lowering::isRowMajor(y)) {
    throw NotPossible("not supported: Gather '" + node.name + "' with strided indices");
  }
  plan::Task task;
  Shape flat(data.shape.begin(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  flat.push_back(count);
  flat.insert(flat.end(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
              data.shape.end());
  const Shape strides = lowering::denseStrides(flat, y.type, false);
  plan::Operand source = lowering::operandAt(data);
  plan::Operand target = lowering::operandAt(y);
  for (std::size_t d = 0; d < flat.size(); ++d) {
    task.dims.push_back({flat[d], false});
    std::vector<std::int64_t> one(flat.size(), 0);
    one[d] = 1;
    source.axes.push_back({data.shape[d], data.strides[d], one, 0, 0, 0});
    target.axes.push_back({flat[d], strides[d], one, 0, 0, 0});
  }
  std::vector<std::int64_t> one(flat.size(), 0);
  one[axis] = 1;
  plan::Operand list = lowering::operandAt(indices);
  list.axes.push_back({count, byteSize(indices.type), one, 0, 0, 0});
  task.operands = {source, list};
  task.output = target;
  task.work = plan::CopyWork{std::nullopt, static_cast<int>(axis)};
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::movement
