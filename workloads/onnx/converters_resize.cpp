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
using Nearest = float (*)(float coordinate, const Axis& axis);

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
constexpr std::array<Table<Nearest>, 4> kNearest = {{
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

/// How the elements of one Resize are found.
struct Method {
  bool linear = false;
  Coordinate coordinate = asymmetric;
  Nearest nearest = oldNearest;
  float outside = 0;  ///< value beyond the input; only tf_crop_and_resize looks there
  bool crops() const { return coordinate == Coordinate{cropAndResize}; }
};

std::vector<std::int64_t> nearestIndices(const Axis& axis, const Method& method) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(axis.out));
  const auto last = static_cast<float>(axis.in - 1);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const float x = method.coordinate(static_cast<float>(i), axis);
    const bool outside = method.crops() && !(x >= 0 && x <= last);
    const float clamped = std::clamp(method.nearest(x, axis), 0.0f, last);
    indices[i] = outside ? -1 : static_cast<std::int64_t>(clamped);
  }
  return indices;
}

ValueId resizeNearest(NodeContext& c, ValueId x, const std::vector<Axis>& axes,
                      const Method& method) {
  std::vector<std::vector<std::int64_t>> source;
  for (const Axis& axis : axes) source.push_back(nearestIndices(axis, method));
  return remap(c, x, std::move(source), method.outside);
}

/// Linear interpolation along dimension `d`: (upper - lower) * share + lower, where lower and upper
/// are the neighbours of each output element's coordinate.
ValueId interpolate(NodeContext& c, ValueId x, std::size_t d, const Axis& axis,
                    const Method& method) {
  const std::size_t rank = c.shape(x).size();
  std::vector<std::vector<std::int64_t>> lower(rank), upper(rank);
  Shape shareShape(rank - d, 1);
  shareShape[0] = axis.out;
  Tensor share(c.type(x), shareShape);
  const auto last = static_cast<float>(axis.in - 1);
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const float at = std::clamp(method.coordinate(static_cast<float>(i), axis), 0.0f, last);
    const auto below = static_cast<std::int64_t>(at);
    lower[d].push_back(below);
    upper[d].push_back(std::min(below + 1, axis.in - 1));
    share.set(i, at - static_cast<float>(below));
  }
  const ValueId low = remap(c, x, std::move(lower));
  const ValueId high = remap(c, x, std::move(upper));
  const ValueId weights = c.constant("share", std::move(share));
  return c.emit(Elementwise{}, {high, low, weights},
                {{.op = ElementOp::Sub, .operand = 1},
                 {.op = ElementOp::Mul, .operand = 2},
                 {.op = ElementOp::Add, .operand = 1}});
}

/// Multilinear interpolation is one interpolation a dimension.
ValueId resizeLinear(NodeContext& c, ValueId x, const std::vector<Axis>& axes,
                     const Method& method) {
  if (method.crops()) throw NotPossible("tf_crop_and_resize is supported for nearest only");
  if (!isFloat(c.type(x))) throw NotPossible("linear resizing is supported for floats only");
  for (std::size_t d = 0; d < axes.size(); ++d) {
    if (axes[d].scale != 1) x = interpolate(c, x, d, axes[d], method);
  }
  return x;
}

void emitResize(NodeContext& c, ValueId x, const std::vector<Axis>& axes, const Method& method) {
  for (const Axis& axis : axes) requireIndexList(axis.out);
  c.output(0, method.linear ? resizeLinear(c, x, axes, method) : resizeNearest(c, x, axes, method));
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
bool readsLinear(NodeContext& c) {
  const std::string mode = c.text("mode", "nearest");
  if (mode == "nearest") return false;
  if (mode == "linear" || mode == "bilinear") return true;
  throw NotPossible("mode '" + mode + "' is not supported, only 'nearest' and 'linear'");
}

Method readMethod(NodeContext& c) {
  Method method{.linear = readsLinear(c)};
  if (c.opset() < 11) return method;
  constexpr const char* kCoordinateMode = "coordinate_transformation_mode";
  method.coordinate = choose(kCoordinates, kCoordinateMode, c.text(kCoordinateMode, "half_pixel"));
  method.nearest = choose(kNearest, "nearest_mode", c.text("nearest_mode", "round_prefer_floor"));
  method.outside = c.real("extrapolation_value", 0);
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
    Converter{"Resize", convertResize, "cubic_coeff_a exclude_outside"},
    Converter{"Upsample", convertScaled},
};

}  // namespace

std::span<const Converter> resizeConverters() { return kConverters; }

}  // namespace npusim::onnx_import
