#include <algorithm>
#include <set>

#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

using Shapes = std::vector<Shape>;

void require(bool condition, const std::string& line) {
  if (!condition) throw BadInput(line);
}

const Shape& input(const Shapes& inputs, std::size_t index) {
  require(index < inputs.size(), "has " + std::to_string(inputs.size()) +
                                     " inputs, needs at least " + std::to_string(index + 1));
  return inputs[index];
}

std::size_t checkedAxis(std::int64_t axis, const Shape& shape) {
  require(axis >= 0 && axis < static_cast<std::int64_t>(shape.size()),
          "axis " + std::to_string(axis) + " is outside the input's shape " + toString(shape));
  return static_cast<std::size_t>(axis);
}

void requireLength(const Shape& values, std::size_t length, const char* what) {
  require(values.size() == length, std::string(what) + " has " + std::to_string(values.size()) +
                                       " entries for " + std::to_string(length) +
                                       " spatial dimensions");
}

void requireAtLeast(const Shape& values, std::int64_t least, const char* what) {
  for (const std::int64_t value : values) {
    require(value >= least, std::string(what) + " is " + toString(values) +
                                ", every entry must be at least " + std::to_string(least));
  }
}

/// The parameters that convolutions and pools share, for a window of `kernel`.
template <typename Windowed>
void checkWindow(const Windowed& op, const Shape& kernel) {
  requireLength(op.strides, kernel.size(), "strides");
  requireLength(op.dilations, kernel.size(), "dilations");
  requireLength(op.padsBegin, kernel.size(), "pads");
  requireLength(op.padsEnd, kernel.size(), "pads");
  requireAtLeast(kernel, 1, "the kernel");
  requireAtLeast(op.strides, 1, "strides");
  requireAtLeast(op.dilations, 1, "dilations");
  requireAtLeast(op.padsBegin, 0, "pads");
  requireAtLeast(op.padsEnd, 0, "pads");
}

/// Does every window along dimension d of `extent` hold at least one value? Of those that start in
/// the padding, the first reaches least far, and where they meet the values repeats with dilation.
bool windowsHoldValues(const Pool& op, std::size_t d, std::int64_t extent) {
  const std::int64_t outputs = op.outputSpatial[d];
  if ((outputs - 1) * op.strides[d] - op.padsBegin[d] >= extent) return false;
  for (std::int64_t out = 0; out < std::min(outputs, op.dilations[d]); ++out) {
    const std::int64_t start = out * op.strides[d] - op.padsBegin[d];
    const std::int64_t skipped = start < 0 ? (op.dilations[d] - 1 - start) / op.dilations[d] : 0;
    if (skipped >= op.kernel[d] || start + skipped * op.dilations[d] >= extent) return false;
  }
  return true;
}

Shape spatialOf(const Shape& shape) { return Shape(shape.begin() + 2, shape.end()); }

Shape infer(const Convolution& op, const Shapes& inputs) {
  const Shape& x = input(inputs, 0);
  const Shape& w = input(inputs, 1);
  require(x.size() >= 3 && w.size() == x.size(),
          "input " + toString(x) + " and weights " + toString(w) +
              " must both be N,C,spatial of the same rank, at least 3");
  const Shape kernel = spatialOf(w);
  checkWindow(op, kernel);
  require(op.groups >= 1 && x[1] % op.groups == 0 && w[1] == x[1] / op.groups,
          "input has " + std::to_string(x[1]) + " channels, weights " + toString(w) + " with " +
              std::to_string(op.groups) + " groups expect another number");
  require(w[0] % op.groups == 0, std::to_string(w[0]) + " output channels do not divide into " +
                                     std::to_string(op.groups) + " groups");
  if (inputs.size() > 2 && !inputs[2].empty()) {
    require(inputs[2] == Shape{w[0]},
            "bias is " + toString(inputs[2]) + ", expected " + std::to_string(w[0]));
  }
  Shape out = {x[0], w[0]};
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t window = op.dilations[i] * (kernel[i] - 1) + 1;
    const std::int64_t padded = x[i + 2] + op.padsBegin[i] + op.padsEnd[i];
    require(padded >= window,
            "kernel " + toString(kernel) + " is larger than the padded input " + toString(x));
    out.push_back((padded - window) / op.strides[i] + 1);
  }
  return out;
}

