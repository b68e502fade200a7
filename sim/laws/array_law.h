#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"

namespace npusim {

/// A matrix product C[m x n] (+)= A[m x k] B[k x n] given to the array in one instruction.
struct MatrixShape {
  std::int64_t m = 0, n = 0, k = 0;
};

/// When one matrix instruction uses the array, in core cycles. In the `overlapped` convention the
/// prologue of an instruction may run under the stream of the one before it, and its own drain
/// under the stream of the one after; alone it takes total().
struct ArrayTiming {
  std::int64_t prologue = 0;  ///< first stationary tile shifted in
  std::int64_t stream = 0;    ///< operands enter the array
  std::int64_t drain = 0;     ///< skew of the last results
  std::int64_t total() const { return prologue + stream + drain; }
};

/// What one matrix instruction moves and how the array's PE-cycles were spent.
struct ArrayWork {
  std::int64_t inputBytes = 0;         ///< A read from its buffer
  std::int64_t weightBytes = 0;        ///< B read from its buffer
  std::int64_t partialReadBytes = 0;   ///< partial sums read back from the accumulators
  std::int64_t partialWriteBytes = 0;  ///< partial sums and results written to them
  std::int64_t localStoreReadBytes = 0, localStoreWriteBytes = 0;
  std::int64_t networkBytes = 0;  ///< handed from PE to PE
  double edgePeCycles = 0;        ///< PEs outside a ragged fold while operands stream
  double fillDrainPeCycles = 0;   ///< cycles in which no operands stream
};

/// Cycles of one instruction on an otherwise idle array. With R rows, C columns (a PE that does
/// d > 1 MACs a cycle in this format counts as d rows of the reduction), and operands that enter
/// once every 1/d cycles for d < 1:
///
/// overlapped
///   weight_stationary  R + sum over folds of max(m, R) + R + C - 2      (design 4.14; without
///   double-buffered weights each later fold adds R instead: R + F m + (F - 1) R + R + C - 2)
///   input_stationary   the same with n streaming and m along the columns
///   output_stationary  sum over folds of max(k, R) + R + C - 2 + R      (results of a fold shift
///   out in R cycles under the next fold's operands)
/// scale_sim (closed form of SCALE-Sim v2, no overlap between folds)
///   weight_stationary  ceil(k/R) ceil(n/C) (m + 2R + C - 2) - 1
///   input_stationary   ceil(k/R) ceil(m/C) (n + 2R + C - 2) - 1
///   output_stationary  ceil(m/R) ceil(n/C) (k + R + C - 2) - 1
ArrayTiming arrayTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape);

/// Bytes and lost PE-cycles of the same instruction. `accumulates`: it adds to existing sums.
ArrayWork arrayWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                    bool accumulates);

/// Bytes of one operand element in `format` (partial sums are always 4 bytes).
constexpr std::int64_t kPartialSumBytes = 4;

}  // namespace npusim
