#pragma once

#include <array>
#include <cstdint>

#include "sim/core/data_type.h"
#include "sim/core/traffic.h"

namespace npusim {

/// Type of the array's partial sums by the format of its operands. A product of two int16 takes 32
/// bits alone: its sums are int64, which no product that fits a memory overflows. Hardware has 48
/// bits there (nvdla/doc, hw/v1/ias/unit_description.rst, convolution accumulator), enough for 2^17
/// products; here a sum takes whole words.
constexpr DataType sumTypeOf(DataType operand) {
  if (operand == DataType::Int16) return DataType::Int64;
  return operand == DataType::Int8 || operand == DataType::UInt8 ? DataType::Int32
                                                                 : DataType::Float32;
}

/// Bytes of a partial sum in the array; in the accumulators' buffer it takes
/// ArrayConfig::storedSumBytes().
constexpr std::int64_t sumBytesOf(DataType operand) { return operand == DataType::Int16 ? 8 : 4; }

/// How a row-stationary array passes over one instruction: the mapping parameters of Eyeriss (Chen
/// et al., JSSC 2017, Table II). All 0: the law chooses.
struct RowStationaryPass {
  std::int64_t e = 0;  ///< output rows a set of PEs computes: its width
  std::int64_t p = 0;  ///< filters that a PE interleaves
  std::int64_t q = 0;  ///< channels that a PE interleaves
  std::int64_t r = 0;  ///< sets side by side with other channels, whose sums join in the array
  std::int64_t t = 0;  ///< sets side by side with other filters
  bool given() const { return e > 0; }
  // clang-tidy 14 takes what = default makes of <=> for a null pointer.
  auto operator<=>(const RowStationaryPass&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// A whole layer's mapping on a row-stationary chip (JSSC 2017, Table III).
struct RowStationaryMapping {
  std::int64_t n = 1;  ///< images of a pass
  std::int64_t m = 1;  ///< output channels whose sums the accumulators hold at a time
  RowStationaryPass pass;
};

/// A matrix product C[m x n] (+)= A[m x k] B[k x n] given to the array in one instruction, as a
/// convolution sees it: extents of B OY OX (m), K (n), FY FX C (k).
struct MatrixShape {
  std::array<std::int64_t, 7> extents = {1, 1, 1, 1, 1, 1, 1};
  /// Input rows and columns from one output to the next, and from one tap of the filter to the next
  /// (dilation), both without their common factor.
  std::array<std::int64_t, 2> strides = {1, 1};
  std::array<std::int64_t, 2> dilations = {1, 1};
  bool accumulates = false;     ///< sums start from those in the accumulators
  bool addsBias = false;        ///< sums start from a bias by n
  RowStationaryPass pass = {};  ///< of a row-stationary array

  static MatrixShape product(std::int64_t m, std::int64_t n, std::int64_t k) {
    return {{1, 1, m, n, 1, 1, k}};
  }
  std::int64_t m() const { return extents[0] * extents[1] * extents[2]; }
  std::int64_t n() const { return extents[3]; }
  std::int64_t k() const { return extents[4] * extents[5] * extents[6]; }
  std::int64_t macs() const { return m() * n() * k(); }
  bool startsFromSums() const { return accumulates || addsBias; }
  // clang-tidy 14 takes what = default makes of <=> for a null pointer.
  auto operator<=>(const MatrixShape&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// When one matrix instruction uses the array, in core cycles. In the `overlapped` convention the
/// prologue of an instruction may run under the stream of the one before it, and its own drain
/// under the stream of the one after; alone it takes total().
struct ArrayTiming {
  std::int64_t prologue = 0;  ///< first held tile enters
  std::int64_t stream = 0;    ///< operands enter the array
  std::int64_t drain = 0;     ///< skew of the last results
  std::int64_t total() const { return prologue + stream + drain; }
  bool operator==(const ArrayTiming&) const = default;
};

/// What one matrix instruction moves and how the array's PE-cycles were spent.
struct ArrayWork {
  std::int64_t inputBytes = 0;         ///< A read from its buffer
  std::int64_t weightBytes = 0;        ///< B read from its buffer
  std::int64_t partialReadBytes = 0;   ///< partial sums read back from the accumulators
  std::int64_t partialWriteBytes = 0;  ///< partial sums and results written to them
  ByOperand<ReadWrite> localStore;     ///< bytes at the PEs' own stores, whole words
  ByOperand<std::int64_t> network;     ///< bytes that PEs took from links and buses to use, or sent
  std::int64_t cacheHits = 0;          ///< operands found in a PE's own cache
  std::int64_t cacheMisses = 0;        ///< operands that a PE had to wait for
  double waitPeCycles = 0;             ///< PEs waiting for lines of a buffer
  double edgePeCycles =
      0;  ///< without a MAC while operands stream: ragged folds, and ports too few
  double fillDrainPeCycles = 0;  ///< cycles in which no operands stream
  bool operator==(const ArrayWork&) const = default;
};

/// What zero inputs were worth in one instruction.
struct ZeroWork {
  std::int64_t macs = 0;            ///< products whose input was zero
  ByOperand<ReadWrite> savedStore;  ///< local-store bytes that gating spared
  bool operator==(const ZeroWork&) const = default;
};

}  // namespace npusim
