#include "sim/array/module/controller.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim::modules {

Controller::Controller(const sc_core::sc_module_name& moduleName, const Geometry& geometry,
                       Failure& failure)
    : Clocked(moduleName, Edge::Rising, failure),
      geometry_(geometry),
      scaleSim_(geometry.array.convention == Convention::ScaleSim),
      overlaps_(!scaleSim_ && (geometry.holdsSums() || geometry.array.doubleBufferedWeights)) {}

void Controller::begin(const FoldPlan& plan, bool startsFromSums) {
  plan_ = plan;
  loads_ = !geometry_.holdsSums() || startsFromSums;
  running_ = true;
  slot_ = -1;
  offset_ = turns_ = 0;
  cycle_ = -2;
  counts_ = {};
  began_.clear();
}

/// In the cycle before the first, only commands what that one brings.
void Controller::step() {
  number_ = std::exchange(nextNumber_, -1);
  if (!running_) return;
  ++cycle_;
  if (turned->read() && ++turns_ > plan_.folds()) return finish();
  ensure(slot_ < plan_.folds() || offset_ <= mostDrainCycles(), "the array does not empty");
  while (slot_ < plan_.folds() && offset_ == slotCycles()) {
    ++slot_;
    offset_ = 0;
    began_.push_back(cycle_ + 1);
  }
  const Command now = commandNow();
  command->write(now);
  shown_ = {static_cast<int>(now.fold), static_cast<int>(now.step), static_cast<int>(now.loadFold),
            static_cast<int>(now.loadRow), now.turn};
  nextNumber_ = count();
  ++offset_;
}

/// A result is complete a beat before the mark behind it; a held sum that leaves is the mark.
void Controller::finish() {
  running_ = false;
  const std::int64_t behind = geometry_.holdsSums() ? 0 : geometry_.beat;
  counts_.drain = cycle_ - behind - began_.back();
  const std::int64_t leaving = geometry_.holdsSums() ? geometry_.rows : 0;
  ensure(!scaleSim_ || counts_.drain == geometry_.waveCycles() + leaving,
         "the controller did not wait for the fold's last result");
  sc_core::sc_pause();
}

Command Controller::commandNow() const {
  Command now;
  now.turn = slot_ >= 0 && offset_ == 0;
  if (streams() && offset_ < plan_.streamCycles() && offset_ % geometry_.beat == 0) {
    now.fold = slot_;
    now.step = offset_ / geometry_.beat;
  }
  const std::int64_t row = offset_ - loadBegins();
  if (loadsNextFold() && row >= 0 && row < geometry_.rows) {
    now.loadFold = slot_ + 1;
    now.loadRow = row;
  }
  return now;
}

/// Where in the slot the next fold's words begin to enter.
std::int64_t Controller::loadBegins() const {
  if (slot_ < 0 || overlaps_) return 0;
  return plan_.streamCycles() + (scaleSim_ ? geometry_.waveCycles() : 0);
}

/// A row of PEs is filled, or gives up its sum, in a cycle.
std::int64_t Controller::slotCycles() const {
  const std::int64_t rows = geometry_.rows;
  if (slot_ < 0) return loads_ ? rows : 0;
  if (overlaps_) return std::max({plan_.streamCycles(), rows, sumsBack()});
  const bool sumsLeave = scaleSim_ && geometry_.holdsSums();
  return std::max(loadBegins() + (loadsNextFold() || sumsLeave ? rows : 0), sumsBack());
}

std::int64_t Controller::mostDrainCycles() const {
  return geometry_.waveCycles() + geometry_.rows + geometry_.beat;
}

std::int64_t Controller::countedCycles() const {
  if (!scaleSim_ || !geometry_.holdsSums()) return slotCycles();
  return slot_ < 0 ? 0 : loadBegins();
}

/// Cycles until the sums of the next fold, where it continues those of an earlier one, have passed
/// their chain, a beat for each PE, and can enter again.
std::int64_t Controller::sumsBack() const {
  const std::int64_t source = slot_ + 1 - plan_.foldsBetween();
  if (source < 0 || slot_ + 1 >= plan_.folds()) return 0;
  const bool down = geometry_.downTravel == Travel::Chain;
  if (!down && geometry_.acrossTravel != Travel::Chain) return 0;
  const std::int64_t chain = (down ? geometry_.rows : geometry_.cols) * geometry_.beat;
  return began_[static_cast<std::size_t>(source)] + chain - began_.back();
}

/// Counts the next cycle, and numbers it.
std::int64_t Controller::count() {
  if (streams() && offset_ < plan_.streamCycles()) ++counts_.streaming;
  const std::int64_t before = counts_.prologue + counts_.stream;
  if (slot_ == plan_.folds()) return scaleSim_ ? -1 : before + offset_;
  if (offset_ >= countedCycles()) return -1;
  ++(slot_ < 0 ? counts_.prologue : counts_.stream);
  return before;
}

void Controller::traceTo(sc_core::sc_trace_file* file) const {
  const std::string prefix = std::string(name()) + ".";
  sc_core::sc_trace(file, shown_.fold, prefix + "fold");
  sc_core::sc_trace(file, shown_.step, prefix + "step");
  sc_core::sc_trace(file, shown_.loadFold, prefix + "load_fold");
  sc_core::sc_trace(file, shown_.loadRow, prefix + "load_row");
  sc_core::sc_trace(file, shown_.turn, prefix + "turn");
}

}  // namespace npusim::modules
