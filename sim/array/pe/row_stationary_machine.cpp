#include "sim/array/pe/row_stationary_machine.h"

#include <algorithm>
#include <cmath>

#include "sim/array/pe/row_stationary_lanes.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

/// Cycles between two MACs of a PE: what its multiplier needs, or what its stores' ports do.
std::int64_t intervalOf(const ArrayConfig& array, DataType format) {
  const auto needed = [](const OperandStoreConfig& store, std::int64_t bytes,
                         std::int64_t accesses) {
    const std::int64_t words = store.wordBits == 0 ? 1 : ceilDiv(bytes * 8, store.wordBits);
    return ceilDiv(words * accesses, store.ports);
  };
  const LocalStoreConfig& store = array.localStore;
  return std::max({static_cast<std::int64_t>(std::llround(1 / array.macsPerCycle.at(format))),
                   needed(store.weights, byteSize(format), 1),
                   needed(store.inputs, byteSize(format), 1),
                   needed(store.outputs, array.storedSumBytes(format), 2)});
}

}  // namespace

template <typename T>
RowStationaryMachine<T>::RowStationaryMachine(const ArrayConfig& array, DataType format,
                                              const RowStationaryPlan& plan,
                                              const RowStationaryPiece& piece,
                                              const RowStationaryValues<T>& values,
                                              RowStationaryCounts& counts, ArrayObserver* observer)
    : plan_(plan),
      piece_(piece),
      values_(values),
      counts_(counts),
      observer_(observer),
      rows_(plan.rows(piece)),
      pitch_(roundUp(array.cols, kRowStationaryLanes)),
      interleaved_(std::min(plan.mapping().p, piece.filters.count)),
      channels_(std::min(plan.mapping().q, piece.channels.count)),
      slots_(piece.taps.count * channels_),
      interval_(intervalOf(array, format)),
      windowCycles_(slots_ * interleaved_ * interval_),
      windows_(plan.shape().extents[0] * plan.shape().extents[2]),
      windowSums_(piece.rows.count * piece.filters.count),
      stages_(array.rowStationary.pipelineStages),
      arrayRows_(array.rows),
      arrayCols_(array.cols),
      readsSums_(!piece.first || plan.shape().startsFromSums()),
      filterBus_(array.rowStationary.filterBusBits, byteSize(format) * 8),
      inputBus_(array.rowStationary.inputBusBits, byteSize(format) * 8),
      sumsInBus_(array.rowStationary.sumBusBits, array.storedSumBytes(format) * 8),
      sumsOutBus_(sumsInBus_),
      inputs_(plan, piece_, values.inputs),
      inputsNeeded_(inputs_.words(0)),
      sumsWaiting_(readsSums_ ? windows_ * windowSums_ : 0),
      pipeline_(static_cast<std::size_t>(stages_), kNone) {
  const auto size = [&](std::int64_t words) {
    return rows_.size() * static_cast<std::size_t>(words * pitch_);
  };
  filters_.resize(size(slots_ * interleaved_));
  window_.resize(size(slots_));
  for (std::vector<T>* each : {&sums_, &arriving_, &leaving_}) each->resize(size(interleaved_));
  links_.resize(size(1));
  zeros_.resize(static_cast<std::size_t>(pitch_));
  states_.resize(rows_.size());
  for (State& state : states_) {
    state.cycle = windowCycles_;
    state.leaving = interleaved_;
  }
  for (const RowStationaryRow& row : rows_) {
    for (const RowStationaryRow::Pe& pe : row.pes) {
      const bool works = pe.filters.count > 0;
      lines_.push_back(works ? inputs_.lineOf(row.channelSet, row.filterRow, pe.outputRow) : kNone);
    }
  }
}

