#include <algorithm>
#include <array>
#include <cmath>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// One dimension of a Resize.
struct Axis {
  std::int64_t in = 0, out = 0;
  float scale = 1;
  float roiBegin = 0, roiEnd = 1;
};

/// Where output index i lies in the input (ONNX coordinate_transformation_mode), in fp32 as ONNX
/// Runtime computes it.
using Coordinate = float (*)(float i, const Axis& axis);

float halfPixel(float i, const Axis& a) { return (i + 0.5f) / a.scale - 0.5f; }
float pytorchHalfPixel(float i, const Axis& a) { return a.out > 1 ? halfPixel(i, a) : 0.0f; }
float tfHalfPixel(float i, const Axis& a) { return (i + 0.5f) / a.scale; }
float asymmetric(float i, const Axis& a) { return i / a.scale; }
float alignCorners(float i, const Axis& a) {
  return a.out > 1 ? i * static_cast<float>(a.in - 1) / static_cast<float>(a.out - 1) : 0.0f;
}
float cropAndResize(float i, const Axis& a) {
  const auto last = static_cast<float>(a.in - 1);
  if (a.out == 1) return 0.5f * (a.roiBegin + a.roiEnd) * last;
  return a.roiBegin * last + i * (a.roiEnd - a.roiBegin) * last / static_cast<float>(a.out - 1);
}

/// ONNX nearest_mode: the index nearest to a coordinate.
using Rounding = float (*)(float coordinate, const Axis& axis);

float preferFloor(float x, const Axis&) { return std::ceil(x - 0.5f); }
float preferCeil(float x, const Axis&) { return std::floor(x + 0.5f); }
float roundDown(float x, const Axis&) { return std::floor(x); }
float roundUp(float x, const Axis&) { return std::ceil(x); }
/// Before opset 11 nothing was said; ONNX Runtime rounds up when it shrinks and down otherwise.
float oldNearest(float x, const Axis& a) { return a.scale < 1 ? std::ceil(x) : std::floor(x); }

template <typename Function>
using Table = std::pair<std::string_view, Function>;

constexpr std::array<Table<Coordinate>, 6> kCoordinates = {{
    {"half_pixel", halfPixel},
    {"pytorch_half_pixel", pytorchHalfPixel},
    {"align_corners", alignCorners},
    {"asymmetric", asymmetric},
    {"tf_half_pixel_for_nn", tfHalfPixel},
    {"tf_crop_and_resize", cropAndResize},
}};
constexpr std::array<Table<Rounding>, 4> kNearest = {{
    {"round_prefer_floor", preferFloor},
    {"round_prefer_ceil", preferCeil},
    {"floor", roundDown},
    {"ceil", roundUp},
}};

template <typename Rows>
auto choose(const Rows& rows, std::string_view attribute, const std::string& value) {
  std::string known;
  for (const auto& [name, function] : rows) {
    if (name == value) return function;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw BadInput(std::string(attribute) + " is '" + value + "', expected one of " + known);
}

enum class Mode : std::uint8_t { Nearest, Linear, Cubic };

/// How the elements of one Resize are found.
struct Method {
  Mode mode = Mode::Nearest;
  Coordinate coordinate = asymmetric;
  Rounding nearest = oldNearest;
  float outside = 0;             ///< value beyond the input; only tf_crop_and_resize looks there
  float sharpness = -0.75f;      ///< of cubic interpolation: cubic_coeff_a
  bool excludesOutside = false;  ///< elements beyond the input have no weight
  bool crops() const { return coordinate == Coordinate{cropAndResize}; }
  bool isOutside(float x, const Axis& axis) const {
    return crops() && !(x >= 0 && x <= static_cast<float>(axis.in - 1));
  }
};

std::vector<std::int64_t> nearestIndices(const Axis& axis, const Method& method) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(axis.out));
  const auto last = static_cast<float>(axis.in - 1);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const float x = method.coordinate(static_cast<float>(i), axis);
    const float clamped = std::clamp(method.nearest(x, axis), 0.0f, last);
    indices[i] = method.isOutside(x, axis) ? -1 : static_cast<std::int64_t>(clamped);
  }
  return indices;
}

ValueId resizeNearest(NodeContext& c, ValueId x, const std::vector<Axis>& axes,
                      const Method& method) {
  std::vector<std::vector<std::int64_t>> source;
  for (const Axis& axis : axes) source.push_back(nearestIndices(axis, method));
  return remap(c, x, std::move(source), method.outside);
}

/// One of the elements that an interpolation along a dimension sums: its index for each output, or
/// -1 for the value outside, and its share.
struct Tap {
  std::vector<std::int64_t> index;
  std::vector<float> share;
  void add(std::int64_t from, float weight) {
    index.push_back(from);
    share.push_back(weight);
  }
};

