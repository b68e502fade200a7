#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "sim/array/pe/fold_plan.h"

namespace npusim {

/// Operands that enter the array at its first PE: step `step` of fold `fold`.
struct Wave {
  std::int32_t fold = -1, step = 0;
  bool real() const { return fold >= 0; }
};

/// A row that the column buses serve: its operand (or sum) of fold `fold`.
struct RowTurn {
  std::int32_t fold = -1, row = 0;
  bool real() const { return fold >= 0; }
};

/// What happened at the array's first PE in the last cycles. A PE further on sees the same so many
/// cycles later as it lies hops away.
template <typename T>
class History {
 public:
  explicit History(std::int64_t length);

  /// Begins another cycle.
  void push(T entry) { entries_[static_cast<std::size_t>(++now_ & mask_)] = entry; }
  /// `ago` cycles before the present one; at most the length.
  const T& at(std::int64_t ago) const {
    return entries_[static_cast<std::size_t>((now_ - ago) & mask_)];
  }

 private:
  std::vector<T> entries_;
  std::int64_t now_ = 0, mask_;
};

/// The array's controller: decides cycle by cycle which operands enter and which row the column
/// buses serve. It knows the hops and the beat, nothing of values.
///
/// Folds. The first begins when the rows have been filled. overlapped: the next one begins a slot
/// later, as soon as a fold has streamed and the buses have served every row once; without double
/// buffering filling follows streaming. A fold that continues sums begins when they have left the
/// chain. scale_sim: a fold is filled, streams and drains before the next.
///
/// Buses. Into the array: a row asks for its operand of the next fold when its register is free,
/// the longest waiting row is served, one a cycle. Out of it (held sums): the rows have their turns
/// one after the other, so that the last row's is the last; a row leaves at its first turn after it
/// has finished.
class Controller {
 public:
  explicit Controller(const FoldPlan& plan);

  /// Begins the next cycle; the first call begins cycle 0.
  void tick();

  std::int64_t cycle() const { return cycle_; }
  const Wave& waveAt(std::int64_t ago) const { return waves_.at(ago); }
  const RowTurn& loadAt(std::int64_t ago) const { return loads_.at(ago); }
  const RowTurn& drainAt(std::int64_t ago) const { return drains_.at(ago); }
  /// Whether operands may be on the links, the column buses in use, in this cycle.
  bool operandsMove() const { return cycle_ <= quietAfter_[phase()]; }
  bool loadsMove() const { return cycle_ <= lastLoad_ + busLag_; }
  bool drainsMove() const { return cycle_ <= lastDrain_ + busLag_; }

  bool fills() const { return fills_; }

  /// When operands first entered, when the last ones had, and when the last fold's slot ended.
  std::int64_t firstEntry() const { return starts_.front(); }
  std::int64_t lastEntryEnd() const { return lastEntry_ + plan_.beat; }
  std::int64_t streamEnd() const;
  /// By this cycle everything that has entered so far will have left.
  std::int64_t horizon() const { return starts_.back() + slot() + plan_.span() + plan_.beat; }

 private:
  struct Request {
    std::int64_t free;  ///< when the row's register is
    RowTurn turn;
    bool operator<(const Request& other) const;
  };

  std::size_t phase() const { return static_cast<std::size_t>(cycle_ % plan_.beat); }
  std::int64_t streamCycles() const { return plan_.steps * plan_.beat; }
  std::int64_t rowLag(std::int64_t row) const { return row * plan_.rowHop(); }
  std::int64_t slot() const;
  std::int64_t startAfter(std::size_t fold) const;
  void beginFold();
  void requestRows(std::int32_t fold, std::int64_t free, bool skewed);
  RowTurn nextDrain();

  const FoldPlan& plan_;
  bool fills_;
  std::int64_t cycle_ = -1;
  std::vector<std::int64_t> starts_;  ///< of the folds that have begun, and of the next
  std::int64_t round_;                ///< folds between two parts of k of the same sums
  std::priority_queue<Request> requests_;
  std::vector<std::int32_t> drained_;  ///< folds whose sums have left, by row
  History<Wave> waves_;
  History<RowTurn> loads_, drains_;
  std::vector<std::int64_t> quietAfter_;  ///< by cycle modulo the beat
  std::int64_t busLag_, lastEntry_ = -1, lastLoad_ = -1, lastDrain_ = -1;
};

}  // namespace npusim