template <typename T>
void RowStationaryMachine<T>::run() {
  loadFilters();
  while (sumsLeft_ < windows_ * windowSums_) {
    const auto now = static_cast<std::size_t>(cycle_ % stages_);
    pipeline_[now] = mayStart();
    const std::int64_t begun = pipeline_[static_cast<std::size_t>((cycle_ + 1) % stages_)];
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::int64_t before = rows_[row].before;
      step(row, before < 0 ? begun : states_[static_cast<std::size_t>(before)].token);
    }
    inputs_.deliver(inputBus_.step(inputs_.waiting()));
    const std::int64_t sums = sumsInBus_.step(sumsWaiting_);
    sumsArrived_ += sums;
    sumsWaiting_ -= sums;
    const std::int64_t back = sumsOutBus_.step(sumsReady_);
    sumsReady_ -= back;
    sumsLeft_ += back;
    endCycle();
    ++cycle_;
  }
  counts_.inputs += inputs_.arrived();
  counts_.sumsIn += sumsArrived_;
  counts_.biasIn += piece_.first && plan_.shape().addsBias ? sumsArrived_ : 0;
  counts_.sumsOut += sumsLeft_;
}

/// Filter words come filter row by filter row, tap by tap, channel by channel, filter by filter, of
/// all sets; the PEs that keep one take it at once.
template <typename T>
void RowStationaryMachine<T>::loadFilters() {
  const std::int64_t words =
      piece_.filters.count * piece_.channels.count * piece_.filterRows.count * piece_.taps.count;
  std::int64_t arrived = 0;
  while (arrived < words) {
    const std::int64_t count = filterBus_.step(words - arrived);
    for (std::int64_t word = arrived; word < arrived + count; ++word) storeFilter(word);
    arrived += count;
    endCycle();
  }
  counts_.filters += words;
}

/// One word to every PE that keeps this filter, filter row, tap and channel.
template <typename T>
void RowStationaryMachine<T>::storeFilter(std::int64_t word) {
  const std::int64_t filter = word % piece_.filters.count;
  const std::int64_t channel = word / piece_.filters.count % piece_.channels.count;
  const std::int64_t rest = word / piece_.filters.count / piece_.channels.count;
  const std::int64_t tap = rest % piece_.taps.count;
  const std::int64_t filterRow = rest / piece_.taps.count;
  const auto& extents = plan_.shape().extents;
  const std::int64_t k =
      ((piece_.filterRows.first + filterRow) * extents[5] + piece_.taps.first + tap) * extents[6] +
      piece_.channels.first + channel;
  const std::int64_t slot = tap * channels_ + channel % channels_;
  const std::int64_t of = slot * interleaved_ + filter % interleaved_;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const RowStationaryRow& at = rows_[row];
    if (at.filterRow != filterRow || at.channelSet != channel / channels_) continue;
    T* stored = lanes(filters_, slots_ * interleaved_, row, of);
    for (std::size_t column = 0; column < at.pes.size(); ++column) {
      const PieceOf& kept = at.pes[column].filters;
      const std::int64_t own = piece_.filters.first + filter - kept.first;
      if (own < 0 || own >= kept.count) continue;
      ++counts_.filterCopies;
      if (values_.weights != nullptr) {
        stored[column] = values_.weights[k * extents[3] + piece_.filters.first + filter];
      }
    }
  }
}

/// The window that starts now at the heads of the columns: when its inputs and the sums that it
/// continues have come, and no faster than the PEs compute and the sum bus takes results.
template <typename T>
std::int64_t RowStationaryMachine<T>::mayStart() {
  if (next_ == windows_ || cycle_ < notBefore_) return kNone;
  if (inputs_.arrived() < inputsNeeded_) return kNone;
  if (readsSums_ && sumsArrived_ < (next_ + 1) * windowSums_) return kNone;
  notBefore_ = cycle_ + std::max(windowCycles_, sumsOutBus_.cyclesFor(windowSums_));
  const std::int64_t started = next_++;
  if (next_ < windows_) inputsNeeded_ += inputs_.words(next_);
  return started;
}

template <typename T>
void RowStationaryMachine<T>::step(std::size_t row, std::int64_t token) {
  State& state = states_[row];
  state.token = token;
  state.works = false;
  if (token != kNone) begin(row);
  if (state.leaving < interleaved_) handOn(row);
  if (state.cycle == windowCycles_) return;
  if (rows_[row].depth == 0 && row + 1 == rows_.size()) ++counts_.macCycles;
  if (state.cycle % interval_ == 0) multiply(row);
  if (++state.cycle == windowCycles_) finishWindow(row);
}

