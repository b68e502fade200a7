#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/array/module/fold_plan.h"
#include "sim/array/module/word.h"
#include "sim/core/traffic.h"
#include "sim/memory/storage.h"

namespace npusim::modules {

/// The buffers beside the array during one instruction: the matrices A, B and C, element by
/// element, counting every byte that goes in or out. T is float or int32_t.
template <typename T>
class Buffers {
 public:
  Buffers() = default;
  /// Zeros, for a run that only asks for the cost.
  Buffers(const Geometry& geometry, const MatrixShape& shape);
  /// What lies in the storages; C as the sums to start from.
  Buffers(const Geometry& geometry, const MatrixTile& tile, std::vector<Storage>& storages);

  /// The weights or inputs of a part; an empty word where the part has none.
  Word<T> operands(Operand operand, const Part& part);
  /// Where a part's sum belongs; Place{} where the part has none.
  static Place placeOfSum(const Part& part);
  /// What a sum stands at: in the accumulators, or where it has never been there, bias or zero.
  T sum(const Place& place);
  void store(const Place& place, T sum);

  /// Writes C to its storage.
  void save(const MatrixTile& tile, std::vector<Storage>& storages) const;

  /// Bytes read and written so far.
  const ByOperand<ReadWrite>& traffic() const { return traffic_; }
  std::int64_t sumsStored() const { return sumsStored_; }

 private:
  T element(Operand operand, const Place& place) const;
  std::size_t positionOf(const Place& place) const;

  std::int64_t m_ = 0, n_ = 0, k_ = 0;
  std::int64_t operandBytes_ = 0, sumBytes_ = 0;
  std::vector<T> a_, b_, c_;
  std::vector<bool> accumulated_;  ///< which sums lie in the accumulators
  ByOperand<ReadWrite> traffic_;
  std::int64_t sumsStored_ = 0;
};

}  // namespace npusim::modules
