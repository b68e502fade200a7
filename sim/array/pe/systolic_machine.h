#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/observer.h"
#include "sim/array/pe/controller.h"
#include "sim/array/pe/events.h"
#include "sim/array/pe/flags.h"
#include "sim/array/pe/fold_plan.h"
#include "sim/array/pe/pe_values.h"

namespace npusim {

/// The array of a systolic dataflow, cycle by cycle, for one product.
///
/// A PE has a register for the operand that travels along its line, a local store for what it
/// holds, and a register for the sum (or the operand) that travels down its lane; double-buffered,
/// one more for what it holds next. In a step it multiplies and adds (multiplyAdd()), then hands
/// both on. Beside each operand travel flags: that there is one, that it is zero, that it is the
/// first or the last of its fold. A first operand makes the PE take up what it holds next; with a
/// last one its held sum is finished. The column buses fill the rows' registers and fetch finished
/// sums, a row a cycle; a column sees what the first one sees as much later as operands reach it
/// later.
///
/// Here every register is an array over all PEs and a step is one loop over them. All that is
/// counted is counted where it happens. `Values` is PeValues<T>, or NoValues.
template <typename Values>
class SystolicMachine {
 public:
  SystolicMachine(const FoldPlan& plan, Values& values);

  /// Runs the product from the first operand to the last result. `observer` may be null.
  void run(ArrayObserver* observer);

  const Events& events() const { return events_; }
  ArrayTiming timing() const { return timingOf(plan_, controller_, events_); }

 private:
  /// One flag a product of a step.
  using PlaneFlags = std::vector<Flags>;
  struct AcrossFlags {
    PlaneFlags valid, zero;
    Flags first, last;
  };
  using DownFlag = DownRegister<FlagWord, 1>;
  struct DownFlags {
    DownFlag valid, zero;
  };

  void runCycle();
  void finishSums();
  void moveOperands();
  void enterAcross();
  void enterAcross(AcrossFlags& flags, std::int64_t line, const Wave& wave);
  void enterDown();
  void enterOperands(std::int64_t lane, const Wave& wave);
  void enterSum(std::int64_t lane, const Wave& wave);
  void beginFolds();
  void beginFold(std::int64_t line, std::int64_t lane);
  void step();
  void leaveSums();
  void fillRows();
  void fillPe(std::int64_t line, std::int64_t lane, std::int32_t fold);
  void fillOperands(std::int64_t line, std::int64_t lane, const Fold& fold);
  void fillSum(std::int64_t line, std::int64_t lane, const Fold& fold);
  void drainRows();
  void drainPe(std::int64_t line, std::int64_t lane, std::int32_t fold, std::int64_t at);
  void report(ArrayObserver& observer);
  PeCycle stateOf(std::int64_t line, std::int64_t lane);
  bool multiplies(std::int64_t line, std::int64_t lane, std::int64_t plane);

  const Fold& foldOf(std::int32_t number) const {
    return plan_.folds[static_cast<std::size_t>(number)];
  }
  /// The operands that reach a PE in this cycle.
  const Wave& waveAt(std::int64_t line, std::int64_t lane) const {
    return controller_.waveAt(plan_.lineLag(line) + plan_.laneLag(lane));
  }
  static bool covers(const Fold& fold, std::int64_t line, std::int64_t lane) {
    return line < fold.lines.lanes && lane < fold.lanes.lanes;
  }
  std::int64_t sumElement(const Fold& fold, std::int64_t line, std::int64_t lane,
                          std::int64_t step) const {
    return fold.sums + line * plan_.sums.line + lane * plan_.sums.lane + step * plan_.sums.step;
  }
  ProductFlags productFlags(std::int64_t plane);
  std::int32_t& filledFor(std::int64_t line, std::int64_t lane) {
    return filledFor_[static_cast<std::size_t>(line * plan_.lanes.pes + lane)];
  }
  std::int64_t resultPlaces() const;
  void leave(bool result, std::int64_t at);

  const FoldPlan& plan_;
  Values& values_;
  Controller controller_;
  Events events_;
  std::int64_t placesLeft_ = 0;
  ByCycle<AcrossFlags> across_;
  ByCycle<DownFlags> down_;   ///< of operands; sums have none
  ByCycle<Flags> finishing_;  ///< PEs in the last step of their fold, which takes a beat
  PlaneFlags held_, heldZero_, next_, nextZero_;
  Flags busy_;                           ///< the PE has a place in its present fold
  std::vector<std::int32_t> filledFor_;  ///< fold for which the PE was filled last
};

}  // namespace npusim