template <typename T>
void RowStationaryMachine<T>::begin(std::size_t row) {
  State& state = states_[row];
  ensure(state.cycle == windowCycles_, "a window begins before the last one is done");
  state.window = state.token;
  state.cycle = state.filter = state.slot = state.channel = 0;
  const std::int64_t fresh = inputs_.freshColumns(state.window);
  counts_.inputCopies += fresh * rows_[row].channels * rows_[row].live.front();
  if (values_.inputs == nullptr) return;
  takeInputs(row, fresh);
  countZeros(row);
}

/// The window slides by `fresh` columns, and the PE takes as many from its line's queue.
template <typename T>
void RowStationaryMachine<T>::takeInputs(std::size_t row, std::int64_t fresh) {
  const RowStationaryRow& at = rows_[row];
  State& state = states_[row];
  T* window = lanes(window_, slots_, row, 0);
  const std::int64_t slots = fresh * channels_;
  std::copy(window + slots * pitch_, window + slots_ * pitch_, window);
  for (std::int64_t column = 0; column < fresh; ++column) {
    for (std::int64_t channel = 0; channel < at.channels; ++channel, ++state.taken) {
      T* slot = window + (slots_ - slots + column * channels_ + channel) * pitch_;
      for (std::int64_t lane = 0; lane < arrayCols_; ++lane) {
        const std::int64_t line =
            lines_[row * static_cast<std::size_t>(arrayCols_) + static_cast<std::size_t>(lane)];
        if (line != kNone) slot[lane] = inputs_.at(line, state.taken);
      }
    }
  }
}

template <typename T>
void RowStationaryMachine<T>::countZeros(std::size_t row) {
  const RowStationaryRow& at = rows_[row];
  for (std::int64_t slot = 0; slot < slots_; ++slot) {
    if (slot % channels_ >= at.channels) continue;
    const T* inputs = lanes(window_, slots_, row, slot);
    for (std::size_t column = 0; column < at.pes.size(); ++column) {
      counts_.zeroMacs += inputs[column] == T{} ? at.pes[column].filters.count : 0;
    }
  }
}

/// The MAC of this cycle in every PE of the row; sets with fewer channels let theirs pass.
template <typename T>
void RowStationaryMachine<T>::multiply(std::size_t row) {
  State& state = states_[row];
  if (state.channel < rows_[row].channels) {
    state.works = true;
    counts_.macs += rows_[row].live[static_cast<std::size_t>(state.filter)];
    if (values_.inputs != nullptr) {
      T* sums = lanes(sums_, interleaved_, row, state.filter);
      multiplyLanes(
          lanes(window_, slots_, row, state.slot),
          lanes(filters_, slots_ * interleaved_, row, state.slot * interleaved_ + state.filter),
          state.slot == 0 ? zeros_.data() : sums, sums, pitch_);
    }
  }
  if (++state.filter < interleaved_) return;
  state.filter = 0;
  ++state.slot;
  if (++state.channel == channels_) state.channel = 0;
}

template <typename T>
void RowStationaryMachine<T>::finishWindow(std::size_t row) {
  State& state = states_[row];
  ensure(state.leaving == interleaved_, "sums are done before the last ones have left");
  state.leaving = 0;
  state.leavingWindow = state.window;
  if (rows_[row].depth == 0 && values_.inputs != nullptr) fetchSums(row);
}

/// Row of the product that a PE computes in a window.
template <typename T>
std::int64_t RowStationaryMachine<T>::firstRowOfTile(const RowStationaryRow::Pe& pe,
                                                     std::int64_t window) const {
  const auto& extents = plan_.shape().extents;
  const std::int64_t image = window / extents[2];
  return (image * extents[1] + pe.outputRow) * extents[2] + window % extents[2];
}

/// The sums that a column continues wait at its first PE.
template <typename T>
void RowStationaryMachine<T>::fetchSums(std::size_t row) {
  const RowStationaryRow& at = rows_[row];
  const Sums<T>& from = piece_.first ? *values_.start : *values_.later;
  std::vector<T> line(static_cast<std::size_t>(interleaved_));
  for (std::size_t column = 0; column < at.pes.size(); ++column) {
    const RowStationaryRow::Pe& pe = at.pes[column];
    if (pe.filters.count == 0) continue;
    from.load(firstRowOfTile(pe, states_[row].leavingWindow), pe.filters.first, pe.filters.count,
              line.data());
    for (std::int64_t f = 0; f < pe.filters.count; ++f) {
      lanes(arriving_, interleaved_, row, f)[column] = line[static_cast<std::size_t>(f)];
    }
  }
}