ValueId take(NodeContext& c, ValueId x, std::size_t d, const Tap& tap, const Method& method) {
  std::vector<std::vector<std::int64_t>> source(c.shape(x).size());
  source[d] = tap.index;
  return remap(c, x, std::move(source), method.outside);
}

ValueId shareOf(NodeContext& c, ValueId x, std::size_t d, const Tap& tap) {
  Shape shape(c.shape(x).size() - d, 1);
  shape[0] = static_cast<std::int64_t>(tap.share.size());
  Tensor share(c.type(x), shape);
  for (std::int64_t i = 0; i < share.size(); ++i) {
    share.set(i, tap.share[static_cast<std::size_t>(i)]);
  }
  return c.constant("share", std::move(share));
}

/// (upper - lower) * share + lower, where lower and upper are the neighbours of each output's
/// coordinate.
ValueId interpolateLinearly(NodeContext& c, ValueId x, std::size_t d, const Axis& axis,
                            const Method& method) {
  Tap lower, upper;
  const auto last = static_cast<float>(axis.in - 1);
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const float coordinate = method.coordinate(static_cast<float>(i), axis);
    const bool outside = method.isOutside(coordinate, axis);
    const float at = std::clamp(coordinate, 0.0f, last);
    const auto below = static_cast<std::int64_t>(at);
    lower.add(outside ? -1 : below, 0);
    upper.add(outside ? -1 : std::min(below + 1, axis.in - 1), at - static_cast<float>(below));
  }
  const std::vector<ValueId> inputs = {take(c, x, d, upper, method), take(c, x, d, lower, method),
                                       shareOf(c, x, d, upper)};
  return c.emit(Elementwise{}, inputs,
                {{.op = ElementOp::Sub, .operand = 1},
                 {.op = ElementOp::Mul, .operand = 2},
                 {.op = ElementOp::Add, .operand = 1}});
}

/// Shares of the elements 1 before, at, 1 and 2 after floor(coordinate), of which it is `t` past
/// (Keys 1981, with parameter a).
std::array<float, 4> cubicShares(float t, float a) {
  const auto near = [a](float s) { return ((a + 2) * s - (a + 3)) * s * s + 1; };
  const auto far = [a](float s) { return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

/// A sum of four products an element.
ValueId interpolateCubically(NodeContext& c, ValueId x, std::size_t d, const Axis& axis,
                             const Method& method) {
  std::array<Tap, 4> taps;
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const float at = method.coordinate(static_cast<float>(i), axis);
    const bool outside = method.isOutside(at, axis);
    const float below = std::floor(at);
    std::array<float, 4> shares = cubicShares(at - below, method.sharpness);
    const std::int64_t first = static_cast<std::int64_t>(below) - 1;
    float sum = 0;
    for (std::int64_t k = 0; k < 4; ++k) {
      float& share = shares[static_cast<std::size_t>(k)];
      if (method.excludesOutside && (first + k < 0 || first + k >= axis.in)) share = 0;
      sum += share;
    }
    for (std::int64_t k = 0; k < 4; ++k) {
      const float share = shares[static_cast<std::size_t>(k)];
      const std::int64_t index = std::clamp<std::int64_t>(first + k, 0, axis.in - 1);
      taps[static_cast<std::size_t>(k)].add(outside ? -1 : index,
                                            method.excludesOutside ? share / sum : share);
    }
  }
  ValueId y = kNoValue;
  for (const Tap& tap : taps) {
    std::vector<ValueId> inputs = {take(c, x, d, tap, method), shareOf(c, x, d, tap)};
    std::vector<ElementStep> steps = {{.op = ElementOp::Mul, .operand = 1}};
    if (y != kNoValue) {
      inputs.push_back(y);
      steps.push_back({.op = ElementOp::Add, .operand = 2});
    }
    y = c.emit(Elementwise{}, std::move(inputs), std::move(steps));
  }
  return y;
}

/// Interpolation in several dimensions is one after the other.
ValueId interpolate(NodeContext& c, ValueId x, const std::vector<Axis>& axes,
                    const Method& method) {
  if (!isFloat(c.type(x))) throw NotPossible("interpolation is supported for floats only");
  const auto along = method.mode == Mode::Linear ? interpolateLinearly : interpolateCubically;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    const Axis& axis = axes[d];
    const bool whole = axis.roiBegin == 0 && axis.roiEnd == 1;
    if (axis.scale != 1 || !whole) x = along(c, x, d, axis, method);
  }
  return x;
}

void emitResize(NodeContext& c, ValueId x, const std::vector<Axis>& axes, const Method& method) {
  for (const Axis& axis : axes) requireIndexList(axis.out);
  const bool nearest = method.mode == Mode::Nearest;
  c.output(0, nearest ? resizeNearest(c, x, axes, method) : interpolate(c, x, axes, method));
}

// --- Reading the node ---

