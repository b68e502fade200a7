#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim::modules {

/// The three indices of C[m x n] += A[m x k] B[k x n], each a list of loops.
enum class Index : std::uint8_t { M, N, K };
Index indexOf(LoopDim loop);

enum class Operand : std::uint8_t { Weights, Inputs, Outputs };
/// Whether the operand is a matrix over that index.
bool hasIndex(Operand operand, Index index);

/// One figure of three by its operand.
template <typename T>
auto& of(T& figures, Operand operand) {
  if (operand == Operand::Weights) return figures.weights;
  return operand == Operand::Inputs ? figures.inputs : figures.outputs;
}

/// The array as a dataflow wires it for one format: what each PE holds, and what runs through it
/// down the columns and across the rows.
struct Geometry {
  Geometry(const ArrayConfig& array, DataType format);

  ArrayConfig array;
  std::int64_t rows, cols;
  double macsPerCycle;          ///< of one PE
  std::int64_t depth;           ///< products along k that a PE adds in a step
  std::int64_t beat;            ///< cycles of a step, and of a hop over a link
  std::int64_t operandBytes;    ///< of one weight or input
  std::int64_t sumBytes;        ///< of a sum in the array
  std::int64_t storedSumBytes;  ///< of one at the accumulators
  Index alongRows, alongCols, streamed;
  Operand held, down, across;
  Travel downTravel, acrossTravel;

  bool holdsSums() const { return held == Operand::Outputs; }
  bool hopsDown() const { return hops(downTravel); }
  bool hopsAcross() const { return hops(acrossTravel); }
  /// Of the operand that all PEs hold, and its local store.
  const OperandStoreConfig& store() const;
  /// Bytes that a PE reads or writes at its store in a step: whole words.
  std::int64_t storeBytes() const;

  /// Cycles after the first PE in which an operand wave reaches this one.
  std::int64_t lagOf(std::int64_t row, std::int64_t col) const {
    return (hopsDown() ? row * beat : 0) + (hopsAcross() ? col * beat : 0);
  }
  /// Cycles from an operand's entry until its results are complete, less the beat of a step.
  std::int64_t waveCycles() const;
  /// Cycles of an adder tree over `leaves`: a beat for each level.
  std::int64_t treeCycles(std::int64_t leaves) const;

 private:
  static bool hops(Travel travel) { return travel == Travel::Forward || travel == Travel::Chain; }
  std::int64_t accesses() const;
};

}  // namespace npusim::modules
