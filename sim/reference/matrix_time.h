#pragma once

#include <cstdint>

#include "sim/config/reference_config.h"
#include "sim/core/operator_work.h"

namespace npusim {

/// How a machine cuts one matrix operator: the block of outputs that a core computes at once and
/// into how many parts the reduction is split.
struct MatrixBlocking {
  std::int64_t tileM = 1, tileN = 1, splitK = 1;
  double cycles = 0;
};

/// The fastest blocking of `work` in `format`, which the machine must have. Candidates are the
/// machine's tile, each side halved up to twice (a tile of reuse r relative to the full one runs at
/// 2r / (1 + r) of its efficiency), and reductions split over up to 16 cores (which costs eight
/// steps of tileK for the partial sums); or the vector units, one multiply-accumulate per element
/// operation. Tiles that do not fill count as full, and so does the last wave over the cores.
MatrixBlocking blockMatrix(const ReferenceConfig& machine, const OperatorWork& work,
                           DataType format);

}  // namespace npusim
