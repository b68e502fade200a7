#pragma once

#include <cstdint>

#include "sim/core/tensor.h"

namespace npusim {

/// Where each value of a tensor of weights lies in the matrix [reduction, outputs] that the array
/// multiplies by. Several such matrices may follow one another.
struct MatrixLayout {
  std::int64_t rows = 1, columns = 1;
  std::int64_t columnStride = 1;
  std::int64_t windowStride = 1, window = 1;  ///< positions in a window, outermost in the reduction
  std::int64_t channelStride = 1;             ///< of channels

  std::int64_t column(std::int64_t i) const { return i / columnStride % columns; }
  std::int64_t row(std::int64_t i) const {
    const std::int64_t channels = rows / window;
    return i / windowStride % window * channels + i / channelStride % channels;
  }
  std::int64_t matrix(std::int64_t i) const { return i / (rows * columns); }
};

/// Of weights [outputs, channels, window...]; the reduction has the channel innermost.
MatrixLayout convolutionLayout(const Shape& shape);
/// Of [rows, columns], or [columns, rows].
MatrixLayout matMulLayout(const Shape& shape, bool transposed);

/// Rounds every value to a code of `bits` bits, symmetric, times the scale of its column's group of
/// `rowsPerScale` rows (0: all rows). Returns the scale of every value.
Tensor roundToScales(Tensor& weights, const MatrixLayout& layout, std::int64_t rowsPerScale,
                     int bits);

/// Rounds every value to the nearest of 2^bits, one of which is zero.
void roundToPalette(Tensor& weights, int bits);

/// Sets `share` of the values to zero, those of least magnitude.
void prune(Tensor& weights, double share);

}  // namespace npusim
