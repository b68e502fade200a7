#pragma once

#include <array>
#include <cstdint>

#include "sim/core/tensor.h"

namespace npusim {

/// Row-major strides of `shape` read as if broadcast to the shape `to`: 0 along stretched
/// dimensions. Throws InternalError when it does not broadcast to exactly `to`.
Shape broadcastStrides(const Shape& shape, const Shape& to);

/// Calls visit(offset) for every index of `shape` in row-major order, with
/// offset = start + sum of index times stride.
template <typename Visit>
void forEachOffset(const Shape& shape, const Shape& strides, Visit& visit, std::size_t axis = 0,
                   std::int64_t start = 0) {
  if (axis == shape.size()) {
    visit(start);
    return;
  }
  const bool last = axis + 1 == shape.size();
  for (std::int64_t i = 0; i < shape[axis]; ++i, start += strides[axis]) {
    if (last) {
      visit(start);
    } else {
      forEachOffset(shape, strides, visit, axis + 1, start);
    }
  }
}

/// A window sliding over up to three spatial dimensions; missing leading ones have size 1.
/// Positions, taps (window elements) and pixels (outputs) are flattened row-major.
struct Window {
  using Extents = std::array<std::int64_t, 3>;
  Extents input{1, 1, 1}, kernel{1, 1, 1}, strides{1, 1, 1}, dilations{1, 1, 1};
  Extents padsBegin{}, padsEnd{}, output{1, 1, 1};

  struct Source {
    std::int64_t position = -1;  ///< in the input, or -1 in the padding and past it
    bool padded = false;         ///< lies in the input or its padding
  };

  std::int64_t positions() const { return input[0] * input[1] * input[2]; }
  std::int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  std::int64_t pixels() const { return output[0] * output[1] * output[2]; }

  /// What output `pixel` reads through window element `tap`.
  Source source(std::int64_t pixel, std::int64_t tap) const;
};

/// The window of a Convolution or Pool over spatial input dimensions `input`.
template <typename Windowed>
Window makeWindow(const Windowed& op, const Shape& input, const Shape& kernel, const Shape& output);

}  // namespace npusim