/// The sum of one filter leaves every PE of the row: added to what came from before, handed on.
template <typename T>
void RowStationaryMachine<T>::handOn(std::size_t row) {
  const RowStationaryRow& at = rows_[row];
  State& state = states_[row];
  const std::int64_t filter = state.leaving++;
  const std::int64_t count = at.live[static_cast<std::size_t>(filter)];
  counts_.handedOn += count;
  if (at.last) sumsReady_ += count;
  if (values_.inputs == nullptr) return;
  const T* came = at.depth == 0 ? lanes(arriving_, interleaved_, row, filter)
                                : lanes(links_, 1, static_cast<std::size_t>(at.before), 0);
  T* link = lanes(links_, 1, row, 0);
  addLanes(came, lanes(sums_, interleaved_, row, filter), link, pitch_);
  if (!at.last) return;
  std::copy_n(link, pitch_, lanes(leaving_, interleaved_, row, filter));
  if (state.leaving == interleaved_) writeSums(row);
}

template <typename T>
void RowStationaryMachine<T>::writeSums(std::size_t row) {
  const RowStationaryRow& at = rows_[row];
  std::vector<T> line(static_cast<std::size_t>(interleaved_));
  for (std::size_t column = 0; column < at.pes.size(); ++column) {
    const RowStationaryRow::Pe& pe = at.pes[column];
    if (pe.filters.count == 0) continue;
    for (std::int64_t f = 0; f < pe.filters.count; ++f) {
      line[static_cast<std::size_t>(f)] = lanes(leaving_, interleaved_, row, f)[column];
    }
    values_.later->store(firstRowOfTile(pe, states_[row].leavingWindow), pe.filters.first,
                         pe.filters.count, line.data());
  }
}

template <typename T>
void RowStationaryMachine<T>::endCycle() {
  if (observer_ != nullptr) observe();
  ++counts_.cycles;
}

template <typename T>
void RowStationaryMachine<T>::observe() {
  shown_.assign(static_cast<std::size_t>(arrayRows_ * arrayCols_), PeCycle{});
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!states_[row].works) continue;
    for (std::size_t column = 0; column < rows_[row].pes.size(); ++column) {
      const std::int64_t pe = rows_[row].row * arrayCols_ + static_cast<std::int64_t>(column);
      showPe(row, column, shown_[static_cast<std::size_t>(pe)]);
    }
  }
  observer_->onCycle(counts_.cycles, shown_);
}

/// The MAC that a PE did in this cycle; the row's counters already stand at the next one.
template <typename T>
void RowStationaryMachine<T>::showPe(std::size_t row, std::size_t column, PeCycle& shown) const {
  const RowStationaryRow& at = rows_[row];
  const RowStationaryRow::Pe& pe = at.pes[column];
  const State& state = states_[row];
  const std::int64_t mac = (state.cycle - 1) / interval_;
  const std::int64_t filter = mac % interleaved_;
  const std::int64_t slot = mac / interleaved_;
  if (filter >= pe.filters.count) return;
  const auto& extents = plan_.shape().extents;
  const std::int64_t tap = piece_.taps.first + slot / channels_;
  const std::int64_t channel = piece_.channels.first + at.channelSet * channels_ + slot % channels_;
  shown.works = true;
  shown.m = firstRowOfTile(pe, state.window);
  shown.n = pe.filters.first + filter;
  shown.k = ((piece_.filterRows.first + at.filterRow) * extents[5] + tap) * extents[6] + channel;
  shown.input = static_cast<double>(lanes(window_, slots_, row, slot)[column]);
  shown.weight = static_cast<double>(
      lanes(filters_, slots_ * interleaved_, row, slot * interleaved_ + filter)[column]);
  shown.sum = static_cast<double>(lanes(sums_, interleaved_, row, filter)[column]);
}

template class RowStationaryMachine<float>;
template class RowStationaryMachine<std::int32_t>;
template class RowStationaryMachine<std::int64_t>;

}  // namespace npusim
