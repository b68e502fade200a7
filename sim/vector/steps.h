#pragma once

#include <cstdint>

#include "sim/isa/program.h"

namespace npusim {

/// Arithmetic of a pass. float, double: one rounding an operation as written in
/// sim/core/element_op.h. int64, uint64: modulo 2^64, only operations for which integersCompute()
/// holds; division truncates toward zero and throws CheckFailed for a zero divisor.
///
/// x[i] = op(x[i], y[i]) for every lane, or op(y[i], x[i]) when the step is reversed. For unary
/// operations `y` is not read.
template <typename T>
void applyStep(const isa::VectorStep& step, const T* y, std::int64_t lanes, T* x);

/// Operations whose results the integer paths give exactly.
bool integersCompute(ElementOp op);

/// sum[i] = reduce(sum[i], x[i]).
template <typename T>
void applyReduce(ReduceOp op, const T* x, std::int64_t lanes, T* sum);

/// What a reduction starts from: 0 for a sum, the lowest or highest value for Max and Min.
template <typename T>
T reduceStart(ReduceOp op);

}  // namespace npusim
