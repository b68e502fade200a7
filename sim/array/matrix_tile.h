#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "sim/core/array_cost.h"
#include "sim/memory/access.h"

namespace npusim {

/// One matrix instruction with its loop indices filled in. Positions and strides are in the order
/// m0 m1 m2 n k0 k1 k2.
struct MatrixTile {
  static constexpr std::size_t kDimensions = 7;
  static constexpr std::size_t kN = 3;     ///< dimension of n
  static constexpr std::size_t kLast = 6;  ///< innermost dimension of k

  std::array<std::int64_t, kDimensions> extents{};
  ResolvedAccess a, b, c;  ///< c holds fp32, fp16, int32 or int64 sums
  std::optional<ResolvedAccess> bias;
  std::optional<ResolvedAccess> zeroA, zeroB;  ///< zero points, over m and over n
  std::int32_t padding = 0;                    ///< A's value outside its bounds
  bool accumulates = false;                    ///< adds to C instead of starting a new sum
  std::int64_t usefulNumerator = 1, usefulDenominator = 1;
  RowStationaryPass pass = {};  ///< of a row-stationary array

  std::int64_t m() const { return extents[0] * extents[1] * extents[2]; }
  std::int64_t n() const { return extents[kN]; }
  std::int64_t k() const { return extents[4] * extents[5] * extents[6]; }
  bool empty() const { return m() * n() * k() == 0; }

  MatrixShape shape() const;
};

/// Operand format under which the array's rates are listed: uint8 counts as int8.
DataType arrayFormat(DataType operand);

}  // namespace npusim
