#include <algorithm>

#include "kernels/matrix/matrix.h"
#include "sim/core/rounding.h"

namespace npusim::matrix {
namespace {

/// [rows][n] to [n / columns][rows][columns], the last tile padded with zeros.
void blockRows(const std::byte* from, std::byte* to, std::int64_t rows, std::int64_t n,
               std::int64_t columns, std::int64_t width) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t first = 0; first < n; first += columns) {
      const std::int64_t count = std::min(columns, n - first);
      std::copy_n(from + (r * n + first) * width, count * width,
                  to + (first * rows + r * columns) * width);
    }
  }
}

}  // namespace

void blockColumns(plan::Plan& plan, plan::Task& task, std::int64_t columns) {
  const auto& work = std::get<plan::MatrixWork>(task.work);
  plan::Operand& b = task.operands[static_cast<std::size_t>(work.b)];
  plan::Block& block = plan.block(b.block);
  const std::int64_t n = task.dims[plan::N].extent;
  if (block.kind != plan::Block::Kind::Weights || columns >= n) return;
  const std::int64_t width = byteSize(b.type);
  const std::int64_t rows =
      task.dims[plan::K0].extent * task.dims[plan::K1].extent * task.dims[plan::K2].extent;
  const std::int64_t groupBytes = roundUp(n, columns) * rows * width;
  const std::int64_t groups = block.bytes / (rows * n * width);
  for (plan::Axis& axis : b.axes) {
    if (axis.coefficients[plan::N] != 0) {
      axis.blockLength = columns;
      axis.blockStride = rows * columns * width;
    } else if (axis.coefficients[plan::G0] != 0 || axis.coefficients[plan::G1] != 0) {
      axis.stride = groupBytes;
    } else {
      axis.stride = axis.stride / n * columns;
    }
  }
  block.bytes = groups * groupBytes;
  if (!block.contents) return;
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(block.bytes));
  for (std::int64_t g = 0; g < groups; ++g) {
    blockRows(block.contents->data() + g * rows * n * width, bytes->data() + g * groupBytes, rows,
              n, columns, width);
  }
  block.contents = std::move(bytes);
}

}  // namespace npusim::matrix
