#include <algorithm>

#include "kernels/matrix/matrix.h"
#include "sim/core/rounding.h"

namespace npusim::matrix {
namespace {

using plan::Axis;
using plan::Operand;
using plan::Task;

/// The parts of a task's weights by the digits of the cores they are dealt to, outermost first.
struct Parts {
  std::vector<std::size_t> dims;  ///< dealt dimensions of the task
  std::vector<std::int64_t> counts;
  std::int64_t total = 1;
};

Parts partsOf(const Task& task, const Operand& b) {
  Parts parts;
  for (std::size_t d = 0; d < task.dims.size(); ++d) {
    const bool follows = std::any_of(b.axes.begin(), b.axes.end(),
                                     [&](const Axis& axis) { return axis.coefficients[d] != 0; });
    if (!task.dims[d].digit || !follows) continue;
    parts.dims.push_back(d);
    parts.counts.push_back(task.dims[d].extent);
    parts.total *= task.dims[d].extent;
  }
  return parts;
}

/// How often the weights of one pass follow one another in their block, for loops whose passes have
/// their own; 0 where the block holds more than this operand reads, or in another order.
std::int64_t passesOf(const plan::Plan& plan, const Operand& b) {
  std::int64_t readers = 0;
  for (const Task& other : plan.tasks) {
    readers += std::count_if(other.operands.begin(), other.operands.end(),
                             [&](const Operand& operand) { return operand.block == b.block; });
  }
  if (readers != 1) return 0;
  if (b.passes.empty()) return 1;
  std::int64_t bytes = byteSize(b.type), passes = 1;
  for (const Axis& axis : b.axes) bytes *= axis.extent;
  for (auto pass = b.passes.rbegin(); pass != b.passes.rend(); ++pass) {
    if (pass->modulo != 0 || pass->bytes != bytes) return 0;
    bytes *= pass->passes;
    passes *= pass->passes;
  }
  return b.offset == 0 && bytes == plan.block(b.block).bytes ? passes : 0;
}

/// One part of the weights as it will lie: [group][tile][k][column in tile].
struct Layout {
  std::int64_t columns = 1, tiles = 1;
  std::array<std::int64_t, plan::kMatrixDims> extents{}, strides{};
  std::int64_t bytes = 0;
};

Layout layoutOf(const Task& task, const Operand& b, std::int64_t columns) {
  using namespace plan;
  Layout layout;
  for (std::size_t d = 0; d < layout.extents.size(); ++d) {
    const bool follows = std::any_of(b.axes.begin(), b.axes.end(),
                                     [&](const Axis& axis) { return axis.coefficients[d] != 0; });
    layout.extents[d] = follows ? task.dims[d].extent : 1;
  }
  layout.columns = columns;
  layout.tiles = ceilDiv(task.dims[N].extent, columns);
  layout.strides[N] = byteSize(b.type);
  std::int64_t bytes = byteSize(b.type) * columns;
  for (const int d : {K2, K1, K0}) {
    const auto at = static_cast<std::size_t>(d);
    layout.strides[at] = bytes;
    bytes *= task.dims[at].extent;
  }
  layout.bytes = bytes * layout.tiles;
  for (const int d : {G1, G0}) {
    const auto at = static_cast<std::size_t>(d);
    layout.strides[at] = layout.bytes;
    layout.bytes *= layout.extents[at];
  }
  return layout;
}

/// Bytes from one part to the next. Cores read their parts of a memory at the same time and pace:
/// large ones begin an odd number of `gap` bytes apart, and so as many as there are gaps before the
/// same banks come again begin in different ones. A gap is whole rows, and at most an eighth of a
/// part, so that the memory holds at most a quarter more.
std::int64_t pitchOf(const plan::Plan& plan, const plan::Block& block, const Parts& parts,
                     const Layout& layout) {
  constexpr std::int64_t kLeastGaps = 8;
  const bool inMemory = !block.kept && !block.distribution && !block.encoding;
  if (!inMemory || plan.rowBytes == 0 || parts.total == 1) return layout.bytes;
  std::int64_t rows = plan.rowsAround;
  while (rows > 1 && (rows * parts.total > plan.rowsAround ||
                      rows * plan.rowBytes * kLeastGaps > layout.bytes)) {
    rows /= 2;
  }
  const std::int64_t gap = rows * plan.rowBytes;
  if (gap * kLeastGaps > layout.bytes) return layout.bytes;
  const std::int64_t gaps = ceilDiv(layout.bytes, gap);
  return (gaps % 2 == 0 ? gaps + 1 : gaps) * gap;
}

/// Dense weights to parts that are `pitch` bytes apart, padded with zeros.
class Repacking {
 public:
  Repacking(const Task& task, const Operand& b, const Parts& parts, const Layout& layout,
            std::int64_t pitch)
      : task_(task), b_(b), parts_(parts), layout_(layout), pitch_(pitch) {}

