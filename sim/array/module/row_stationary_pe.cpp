#include "sim/array/module/row_stationary_pe.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/array/module/arithmetic.h"
#include "sim/core/error.h"

namespace npusim::modules {
namespace {

template <typename T>
T takeFirst(std::deque<T>& queue) {
  ensure(!queue.empty(), "a PE takes a word that has not come");
  const T value = queue.front();
  queue.pop_front();
  return value;
}

}  // namespace

template <typename T>
void RowStationaryPe<T>::configure(const RowStationaryProgram& program, const Pass& pass,
                                   const Role& role, const Tag& sumTag) {
  ensure(inputQueue_.empty() && sumQueue_.empty(), "words are left over from the pass before");
  program_ = &program;
  role_ = role;
  sumTag_ = sumTag;
  p_ = program.interleavedFilters(pass);
  q_ = program.interleavedChannels(pass);
  taps_ = pass.taps.count;
  sliding_ = program.slidingColumns(pass);
  readsSums_ = pass.readsSums;
  filterStore_.assign(static_cast<std::size_t>(p_ * q_ * taps_), T{});
  windowStore_.assign(static_cast<std::size_t>(q_ * taps_), T{});
  sumStore_.assign(static_cast<std::size_t>(p_), T{});
  filtersStored_ = 0;
  window_ = -1;
  offset_ = p_ * q_ * taps_ * program.interval();
  leaving_ = p_;
}

template <typename T>
void RowStationaryPe<T>::step() {
  works_ = false;
  Handed<T> out;
  if (role_.works) {
    const bool first = role_.above < 0;
    const Handed<T> above = first ? Handed<T>{} : column[static_cast<int>(role_.above)]->read();
    if (leaving_ < p_) out = handOn(above);
    out.begins = first ? start->read() : above.begins;
    if (out.begins) beginWindow();
    multiply();
    takeFromBuses();
  }
  handed->write(out);
}

/// A PE takes the words with its tags.
template <typename T>
void RowStationaryPe<T>::takeFromBuses() {
  for (const auto& word : filters->read().words) {
    if (word.tag == role_.filterTag) storeFilter(word.value);
  }
  for (const auto& word : inputs->read().words) {
    if (word.tag == role_.inputTag) inputQueue_.push_back(word.value);
  }
  for (const auto& word : sums->read().words) {
    if (word.tag == sumTag_) sumQueue_.push_back(word.value);
  }
}

/// Words come tap by tap, channel by channel, filter by filter.
template <typename T>
void RowStationaryPe<T>::storeFilter(T value) {
  const std::int64_t filter = filtersStored_ % role_.filters.count;
  const std::int64_t channel = filtersStored_ / role_.filters.count % role_.channels;
  const std::int64_t tap = filtersStored_ / role_.filters.count / role_.channels;
  ++filtersStored_;
  ++counts_.filterCopies;
  filterStore_[static_cast<std::size_t>((tap * q_ + channel) * p_ + filter)] = value;
}

/// The window moves on by the columns that its queue brings; an image begins with all of them.
template <typename T>
void RowStationaryPe<T>::beginWindow() {
  ++window_;
  offset_ = 0;
  const bool whole = window_ % program_->shape().extents[2] == 0;
  const std::int64_t fresh = whole ? taps_ : sliding_;
  std::copy(windowStore_.begin() + fresh * q_, windowStore_.end(), windowStore_.begin());
  for (std::int64_t tap = taps_ - fresh; tap < taps_; ++tap) {
    for (std::int64_t channel = 0; channel < role_.channels; ++channel) {
      windowStore_[static_cast<std::size_t>(tap * q_ + channel)] = takeFirst(inputQueue_);
      ++counts_.inputCopies;
    }
  }
}

/// A finished sum leaves: added to the one from above, or to the one that the bus brought. A PE of
/// a set with fewer filters has nothing to hand on for those that are missing.
template <typename T>
Handed<T> RowStationaryPe<T>::handOn(const Handed<T>& above) {
  const std::int64_t filter = leaving_++;
  Handed<T> out;
  if (filter >= role_.filters.count) return out;
  T came{};
  if (role_.above >= 0) {
    ensure(above.valid, "no sum comes from the PE above");
    came = above.sum;
  } else if (readsSums_) {
    came = takeFirst(sumQueue_);
  }
  out.valid = true;
  out.sum = added(came, sumStore_[static_cast<std::size_t>(filter)]);
  ++counts_.handedOn;
  return out;
}

template <typename T>
void RowStationaryPe<T>::multiply() {
  const std::int64_t end = p_ * q_ * taps_ * program_->interval();
  if (offset_ == end) return;
  if (role_.above < 0) ++counts_.macCycles;
  const std::int64_t mac = offset_ / program_->interval();
  const std::int64_t filter = mac % p_, slot = mac / p_;
  const bool due = offset_ % program_->interval() == 0;
  if (++offset_ == end) leaving_ = 0;
  if (!due || filter >= role_.filters.count || slot % q_ >= role_.channels) return;
  const T input = windowStore_[static_cast<std::size_t>(slot)];
  const T weight = filterStore_[static_cast<std::size_t>(mac)];
  T& sum = sumStore_[static_cast<std::size_t>(filter)];
  sum = multiplyAdded(input, weight, slot == 0 ? T{} : sum);
  ++counts_.macs;
  counts_.zeroMacs += input == T{} ? 1 : 0;
  works_ = true;
  shownInput_ = input;
  shownWeight_ = weight;
  shownSum_ = sum;
  const auto& extents = program_->shape().extents;
  shown_ = {true,
            program_->productRow(role_.outputRow, window_),
            role_.filters.first + filter,
            (role_.firstTap + slot / q_) * extents[6] + role_.firstChannel + slot % q_,
            static_cast<double>(weight),
            static_cast<double>(input),
            static_cast<double>(sum)};
}

template <typename T>
RowStationaryCounts RowStationaryPe<T>::takeCounts() {
  return std::exchange(counts_, {});
}

template <typename T>
PeCycle RowStationaryPe<T>::cycle() const {
  return works_ ? shown_ : PeCycle{};
}

template <typename T>
void RowStationaryPe<T>::traceTo(sc_core::sc_trace_file* file) const {
  const std::string prefix = std::string(this->name()) + ".";
  sc_core::sc_trace(file, works_, prefix + "works");
  sc_core::sc_trace(file, shownInput_, prefix + "input");
  sc_core::sc_trace(file, shownWeight_, prefix + "weight");
  sc_core::sc_trace(file, shownSum_, prefix + "sum");
}

template class RowStationaryPe<float>;
template class RowStationaryPe<std::int32_t>;
template class RowStationaryPe<std::int64_t>;

}  // namespace npusim::modules
