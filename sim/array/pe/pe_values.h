#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/observer.h"
#include "sim/array/pe/adder_trees.h"
#include "sim/array/pe/fold_plan.h"
#include "sim/array/pe/lines.h"
#include "sim/array/pe/pe_step.h"

namespace npusim {

/// The machine without values: everything moves, and is counted, but nothing is computed.
struct NoValues {
  void move(std::int64_t /*cycle*/) {}
  bool enterAcross(std::int64_t /*line*/, std::int64_t /*plane*/, std::int64_t /*element*/) {
    return false;
  }
  void enterNoAcross(std::int64_t /*line*/, std::int64_t /*plane*/) {}
  bool enterDown(std::int64_t /*lane*/, std::int64_t /*plane*/, std::int64_t /*element*/) {
    return false;
  }
  void enterNoDown(std::int64_t /*lane*/, std::int64_t /*plane*/) {}
  void enterSum(std::int64_t /*lane*/, std::int64_t /*element*/) {}
  void leaveSum(std::int64_t /*lane*/, std::int64_t /*element*/) {}
  bool fill(std::int64_t /*line*/, std::int64_t /*lane*/, std::int64_t /*plane*/,
            std::int64_t /*element*/) {
    return false;
  }
  void fillNothing(std::int64_t /*line*/, std::int64_t /*lane*/, std::int64_t /*plane*/) {}
  void fillSum(std::int64_t /*line*/, std::int64_t /*lane*/, std::int64_t /*element*/) {}
  void takeNext(std::int64_t /*line*/, std::int64_t /*lane*/) {}
  void finishSum(std::int64_t /*line*/, std::int64_t /*lane*/) {}
  void drainSum(std::int64_t /*line*/, std::int64_t /*lane*/, std::int64_t /*element*/) {}
  void step(LineView<const FlagWord> /*arrived*/, std::int64_t /*words*/) {}
  PeCycle operandsOf(std::int64_t /*line*/, std::int64_t /*lane*/, std::int64_t /*plane*/) {
    return {};
  }
};

/// The dense blocks of a product: A [m x k], B [k x n], C [m x n]. C is what lies in the
/// accumulators.
template <typename T>
struct DenseBlocks {
  std::vector<T> inputs, weights, sums;
};

/// The values in the registers of all PEs.
template <typename T>
class PeValues {
 public:
  PeValues(const FoldPlan& plan, DenseBlocks<T>& blocks);

  /// Everything on the links, and in the adder trees, that is due in `cycle` moves a hop.
  void move(std::int64_t cycle);

  /// The first PE of a line (or its bus) gets an operand, or none. Returns whether it is zero.
  bool enterAcross(std::int64_t line, std::int64_t plane, std::int64_t element) {
    const T value = acrossBlock_[element];
    across_.now().enter(line, plane, value);
    return value == T{};
  }
  void enterNoAcross(std::int64_t line, std::int64_t plane) {
    across_.now().enter(line, plane, kNoAcross<T>);
  }
  bool enterDown(std::int64_t lane, std::int64_t plane, std::int64_t element) {
    const T value = stationaryBlock_[element];
    down_.now().at(0, lane, plane) = value;
    return value == T{};
  }
  void enterNoDown(std::int64_t lane, std::int64_t plane) {
    down_.now().at(0, lane, plane) = kNoStationary<T>;
  }
  /// A sum enters the chain of a lane, or leaves its last PE or the root of its tree.
  void enterSum(std::int64_t lane, std::int64_t element) {
    down_.now().at(0, lane) = sumBlock_[element];
  }
  void leaveSum(std::int64_t lane, std::int64_t element);

  /// A column bus brings a PE the operand, or the sum, of its next fold.
  bool fill(std::int64_t line, std::int64_t lane, std::int64_t plane, std::int64_t element) {
    const T value = stationaryBlock_[element];
    filled().at(line, lane, plane) = value;
    return value == T{};
  }
  void fillNothing(std::int64_t line, std::int64_t lane, std::int64_t plane) {
    filled().at(line, lane, plane) = kNoStationary<T>;
  }
  void fillSum(std::int64_t line, std::int64_t lane, std::int64_t element) {
    next_.at(line, lane) = sumBlock_[element];
  }
  /// The PE begins the next fold: its held operand, or its sum, is what the bus brought; a sum that
  /// no bus brought is zero.
  void takeNext(std::int64_t line, std::int64_t lane);
  void finishSum(std::int64_t line, std::int64_t lane) {
    done_.at(line, lane) = held_.at(line, lane);
  }
  void drainSum(std::int64_t line, std::int64_t lane, std::int64_t element) {
    sumBlock_[element] = done_.at(line, lane);
  }

  void step(LineView<const FlagWord> arrived, std::int64_t words) {
    stepPes(registers(), arrived, words);
  }
  /// What a PE that stepped in this cycle multiplied last, in `plane`, and its sum.
  PeCycle operandsOf(std::int64_t line, std::int64_t lane, std::int64_t plane);

 private:
  /// What the PEs' steps work on in this cycle.
  StepRegisters<T> registers();
  PeRegister<T>& filled() { return plan_.doubleBuffered ? next_ : held_; }

  const FoldPlan& plan_;
  const T *acrossBlock_, *stationaryBlock_;
  T* sumBlock_;
  ByCycle<AcrossRegister<T>> across_;
  ByCycle<DownRegister<T>> down_;  ///< operands, or the sums of chains
  ByCycle<AdderTrees<T>> trees_;
  PeRegister<T> held_, next_, done_;  ///< held operands, or sums
};

}  // namespace npusim