  /// All passes, one after another.
  std::vector<std::byte> of(const std::vector<std::byte>& dense, std::int64_t passes) const {
    if (passes == 1) return of(dense);
    const auto each = static_cast<std::ptrdiff_t>(dense.size()) / passes;
    std::vector<std::byte> packed;
    for (auto from = dense.begin(); from != dense.end(); from += each) {
      const std::vector<std::byte> pass = of({from, from + each});
      packed.insert(packed.end(), pass.begin(), pass.end());
    }
    return packed;
  }

 private:
  std::vector<std::byte> of(const std::vector<std::byte>& dense) const {
    std::vector<std::byte> packed(static_cast<std::size_t>(pitch_ * parts_.total));
    std::vector<std::int64_t> position(task_.dims.size(), 0);
    for (std::int64_t part = 0; part < parts_.total; ++part) {
      std::int64_t rest = part;
      for (std::size_t i = parts_.dims.size(); i-- > 0;) {
        position[parts_.dims[i]] = rest % parts_.counts[i];
        rest /= parts_.counts[i];
      }
      copyPart(dense, packed.data() + part * pitch_, position);
    }
    return packed;
  }

  void copyPart(const std::vector<std::byte>& dense, std::byte* to,
                std::vector<std::int64_t>& position) const {
    using namespace plan;
    const auto& e = layout_.extents;
    for (position[G0] = 0; position[G0] < e[G0]; ++position[G0]) {
      for (position[G1] = 0; position[G1] < e[G1]; ++position[G1]) {
        for (position[K0] = 0; position[K0] < e[K0]; ++position[K0]) {
          for (position[K1] = 0; position[K1] < e[K1]; ++position[K1]) {
            for (position[K2] = 0; position[K2] < e[K2]; ++position[K2]) {
              copyRow(dense, to, position);
            }
          }
        }
      }
    }
  }

  /// All columns of one row of k.
  void copyRow(const std::vector<std::byte>& dense, std::byte* to,
               std::vector<std::int64_t>& position) const {
    using namespace plan;
    std::int64_t from = 0, target = 0, columns = layout_.extents[N];
    for (const Axis& axis : b_.axes) {
      std::int64_t at = 0;
      for (std::size_t d = 0; d < position.size(); ++d) at += axis.coefficients[d] * position[d];
      if (axis.coefficients[N] != 0) {
        columns = std::min(columns, axis.extent - at);
      } else if (at >= axis.extent) {
        return;
      }
      from += at * axis.stride;
    }
    for (const int d : {G0, G1, K0, K1, K2}) {
      const auto at = static_cast<std::size_t>(d);
      target += position[at] * layout_.strides[at];
    }
    const std::int64_t width = byteSize(b_.type);
    const std::int64_t tileBytes = layout_.strides[K0] * task_.dims[K0].extent;
    for (std::int64_t first = 0; first < columns; first += layout_.columns) {
      const std::int64_t count = std::min(layout_.columns, columns - first);
      std::copy_n(dense.data() + from + first * width, count * width,
                  to + target + first / layout_.columns * tileBytes);
    }
  }

