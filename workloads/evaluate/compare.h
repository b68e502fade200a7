#pragma once

#include <span>
#include <string>

#include "sim/core/tensor.h"

namespace npusim {

/// Allowed difference: |a - b| <= absolute + relative * max|reference|.
struct Tolerance {
  double absolute = 1e-4;
  double relative = 1e-3;
};

/// How far a tensor, or a list of outputs taken together, is from its reference.
struct Comparison {
  double maxAbsError = 0;
  double maxRelError = 0;       ///< maxAbsError / max|reference| of the worst tensor
  double cosineSimilarity = 1;  ///< of the worst tensor; 1 when both are zero
  bool argMaxEqual = true;      ///< along the last axis, in every row; the first of equals counts
  bool passed = true;           ///< within the tolerance everywhere, without a NaN
};

/// Compares values converted to double. NaN on either side never passes and makes both errors
/// infinite; infinities of one sign are equal. Throws BadInput when the shapes differ.
Comparison compare(const Tensor& actual, const Tensor& reference, const Tolerance& tolerance = {});

/// The worst of each figure over a list of outputs. Throws BadInput when the lengths differ.
Comparison compare(std::span<const Tensor> actual, std::span<const Tensor> reference,
                   const Tolerance& tolerance = {});

}  // namespace npusim
