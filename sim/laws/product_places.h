#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/core/array_cost.h"

namespace npusim {

/// Where an operand of a matrix instruction lies. Strides in bytes by m0 m1 m2 n k0 k1 k2, as
/// MatrixShape counts them.
struct OperandPlace {
  std::size_t buffer = 0;  ///< of ChipConfig::buffers
  std::int64_t address = 0;
  std::array<std::int64_t, 7> strides{};
  std::int64_t elementBytes = 1;
  bool operator==(const OperandPlace&) const = default;
};

/// One matrix instruction as the buffers see it.
struct ProductPlaces {
  MatrixShape shape;
  OperandPlace a, b, c;
  bool operator==(const ProductPlaces&) const = default;
};

/// Equal parts of one loop of MatrixShape::extents, the last one ragged.
struct Cut {
  std::size_t dim = 3;
  std::int64_t each = 1, parts = 1;
  bool operator==(const Cut&) const = default;
};

/// How one matrix instruction is dealt over arrays in step: its columns (n) and one loop of its
/// rows (m) are cut, and each array computes one part of both. Arrays with the same rows share
/// their inputs, arrays with the same columns their weights.
struct Dealing {
  Cut columns, rows;
  bool operator==(const Dealing&) const = default;

  std::int64_t parts() const { return columns.parts * rows.parts; }
  /// The product of the array with part `column` of the columns and `row` of the rows.
  MatrixShape shapeOf(const MatrixShape& whole, std::int64_t column = 0,
                      std::int64_t row = 0) const;
};

}  // namespace npusim