void setScale(Axis& axis, float scale) {
  const double extent = std::floor(static_cast<double>(static_cast<float>(axis.in) * scale));
  if (!(scale > 0) || !(extent >= 1) || extent > static_cast<double>(kMaxElements)) {
    throw BadInput("scale " + std::to_string(scale) + " of a dimension of " +
                   std::to_string(axis.in) + " leaves no sensible size");
  }
  axis.scale = scale;
  axis.out = static_cast<std::int64_t>(extent);
}

void setSize(Axis& axis, std::int64_t size) {
  if (size < 1 || size > kMaxElements) {
    throw BadInput("sizes holds " + std::to_string(size) + ", expected 1 to 2^40");
  }
  axis.out = size;
  axis.scale = static_cast<float>(size) / static_cast<float>(axis.in);
}

std::vector<float> realList(NodeContext& c, std::size_t index, const char* what) {
  const Tensor tensor = c.constantValue(c.input(index), what);
  std::vector<float> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    values.push_back(static_cast<float>(tensor.at(i)));
  }
  return values;
}

/// The list at `index` unless it is left out, which an empty tensor also says.
template <typename Read>
auto optionalList(NodeContext& c, std::size_t index, const Read& read) {
  const bool given = c.hasInput(index) && elementCount(c.shape(c.input(index))) > 0;
  return given ? read() : decltype(read()){};
}

std::vector<Axis> inputAxes(const Shape& shape) {
  std::vector<Axis> axes;
  for (const std::int64_t extent : shape) axes.push_back({.in = extent, .out = extent});
  return axes;
}

void requireLength(std::size_t length, std::size_t expected, const char* what) {
  if (length == expected) return;
  throw BadInput(std::string(what) + " has " + std::to_string(length) + " entries, expected " +
                 std::to_string(expected));
}

void setScales(std::vector<Axis>& axes, const std::vector<float>& scales) {
  requireLength(scales.size(), axes.size(), "scales");
  for (std::size_t d = 0; d < axes.size(); ++d) setScale(axes[d], scales[d]);
}

/// "linear" also means bilinear; "bilinear" is what Upsample called it in opset 7.
Mode readMode(NodeContext& c) {
  const std::string mode = c.text("mode", "nearest");
  if (mode == "nearest") return Mode::Nearest;
  if (mode == "linear" || mode == "bilinear") return Mode::Linear;
  if (mode == "cubic" && c.opset() >= 11) return Mode::Cubic;
  throw BadInput("mode is '" + mode + "', expected nearest, linear or, since opset 11, cubic");
}

Method readMethod(NodeContext& c) {
  Method method;
  method.mode = readMode(c);
  if (c.opset() < 11) return method;
  constexpr const char* kCoordinateMode = "coordinate_transformation_mode";
  method.coordinate = choose(kCoordinates, kCoordinateMode, c.text(kCoordinateMode, "half_pixel"));
  method.nearest = choose(kNearest, "nearest_mode", c.text("nearest_mode", "round_prefer_floor"));
  method.outside = c.real("extrapolation_value", 0);
  method.sharpness = c.real("cubic_coeff_a", method.sharpness);
  method.excludesOutside = c.integer("exclude_outside", 0) != 0;
  return method;
}

/// Upsample, and Resize as it was in opset 10: scales only.
void convertScaled(NodeContext& c) {
  const Method method = readMethod(c);
  const ValueId x = c.input(0);
  std::vector<Axis> axes = inputAxes(c.shape(x));
  setScales(axes, c.opset() < 9 ? c.reals("scales") : realList(c, 1, "scales"));
  emitResize(c, x, axes, method);
}

void readRegion(NodeContext& c, std::vector<Axis>& axes) {
  const auto roi = optionalList(c, 1, [&] { return realList(c, 1, "roi"); });
  requireLength(roi.size(), 2 * axes.size(), "roi");
  for (std::size_t d = 0; d < axes.size(); ++d) {
    axes[d].roiBegin = roi[d];
    axes[d].roiEnd = roi[d + axes.size()];
  }
}

void convertResize(NodeContext& c) {
  if (c.opset() < 11) return convertScaled(c);
  const Method method = readMethod(c);
  const ValueId x = c.input(0);
  std::vector<Axis> axes = inputAxes(c.shape(x));
  const auto sizes = optionalList(c, 3, [&] { return c.integers(3, "sizes"); });
  if (sizes.empty()) {
    setScales(axes, optionalList(c, 2, [&] { return realList(c, 2, "scales"); }));
  } else {
    requireLength(sizes.size(), axes.size(), "sizes");
    for (std::size_t d = 0; d < axes.size(); ++d) setSize(axes[d], sizes[d]);
  }
  if (method.crops()) readRegion(c, axes);
  emitResize(c, x, axes, method);
}

constexpr std::array kConverters = {
    Converter{"Resize", convertResize},
    Converter{"Upsample", convertScaled},
};

}  // namespace

std::span<const Converter> resizeConverters() { return kConverters; }

}  // namespace npusim::onnx_import
