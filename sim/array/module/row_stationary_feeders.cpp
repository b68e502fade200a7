#include "sim/array/module/row_stationary_feeders.h"

#include <utility>

namespace npusim::modules {

template <typename T>
FilterFeeder<T>::FilterFeeder(const RowStationaryProgram& program, const Pass& pass,
                              const BufferView<T>& view)
    : program_(program),
      pass_(pass),
      view_(view),
      all_(pass.filterRows.count * pass.taps.count * pass.channels.count * pass.filters.count) {}

/// Filter row by filter row, tap by tap, channel by channel, filter by filter.
template <typename T>
typename Beat<T>::Word FilterFeeder<T>::take() {
  std::int64_t rest = next_++;
  const std::int64_t filter = rest % pass_.filters.count;
  rest /= pass_.filters.count;
  const std::int64_t channel = rest % pass_.channels.count;
  rest /= pass_.channels.count;
  const std::int64_t tap = rest % pass_.taps.count;
  const std::int64_t row = rest / pass_.taps.count;
  const Tag tag = {row, channel / program_.interleavedChannels(pass_),
                   filter / program_.interleavedFilters(pass_)};
  if (view_.weights.empty()) return {tag, T{}};
  const auto& extents = program_.shape().extents;
  const std::int64_t flatTap = (pass_.filterRows.first + row) * extents[5] + pass_.taps.first + tap;
  const std::int64_t k = flatTap * extents[6] + pass_.channels.first + channel;
  const std::int64_t at = k * extents[3] + pass_.filters.first + filter;
  return {tag, view_.weights[static_cast<std::size_t>(at)]};
}

template <typename T>
InputFeeder<T>::InputFeeder(const RowStationaryProgram& program, const Pass& pass,
                            const BufferView<T>& view)
    : program_(program), pass_(pass), view_(view) {
  for (std::int64_t filterRow = 0; filterRow < pass.filterRows.count; ++filterRow) {
    for (std::int64_t outputRow = 0; outputRow < pass.rows.count; ++outputRow) {
      lines_.try_emplace(program.inputRow(filterRow, outputRow), Listener{filterRow, outputRow});
    }
  }
  line_ = lines_.begin();
  all_ = neededFor(program.windows() - 1);
}

/// Columns that a window brings anew.
template <typename T>
std::int64_t InputFeeder<T>::fresh(std::int64_t window) const {
  const bool whole = window % program_.shape().extents[2] == 0;
  return whole ? pass_.taps.count : program_.slidingColumns(pass_);
}

template <typename T>
std::int64_t InputFeeder<T>::neededFor(std::int64_t window) const {
  const std::int64_t images = window / program_.shape().extents[2] + 1;
  const std::int64_t slides = window + 1 - images;
  const std::int64_t columns = images * pass_.taps.count + slides * program_.slidingColumns(pass_);
  return columns * pass_.channels.count * std::ssize(lines_);
}

/// Window by window, column by column, channel by channel, row by row of the input.
template <typename T>
typename Beat<T>::Word InputFeeder<T>::take() {
  ++taken_;
  while (tap_ >= fresh(window_)) {
    ++window_;
    tap_ = 0;
  }
  const Tag tag = {channel_ / program_.interleavedChannels(pass_), line_->first, 0};
  const T value = fetch(line_->second);
  if (++line_ != lines_.end()) return {tag, value};
  line_ = lines_.begin();
  if (++channel_ < pass_.channels.count) return {tag, value};
  channel_ = 0;
  ++tap_;
  return {tag, value};
}

template <typename T>
T InputFeeder<T>::fetch(const Listener& listener) const {
  if (view_.inputs.empty()) return T{};
  const auto& extents = program_.shape().extents;
  const std::int64_t m = program_.productRow(pass_.rows.first + listener.outputRow, window_);
  const std::int64_t tap = pass_.taps.first + pass_.taps.count - fresh(window_) + tap_;
  const std::int64_t flatTap = (pass_.filterRows.first + listener.filterRow) * extents[5] + tap;
  const std::int64_t k = flatTap * extents[6] + pass_.channels.first + channel_;
  return view_.inputs[static_cast<std::size_t>(m * program_.shape().k() + k)];
}

template <typename T>
SumFeeder<T>::SumFeeder(const RowStationaryProgram& program, const Pass& pass,
                        const BufferView<T>& view, std::vector<Head> heads)
    : program_(program),
      from_(pass.opens ? view.start : view.later),
      heads_(std::move(heads)),
      all_(pass.readsSums ? program.windows() * pass.rows.count * pass.filters.count : 0) {}

template <typename T>
typename Beat<T>::Word SumFeeder<T>::take() {
  ++taken_;
  const Head& head = heads_[head_];
  T value{};
  if (from_ != nullptr) {
    from_->load(program_.productRow(head.role.outputRow, window_),
                head.role.filters.first + filter_, 1, &value);
  }
  if (++filter_ == head.role.filters.count) {
    filter_ = 0;
    if (++head_ == heads_.size()) {
      head_ = 0;
      ++window_;
    }
  }
  return {{head.row, head.col, 0}, value};
}

template class FilterFeeder<float>;
template class FilterFeeder<std::int32_t>;
template class FilterFeeder<std::int64_t>;
template class InputFeeder<float>;
template class InputFeeder<std::int32_t>;
template class InputFeeder<std::int64_t>;
template class SumFeeder<float>;
template class SumFeeder<std::int32_t>;
template class SumFeeder<std::int64_t>;

}  // namespace npusim::modules
