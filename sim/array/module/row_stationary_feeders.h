#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/array/module/row_stationary_pass.h"
#include "sim/array/sums.h"

namespace npusim::modules {

/// The values of an instruction in the buffers: A as m x k, B as k x n elements, and C. Without
/// values (no elements, null) all words are zero.
template <typename T>
struct BufferView {
  std::vector<T> inputs, weights;
  const Sums<T>* start = nullptr;  ///< read where sums open
  Sums<T>* later = nullptr;        ///< read where they go on, and written
};

/// Which word of the filters, the inputs or the sums a bus brings next in a pass.
template <typename T>
class FilterFeeder {
 public:
  FilterFeeder(const RowStationaryProgram& program, const Pass& pass, const BufferView<T>& view);
  std::int64_t waiting() const { return all_ - next_; }
  typename Beat<T>::Word take();

 private:
  const RowStationaryProgram& program_;
  const Pass& pass_;
  const BufferView<T>& view_;
  std::int64_t all_, next_ = 0;
};

template <typename T>
class InputFeeder {
 public:
  InputFeeder(const RowStationaryProgram& program, const Pass& pass, const BufferView<T>& view);
  std::int64_t waiting() const { return all_ - taken_; }
  std::int64_t taken() const { return taken_; }
  /// Words that windows 0 to `window` need.
  std::int64_t neededFor(std::int64_t window) const;
  typename Beat<T>::Word take();

 private:
  /// A PE that needs a row of the input stands for all of them.
  struct Listener {
    std::int64_t filterRow, outputRow;
  };
  std::int64_t fresh(std::int64_t window) const;
  T fetch(const Listener& listener) const;

  const RowStationaryProgram& program_;
  const Pass& pass_;
  const BufferView<T>& view_;
  std::map<std::int64_t, Listener> lines_;  ///< by row of the input
  typename std::map<std::int64_t, Listener>::const_iterator line_;
  std::int64_t all_ = 0, taken_ = 0;
  std::int64_t window_ = 0, tap_ = 0, channel_ = 0;
};

/// Sums to the first PEs of the columns, window by window, PE by PE, filter by filter.
template <typename T>
class SumFeeder {
 public:
  struct Head {
    std::int64_t row, col;
    Role role;
  };
  SumFeeder(const RowStationaryProgram& program, const Pass& pass, const BufferView<T>& view,
            std::vector<Head> heads);
  std::int64_t waiting() const { return all_ - taken_; }
  std::int64_t taken() const { return taken_; }
  typename Beat<T>::Word take();

 private:
  const RowStationaryProgram& program_;
  const Sums<T>* from_;
  const std::vector<Head> heads_;
  std::int64_t all_ = 0, taken_ = 0;
  std::int64_t window_ = 0, filter_ = 0;
  std::size_t head_ = 0;
};

}  // namespace npusim::modules