Shape infer(const MatMul& op, const Shapes& inputs) {
  Shape a = input(inputs, 0);
  Shape b = input(inputs, 1);
  require(!a.empty() && !b.empty(), "a matrix product takes no scalars");
  const bool vectorA = a.size() == 1;
  const bool vectorB = b.size() == 1;
  if (vectorA) a.insert(a.begin(), 1);
  if (vectorB) {
    b.push_back(1);
  } else if (op.transposeB) {
    std::swap(b[b.size() - 1], b[b.size() - 2]);
  }
  require(a.back() == b[b.size() - 2], "cannot multiply " + toString(inputs[0]) + " with " +
                                           toString(inputs[1]) +
                                           (op.transposeB ? " transposed" : ""));
  if (inputs.size() > 2 && !inputs[2].empty()) {
    require(inputs[2] == Shape{b.back()},
            "bias is " + toString(inputs[2]) + ", expected " + std::to_string(b.back()));
  }
  Shape out = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  if (!vectorA) out.push_back(a[a.size() - 2]);
  if (!vectorB) out.push_back(b.back());
  return out;
}

Shape infer(const Elementwise&, const Shapes& inputs) { return input(inputs, 0); }

Shape infer(const Pool& op, const Shapes& inputs) {
  const Shape& x = input(inputs, 0);
  require(x.size() >= 3, "input " + toString(x) + " must be N,C,spatial");
  requireLength(op.kernel, x.size() - 2, "the kernel");
  requireLength(op.outputSpatial, x.size() - 2, "the output size");
  checkWindow(op, op.kernel);
  requireAtLeast(op.outputSpatial, 1, "the output size");
  Shape out = {x[0], x[1]};
  for (std::size_t i = 0; i < op.kernel.size(); ++i) {
    const std::int64_t last = (op.outputSpatial[i] - 1) * op.strides[i];
    require(last < x[i + 2] + op.padsBegin[i] + op.padsEnd[i],
            "the last window starts outside the padded input " + toString(x));
    require(op.kind != ReduceOp::Max || windowsHoldValues(op, i, x[i + 2]),
            "a window holds nothing but padding, which has no maximum: with kernel " +
                toString(op.kernel) + " over " + toString(spatialOf(x)) +
                " the pads must be smaller");
    out.push_back(op.outputSpatial[i]);
  }
  return out;
}

Shape infer(const Reduce& op, const Shapes& inputs) {
  const Shape& x = input(inputs, 0);
  std::vector<bool> reduced(x.size(), false);
  for (const int axis : op.axes) reduced[checkedAxis(axis, x)] = true;
  Shape out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!reduced[i]) out.push_back(x[i]);
    if (reduced[i] && op.keepDims) out.push_back(1);
  }
  return out;
}

Shape infer(const Softmax& op, const Shapes& inputs) {
  checkedAxis(op.axis, input(inputs, 0));
  return inputs[0];
}

Shape infer(const LocalResponseNorm& op, const Shapes& inputs) {
  require(input(inputs, 0).size() >= 2, "input " + toString(inputs[0]) + " has no channels");
  require(op.size >= 1, "size is " + std::to_string(op.size) + ", must be at least 1");
  return inputs[0];
}

Shape infer(const LayerNorm& op, const Shapes& inputs) {
  checkedAxis(op.axis, input(inputs, 0));
  return inputs[0];
}

Shape infer(const Remap& op, const Shapes& inputs) {
  Shape out = input(inputs, 0);
  require(op.source.size() == out.size(), "has index lists for " +
                                              std::to_string(op.source.size()) +
                                              " dimensions, the input is " + toString(out));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& indices = op.source[i];
    const auto outside = std::find_if(indices.begin(), indices.end(), [&](std::int64_t index) {
      return index < -1 || index >= out[i];
    });
    if (outside == indices.end()) continue;
    throw BadInput("index " + std::to_string(*outside) + " of dimension " + std::to_string(i) +
                   " is outside " + toString(inputs[0]));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!op.source[i].empty()) out[i] = static_cast<std::int64_t>(op.source[i].size());
  }
  return out;
}

