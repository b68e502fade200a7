#include "workloads/onnx/window.h"

#include <algorithm>

namespace npusim::onnx_import {
namespace {

constexpr std::int64_t kMaxParameter = std::int64_t{1} << 31;

Shape bounded(const Shape& values, std::size_t length, std::int64_t least, const char* what) {
  if (values.size() != length) {
    throw BadInput(std::string(what) + " has " + std::to_string(values.size()) +
                   " entries, expected " + std::to_string(length));
  }
  for (const std::int64_t value : values) {
    if (value < least || value > kMaxParameter) {
      throw BadInput(std::string(what) + " holds " + std::to_string(value) + ", expected " +
                     std::to_string(least) + " to 2^31");
    }
  }
  return values;
}

std::int64_t extentOf(const Window& window, std::size_t d) {
  return window.dilations[d] * (window.kernel[d] - 1) + 1;
}

/// Padding that gives ceil(input / stride) outputs; the odd one goes to the end for SAME_UPPER.
void padSame(Window& window, const Shape& spatial, bool upper) {
  for (std::size_t d = 0; d < spatial.size(); ++d) {
    const std::int64_t stride = window.strides[d];
    const std::int64_t outputs = (spatial[d] + stride - 1) / stride;
    const std::int64_t reach = (outputs - 1) * stride + extentOf(window, d);
    const std::int64_t total = std::max<std::int64_t>(0, reach - spatial[d]);
    const std::int64_t half = total / 2;
    window.padsBegin[d] = upper ? half : total - half;
    window.padsEnd[d] = upper ? total - half : half;
  }
}

}  // namespace

Shape spatialShape(const Shape& shape) {
  if (shape.size() < 3 || shape.size() > 5) {
    throw NotPossible("input of shape " + toString(shape) +
                      " is not supported, only N,C,W and N,C,H,W and N,C,D,H,W");
  }
  return Shape(shape.begin() + 2, shape.end());
}

Window readWindow(NodeContext& context, const Shape& spatial, const Shape& kernel) {
  const std::size_t rank = spatial.size();
  const Shape ones(rank, 1);
  Window window;
  window.kernel = bounded(kernel, rank, 1, "the kernel shape");
  window.strides = bounded(context.integers("strides", ones), rank, 1, "strides");
  window.dilations = bounded(context.integers("dilations", ones), rank, 1, "dilations");
  const Shape pads = bounded(context.integers("pads", Shape(2 * rank, 0)), 2 * rank, 0, "pads");
  const std::string autoPad = context.text("auto_pad", "NOTSET");
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(rank);
  if (autoPad == "NOTSET") {
    window.padsBegin.assign(pads.begin(), middle);
    window.padsEnd.assign(middle, pads.end());
    return window;
  }
  window.padsBegin.assign(rank, 0);
  window.padsEnd.assign(rank, 0);
  if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
    padSame(window, spatial, autoPad == "SAME_UPPER");
  } else if (autoPad != "VALID") {
    throw BadInput("auto_pad is '" + autoPad +
                   "', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  }
  return window;
}

Shape pooledShape(const Window& window, const Shape& spatial, bool ceilMode) {
  Shape out;
  for (std::size_t d = 0; d < spatial.size(); ++d) {
    const std::int64_t room =
        spatial[d] + window.padsBegin[d] + window.padsEnd[d] - extentOf(window, d);
    const std::int64_t stride = window.strides[d];
    if (room < 0 && !(ceilMode && -room < stride)) {
      throw BadInput("kernel " + toString(window.kernel) + " is larger than the padded input " +
                     toString(spatial));
    }
    std::int64_t outputs = (room + (ceilMode ? stride - 1 : 0)) / stride + 1;
    if (ceilMode && (outputs - 1) * stride >= spatial[d] + window.padsBegin[d]) --outputs;
    out.push_back(outputs);
  }
  return out;
}

}  // namespace npusim::onnx_import
