#pragma once

#include <array>
#include <string>
#include <string_view>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"
#include "sim/core/data_type.h"

namespace npusim {

/// The matrix instruction that a trace shows, and the array it ran on.
struct ArraySubject {
  std::string title;  ///< what ran where, such as "gemm 3 2 4 on edge"
  ArrayConfig array;
  DataType format = DataType::Int8;
  MatrixShape shape;
  ArrayTiming timing;
};

/// How an operand of the product comes to a PE.
struct OperandTravel {
  char letter;  ///< a, b or c
  std::string_view name;
  char symbol;  ///< before it in pictures: * held, > to the right, v down, ...
  std::string_view words;
};

/// Inputs a[m,k], weights b[k,n] and partial sums c[m,n], in this order. An operand that the
/// columns index moves from row to row (down), one that the rows index from column to column.
std::array<OperandTravel, 3> travelsOf(const Dataflow& dataflow);

/// Which of m, n, k a loop belongs to, as a letter.
char letterOf(LoopDim dim);

/// "fill", "stream" or "drain": what the array does in a cycle of the instruction.
std::string_view phaseOf(const ArrayTiming& timing, std::int64_t cycle);

/// Products that a PE does in one step, along k.
std::int64_t stepDepth(const ArraySubject& subject);

}  // namespace npusim
