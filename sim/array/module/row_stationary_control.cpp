#include "sim/array/module/row_stationary_control.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace npusim::modules {

template <typename T>
RowStationaryControl<T>::RowStationaryControl(const sc_core::sc_module_name& moduleName,
                                              const ArrayConfig& array, DataType format,
                                              Failure& failure)
    : Clocked(moduleName, Edge::Falling, failure),
      rows_(array.rows),
      cols_(array.cols),
      filterBus_(array.rowStationary.filterBusBits, byteSize(format) * 8),
      inputBus_(array.rowStationary.inputBusBits, byteSize(format) * 8),
      sumsInBus_(array.rowStationary.sumBusBits, array.storedSumBytes(format) * 8),
      sumsOutBus_(sumsInBus_),
      delayCycles_(array.rowStationary.pipelineStages - 1) {}

template <typename T>
void RowStationaryControl<T>::begin(const RowStationaryProgram& program, const BufferView<T>& view,
                                    Configure configure, CycleEnds cycleEnds) {
  program_ = &program;
  view_ = &view;
  configure_ = std::move(configure);
  cycleEnds_ = std::move(cycleEnds);
  counts_ = {};
  pass_ = 0;
  running_ = true;
  beginPass();
}

template <typename T>
void RowStationaryControl<T>::beginPass() {
  const Pass& pass = program_->passes()[pass_];
  std::vector<typename SumFeeder<T>::Head> heads;
  tails_.clear();
  for (std::int64_t row = 0; row < rows_; ++row) {
    for (std::int64_t col = 0; col < cols_; ++col) {
      const Role role = program_->roleOf(pass, row, col);
      configure_(*program_, pass, role, row, col);
      if (role.works && role.above < 0) heads.push_back({row, col, role});
      if (role.works && role.last)
        tails_.push_back({static_cast<int>(row * cols_ + col), role, 0, {}});
    }
  }
  filterFeeder_.emplace(*program_, pass, *view_);
  inputFeeder_.emplace(*program_, pass, *view_);
  sumFeeder_.emplace(*program_, pass, *view_, std::move(heads));
  pipeline_.emplace(delayCycles_);
  window_ = rest_ = ready_ = left_ = 0;
  windowSums_ = pass.rows.count * pass.filters.count;
  windowCycles_ = program_->interleavedFilters(pass) * program_->interleavedChannels(pass) *
                  pass.taps.count * program_->interval();
}

template <typename T>
void RowStationaryControl<T>::step() {
  if (!running_) return;
  if (counts_.cycles > 0) cycleEnds_(counts_.cycles - 1);
  collect();
  if (left_ == program_->windows() * windowSums_) {
    if (++pass_ == program_->passes().size()) return finish();
    beginPass();
  }
  ++counts_.cycles;
  const bool loads = filterFeeder_->waiting() > 0;
  Beat<T> filterBeat, inputBeat, sumBeat;
  bool starts = false;
  if (loads) {
    filterBeat = beat(*filterFeeder_, filterBus_);
  } else {
    starts = pipeline_->shift(mayStart() ? 1 : 0) != 0;
    inputBeat = beat(*inputFeeder_, inputBus_);
    sumBeat = beat(*sumFeeder_, sumsInBus_);
  }
  start->write(starts);
  drive(filterBeat, inputBeat, sumBeat);
}

template <typename T>
void RowStationaryControl<T>::drive(const Beat<T>& filterBeat, const Beat<T>& inputBeat,
                                    const Beat<T>& sumBeat) {
  counts_.filters += std::ssize(filterBeat.words);
  counts_.inputs += std::ssize(inputBeat.words);
  counts_.sumsIn += std::ssize(sumBeat.words);
  const bool bias = program_->passes()[pass_].opens && program_->shape().addsBias;
  counts_.biasIn += bias ? std::ssize(sumBeat.words) : 0;
  filters->write(filterBeat);
  inputs->write(inputBeat);
  sums->write(sumBeat);
}

template <typename T>
template <typename Feeder>
Beat<T> RowStationaryControl<T>::beat(Feeder& feeder, RowStationaryBus& bus) {
  Beat<T> beat;
  for (std::int64_t left = bus.step(feeder.waiting()); left > 0; --left) {
    beat.words.push_back(feeder.take());
  }
  return beat;
}

/// Whether a window starts in this cycle: its inputs and sums have come, and it does not follow the
/// one before faster than the PEs compute and the bus takes sums back.
template <typename T>
bool RowStationaryControl<T>::mayStart() {
  if (rest_ > 0) --rest_;
  const bool reads = program_->passes()[pass_].readsSums;
  if (window_ == program_->windows() || rest_ > 0) return false;
  if (inputFeeder_->taken() < inputFeeder_->neededFor(window_)) return false;
  if (reads && sumFeeder_->taken() < (window_ + 1) * windowSums_) return false;
  ++window_;
  rest_ = std::max(windowCycles_, sumsOutBus_.cyclesFor(windowSums_));
  return true;
}

/// Takes what the last PEs of the columns handed over; the bus brings it to the buffer.
template <typename T>
void RowStationaryControl<T>::collect() {
  for (Tail& tail : tails_) {
    const Handed<T>& word = handed[tail.port]->read();
    if (!word.valid) continue;
    ++ready_;
    tail.sums.push_back(word.sum);
    if (std::ssize(tail.sums) == tail.role.filters.count) store(tail);
  }
  const std::int64_t moved = sumsOutBus_.step(ready_);
  ready_ -= moved;
  left_ += moved;
  counts_.sumsOut += moved;
}

template <typename T>
void RowStationaryControl<T>::store(Tail& tail) {
  if (view_->later != nullptr) {
    view_->later->store(program_->productRow(tail.role.outputRow, tail.window),
                        tail.role.filters.first, tail.role.filters.count, tail.sums.data());
  }
  tail.sums.clear();
  ++tail.window;
}

template <typename T>
void RowStationaryControl<T>::finish() {
  running_ = false;
  start->write(false);
  filters->write({});
  inputs->write({});
  sums->write({});
  sc_core::sc_pause();
}

template class RowStationaryControl<float>;
template class RowStationaryControl<std::int32_t>;
template class RowStationaryControl<std::int64_t>;

}  // namespace npusim::modules
