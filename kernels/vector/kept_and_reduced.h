#pragma once

#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::vector {

/// Task dimensions for a tensor: the kept logical dimensions in the order they lie in memory, then
/// the others in logical order (the order in which a reduction is defined).
struct Split {
  std::vector<plan::Dimension> dims;
  std::vector<int> kept, reduced;  ///< task dimensions
  std::vector<int> dimOf;          ///< task dimension of each logical one
};

/// The split of a view whose logical dimensions `axes` are reduced.
Split split(const plan::View& view, const std::vector<int>& axes);

/// Every logical dimension at its task dimension.
lowering::DimMap identityMap(const Split& split);

}  // namespace npusim::vector
