#pragma once

#include <vector>

#include "sim/trace/array_recording.h"
#include "sim/trace/array_subject.h"

namespace npusim {

/// A weight-stationary array as a textbook draws it, for one fold: PE (r, c) holds b[r,c] and works
/// on row m in cycle rows + m + r + c. Values are a[m,k] = m + 1 and b[k,n] = k - n.
struct Wavefront {
  std::int64_t rows, cols, m;

  ArraySubject subject() const {
    ArraySubject subject;
    subject.title = "example";
    subject.array.rows = rows;
    subject.array.cols = cols;
    subject.array.macsPerCycle = {{DataType::Int8, 1}};
    subject.shape = MatrixShape::product(m, cols, rows);
    subject.timing = {rows, m, rows + cols - 2};
    return subject;
  }

  void show(ArrayObserver& observer) const {
    const std::int64_t total = subject().timing.total();
    for (std::int64_t cycle = 0; cycle < total; ++cycle) {
      std::vector<PeCycle> pes;
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t col = 0; col < cols; ++col) pes.push_back(at(cycle, row, col));
      }
      observer.onCycle(cycle, pes);
    }
  }

  PeCycle at(std::int64_t cycle, std::int64_t row, std::int64_t col) const {
    const std::int64_t index = cycle - rows - row - col;
    if (index < 0 || index >= m) return {};
    double sum = 0;
    for (std::int64_t k = 0; k <= row; ++k) sum += static_cast<double>((index + 1) * (k - col));
    return {true, index, col, row, static_cast<double>(row - col), static_cast<double>(index + 1),
            sum};
  }
};

}  // namespace npusim
