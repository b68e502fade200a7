#pragma once

#include <cstdint>

#include "sim/isa/program.h"

namespace npusim {

/// x[i] = op(x[i], y[i]) for every lane, or op(y[i], x[i]) when the step is reversed. For unary
/// operations `y` is not read. fp32 throughout, one rounding an operation as written in
/// sim/core/element_op.h.
void applyStep(const isa::VectorStep& step, const float* y, std::int64_t lanes, float* x);

/// The same in int64 modulo 2^64. Only operations for which integersCompute() holds; division
/// truncates toward zero and throws CheckFailed for a zero divisor.
void applyStep(const isa::VectorStep& step, const std::int64_t* y, std::int64_t lanes,
               std::int64_t* x);

/// Operations whose results the int64 path gives exactly.
bool integersCompute(ElementOp op);

/// sum[i] = reduce(sum[i], x[i]).
void applyReduce(ReduceOp op, const float* x, std::int64_t lanes, float* sum);
void applyReduce(ReduceOp op, const std::int64_t* x, std::int64_t lanes, std::int64_t* sum);

/// What a reduction starts from: 0 for a sum, the lowest or highest value for Max and Min.
template <typename T>
T reduceStart(ReduceOp op);

}  // namespace npusim