Shape infer(const Reshape& op, const Shapes& inputs) {
  requireAtLeast(op.shape, 0, "the new shape");
  require(elementCount(op.shape) == elementCount(input(inputs, 0)),
          "cannot reshape " + toString(inputs[0]) + " to " + toString(op.shape));
  return op.shape;
}

Shape infer(const Transpose& op, const Shapes& inputs) {
  const Shape& x = input(inputs, 0);
  const std::set<int> distinct(op.permutation.begin(), op.permutation.end());
  require(op.permutation.size() == x.size() && distinct.size() == x.size(),
          "permutation does not name each dimension of " + toString(x) + " once");
  Shape out;
  for (const int axis : op.permutation) out.push_back(x[checkedAxis(axis, x)]);
  return out;
}

Shape infer(const Concat& op, const Shapes& inputs) {
  Shape out = input(inputs, 0);
  const std::size_t axis = checkedAxis(op.axis, out);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    Shape expected = inputs[i];
    if (expected.size() == out.size()) expected[axis] = out[axis];
    require(expected == out, "cannot join " + toString(inputs[i]) + " to " + toString(inputs[0]) +
                                 " along axis " + std::to_string(op.axis));
    out[axis] += inputs[i][axis];
  }
  return out;
}

Shape infer(const Gather& op, const Shapes& inputs) {
  const Shape& data = input(inputs, 0);
  const Shape& indices = input(inputs, 1);
  const auto axis = static_cast<std::ptrdiff_t>(checkedAxis(op.axis, data));
  Shape out(data.begin(), data.begin() + axis);
  out.insert(out.end(), indices.begin(), indices.end());
  out.insert(out.end(), data.begin() + axis + 1, data.end());
  return out;
}

Shape infer(const Take&, const Shapes& inputs) {
  const Shape& x = input(inputs, 0);
  require(!x.empty(), "a scalar has no parts to take one of");
  return Shape(x.begin() + 1, x.end());
}

Shape infer(const Carried&, const Shapes& inputs) {
  require(input(inputs, 0) == input(inputs, 1),
          "state of shape " + toString(inputs[0]) + " cannot go on as " + toString(inputs[1]));
  return inputs[0];
}

Shape infer(const Collect& op, const Shapes& inputs) {
  require(op.passes >= 1, "collects " + std::to_string(op.passes) + " passes");
  Shape out = input(inputs, 0);
  out.insert(out.begin(), op.passes);
  return out;
}

Shape infer(const Merge&, const Shapes& inputs) {
  require(input(inputs, 1) == input(inputs, 2),
          "branches give " + toString(inputs[1]) + " and " + toString(inputs[2]));
  return inputs[1];
}

}  // namespace

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = out[i + offset];
    require(extent == shorter[i] || extent == 1 || shorter[i] == 1,
            "shapes " + toString(a) + " and " + toString(b) + " do not broadcast");
    if (extent == 1) extent = shorter[i];
  }
  return out;
}

Shape inferShape(const Operation& operation, const std::vector<Shape>& inputs,
                 const std::vector<ElementStep>& steps) {
  const Shape result = std::visit([&](const auto& op) { return infer(op, inputs); }, operation);
  Shape out = result;
  for (const ElementStep& step : steps) {
    if (!isBinary(step.op)) continue;
    require(step.operand >= 0, std::string(name(step.op)) + " needs a second operand");
    out = broadcast(out, input(inputs, static_cast<std::size_t>(step.operand)));
  }
  require(
      out == result || std::holds_alternative<Elementwise>(operation),
      "an operand of shape " + toString(out) + " is larger than the result " + toString(result));
  elementCount(out);
  return out;
}

}  // namespace npusim
