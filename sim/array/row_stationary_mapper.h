#pragma once

#include <functional>

#include "sim/core/array_cost.h"
#include "sim/core/data_type.h"

namespace npusim {

/// Gives the mapping parameters of an instruction for its operands' format, each at least 1, none
/// larger than the instruction, fitting the array and the local stores.
using RowStationaryMapper = std::function<RowStationaryPass(DataType, const MatrixShape&)>;

}  // namespace npusim
