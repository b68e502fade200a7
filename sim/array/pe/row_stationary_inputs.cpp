#include "sim/array/pe/row_stationary_inputs.h"

#include <algorithm>
#include <map>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {

template <typename T>
RowStationaryInputs<T>::RowStationaryInputs(const RowStationaryPlan& plan,
                                            const RowStationaryPiece& piece, const T* image)
    : plan_(plan),
      piece_(piece),
      image_(image),
      setChannels_(std::min(plan.mapping().q, piece.channels.count)) {
  findLines();
  const std::int64_t sets = ceilDiv(piece.channels.count, setChannels_);
  queues_.resize(static_cast<std::size_t>(sets * linesOfSet()));
  const MatrixShape& shape = plan.shape();
  const std::int64_t windows = shape.extents[0] * shape.extents[2];
  for (std::int64_t w = 0; w < windows; ++w) waiting_ += words(w);
  column_ = piece.taps.count - freshColumns(0);
}

/// PEs of which output row x stride + filter row x dilation agrees see the same row of the input.
template <typename T>
void RowStationaryInputs<T>::findLines() {
  const MatrixShape& shape = plan_.shape();
  std::map<std::int64_t, std::int64_t> lines;
  for (std::int64_t f = 0; f < piece_.filterRows.count; ++f) {
    for (std::int64_t o = 0; o < piece_.rows.count; ++o) {
      const std::int64_t row = o * shape.strides[0] + f * shape.dilations[0];
      const auto [line, isNew] = lines.try_emplace(row, linesOfSet());
      if (isNew) firsts_.push_back({piece_.rows.first + o, piece_.filterRows.first + f});
      lineOf_.push_back(line->second);
    }
  }
}

template <typename T>
std::int64_t RowStationaryInputs<T>::lineOf(std::int64_t channelSet, std::int64_t filterRow,
                                            std::int64_t outputRow) const {
  const std::int64_t pe = filterRow * piece_.rows.count + outputRow - piece_.rows.first;
  return channelSet * linesOfSet() + lineOf_[static_cast<std::size_t>(pe)];
}

/// A row starts with a whole window; then the window slides, unless taps lie further apart than
/// neighbouring columns or it slides backwards.
template <typename T>
std::int64_t RowStationaryInputs<T>::freshColumns(std::int64_t window) const {
  const MatrixShape& shape = plan_.shape();
  const bool slides = shape.dilations[1] == 1 && shape.strides[1] >= 0;
  if (window % shape.extents[2] == 0 || !slides) return piece_.taps.count;
  return std::min(shape.strides[1], piece_.taps.count);
}

template <typename T>
std::int64_t RowStationaryInputs<T>::words(std::int64_t window) const {
  return freshColumns(window) * piece_.channels.count * linesOfSet();
}

template <typename T>
void RowStationaryInputs<T>::deliver(std::int64_t count) {
  waiting_ -= count;
  arrived_ += count;
  if (image_ == nullptr) return;
  for (std::int64_t i = 0; i < count; ++i) deliverOne();
}

template <typename T>
void RowStationaryInputs<T>::deliverOne() {
  while (column_ == piece_.taps.count) {  // windows that bring nothing anew
    ++window_;
    column_ = piece_.taps.count - freshColumns(window_);
  }
  const std::int64_t queue = channel_ / setChannels_ * linesOfSet() + line_;
  queues_[static_cast<std::size_t>(queue)].push_back(fetch());
  advance();
}

template <typename T>
T RowStationaryInputs<T>::fetch() const {
  const auto& extents = plan_.shape().extents;
  const Listener& pe = firsts_[static_cast<std::size_t>(line_)];
  const std::int64_t image = window_ / extents[2];
  const std::int64_t m = (image * extents[1] + pe.outputRow) * extents[2] + window_ % extents[2];
  const std::int64_t tap = pe.filterRow * extents[5] + piece_.taps.first + column_;
  const std::int64_t k = tap * extents[6] + piece_.channels.first + channel_;
  return image_[m * plan_.shape().k() + k];
}

template <typename T>
void RowStationaryInputs<T>::advance() {
  if (++line_ < linesOfSet()) return;
  line_ = 0;
  if (++channel_ < piece_.channels.count) return;
  channel_ = 0;
  ++column_;
}

template <typename T>
T RowStationaryInputs<T>::at(std::int64_t line, std::int64_t position) const {
  const std::vector<T>& queue = queues_[static_cast<std::size_t>(line)];
  ensure(position < static_cast<std::int64_t>(queue.size()), "a PE reads a word that has not come");
  return queue[static_cast<std::size_t>(position)];
}

template class RowStationaryInputs<float>;
template class RowStationaryInputs<std::int32_t>;
template class RowStationaryInputs<std::int64_t>;

}  // namespace npusim