  const Task& task_;
  const Operand& b_;
  const Parts& parts_;
  const Layout& layout_;
  const std::int64_t pitch_;
};

/// The operand's axes over the new layout; one more for each digit.
void relabel(const Task& task, Operand& b, const Parts& parts, const Layout& layout,
             std::int64_t pitch) {
  using namespace plan;
  const std::int64_t tileBytes = layout.strides[K0] * task.dims[K0].extent;
  for (Axis& axis : b.axes) {
    for (std::size_t d = 0; d < layout.extents.size(); ++d) {
      if (axis.coefficients[d] == 0) continue;
      axis.extent = d == N ? layout.tiles * layout.columns : layout.extents[d];
      axis.stride = layout.strides[d];
      if (d != N || layout.tiles == 1) continue;
      axis.blockLength = layout.columns;
      axis.blockStride = tileBytes;
    }
    for (const std::size_t d : parts.dims) axis.coefficients[d] = 0;
  }
  std::int64_t stride = pitch;
  for (std::size_t i = parts.dims.size(); i-- > 0;) {
    Axis axis{parts.counts[i], stride, std::vector<std::int64_t>(task.dims.size(), 0), 0, 0, 0};
    axis.coefficients[parts.dims[i]] = 1;
    b.axes.insert(b.axes.begin(), std::move(axis));
    stride *= parts.counts[i];
  }
  for (auto pass = b.passes.rbegin(); pass != b.passes.rend(); ++pass) {
    pass->bytes = stride;
    stride *= pass->passes;
  }
}

/// Lets an encoding follow its values to another layout. It is dropped where cores' parts would
/// begin between two scales.
void relayEncoding(const Task& task, plan::Block& block, const Parts& parts, const Layout& layout,
                   const Repacking& repacking, std::int64_t passes) {
  plan::Encoding& encoding = *block.encoding;
  std::int64_t rows = 1;
  for (const int d : {plan::K0, plan::K1, plan::K2}) {
    rows *= layout.extents[static_cast<std::size_t>(d)];
  }
  const bool dealsRows =
      std::ranges::any_of(parts.dims, [&](std::size_t d) { return task.dims[d].of >= plan::K0; });
  if (dealsRows && encoding.rowsPerScale > 0 && rows % encoding.rowsPerScale != 0) {
    block.encoding.reset();
    return;
  }
  encoding.tileBy(layout.columns, rows);
  encoding.code.values = block.bytes / byteSize(encoding.code.type);
  for (auto* each : {&encoding.scales, &encoding.zeros}) {
    if (!*each) continue;
    *each = std::make_shared<const std::vector<std::byte>>(repacking.of(**each, passes));
  }
}

}  // namespace

std::int64_t blockedBytes(const plan::Plan& plan, const Task& task, std::int64_t columns) {
  const auto& work = std::get<plan::MatrixWork>(task.work);
  const Operand& b = task.operands[static_cast<std::size_t>(work.b)];
  const Parts parts = partsOf(task, b);
  if (parts.total == 1 && columns >= task.dims[plan::N].extent) return plan.block(b.block).bytes;
  const std::int64_t bytes =
      pitchOf(plan, plan.block(b.block), parts, layoutOf(task, b, columns)) * parts.total;
  return bytes * std::max<std::int64_t>(1, passesOf(plan, b));
}

void blockColumns(plan::Plan& plan, Task& task, std::int64_t columns) {
  const auto& work = std::get<plan::MatrixWork>(task.work);
  Operand& b = task.operands[static_cast<std::size_t>(work.b)];
  plan::Block& block = plan.block(b.block);
  const Parts parts = partsOf(task, b);
  const bool tiled = !block.encoding || block.encoding->tiled;
  const bool asItIs = parts.total == 1 && columns >= task.dims[plan::N].extent && tiled;
  if (block.kind != plan::Block::Kind::Weights || asItIs) return;
  const std::int64_t passes = passesOf(plan, b);
  if (passes == 0) return;
  const Layout layout = layoutOf(task, b, columns);
  const std::int64_t pitch = pitchOf(plan, block, parts, layout);
  const Repacking repacking(task, b, parts, layout, pitch);
  if (block.contents) {
    block.contents =
        std::make_shared<const std::vector<std::byte>>(repacking.of(*block.contents, passes));
  }
  block.bytes = pitch * parts.total * passes;
  if (block.encoding) relayEncoding(task, block, parts, layout, repacking, passes);
  relabel(task, b, parts, layout, pitch);
}

}  // namespace npusim::matrix
