#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/module/clocked.h"
#include "sim/array/module/fold_plan.h"
#include "sim/array/module/geometry.h"
#include "sim/array/module/word.h"

namespace npusim::modules {

/// Cycles of an instruction as the controller counted them.
struct CycleCounts {
  std::int64_t prologue = 0;   ///< until the first operand enters
  std::int64_t stream = 0;     ///< from then until the last fold is over
  std::int64_t drain = 0;      ///< until the array has given its last result
  std::int64_t streaming = 0;  ///< in which operands may enter
};

/// Cuts the time of an instruction into slots, one for each fold, and commands in each cycle what
/// the edges feed and load. Slot -1 loads for fold 0; the slot after the last fold lasts until the
/// array has emptied.
///
/// Overlapped, the next fold is loaded while a fold streams. Without double buffering it is loaded
/// between the streams; in SCALE-Sim's convention between the folds' last results, and sums that
/// the PEs hold come and go in cycles that are not counted, because SCALE-Sim has none for them.
class Controller : public Clocked {
 public:
  Controller(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Failure& failure);

  sc_core::sc_out<Command> command{"command"};
  sc_core::sc_in<bool> turned{"turned"};  ///< from the far corner: a fold is over there

  /// Begins an instruction with the next cycle. The clock stops when it is over.
  void begin(const FoldPlan& plan, bool startsFromSums);
  const CycleCounts& counts() const { return counts_; }
  /// Number of the present cycle among those that count, 0 first; -1 where it does not.
  std::int64_t number() const { return number_; }
  void traceTo(sc_core::sc_trace_file* file) const;

 private:
  /// The command as waveforms show it.
  struct Shown {
    int fold = -1, step = -1, loadFold = -1, loadRow = -1;
    bool turn = false;
  };

  void step() override;
  void finish();
  Command commandNow() const;
  std::int64_t slotCycles() const;
  std::int64_t countedCycles() const;
  std::int64_t loadBegins() const;
  std::int64_t mostDrainCycles() const;
  std::int64_t sumsBack() const;
  bool loadsNextFold() const { return loads_ && slot_ + 1 < plan_.folds(); }
  bool streams() const { return slot_ >= 0 && slot_ < plan_.folds(); }
  std::int64_t count();

  const Geometry& geometry_;
  const bool scaleSim_;
  const bool overlaps_;  ///< loading with streaming
  FoldPlan plan_;
  bool running_ = false;
  bool loads_ = false;
  std::int64_t slot_ = -1, offset_ = 0;  ///< of the next cycle
  std::int64_t cycle_ = -1, turns_ = 0;
  std::int64_t number_ = -1, nextNumber_ = -1;
  std::vector<std::int64_t> began_;  ///< cycles in which the slots from 0 on began
  CycleCounts counts_;
  Shown shown_;
};

}  // namespace npusim::modules
