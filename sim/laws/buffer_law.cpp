#include "sim/laws/buffer_law.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "sim/core/rounding.h"
#include "sim/laws/bank_loads.h"
#include "sim/laws/loop_groups.h"
#include "sim/laws/systolic_law.h"

namespace npusim {
namespace {

/// Contiguous bytes, offset from where the pattern stands.
struct Run {
  std::int64_t offset, bytes;
  bool operator<(const Run& other) const {
    return std::tie(offset, bytes) < std::tie(other.offset, other.bytes);
  }
};

/// Fetches that come every so many steps, at each position of some loops.
struct Fetches {
  std::int64_t steps;  ///< until the next fetch
  std::int64_t offset;
  std::vector<AccessLoop> positions;
};

/// Sorts runs and joins those that touch or overlap.
void join(std::vector<Run>& runs) {
  std::ranges::sort(runs, {}, &Run::offset);
  std::size_t last = 0;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const std::int64_t end = runs[last].offset + runs[last].bytes;
    if (runs[i].offset <= end) {
      runs[last].bytes = std::max(end, runs[i].offset + runs[i].bytes) - runs[last].offset;
    } else {
      runs[++last] = runs[i];
    }
  }
  if (!runs.empty()) runs.resize(last + 1);
}

/// What the same banks serve in the same way, whole periods nearer: sorted runs that do not touch
/// begin in the first period, and gaps are less than two.
std::vector<Run> nearer(std::vector<Run> runs, std::int64_t period) {
  std::int64_t end = 0, newEnd = 0;
  for (Run& run : runs) {
    const std::int64_t gap = run.offset - end;
    const std::int64_t rest = (gap % period + period) % period;
    const bool first = &run == &runs.front();
    end = run.offset + run.bytes;
    run.offset = newEnd + rest + (first || gap < period ? 0 : period);
    newEnd = run.offset + run.bytes;
  }
  return runs;
}

/// One operand that streams: its words, fetch by fetch.
class StreamedOperand {
 public:
  StreamedOperand(const ChipConfig& chip, DataType format, const MatrixShape& shape,
                  const Dealing& dealing, const OperandPlace& place, LoopGroup lanes)
      : array_(chip.array),
        buffer_(chip.buffers[place.buffer]),
        shape_(dealing.shapeOf(shape)),
        dealing_(dealing),
        place_(place),
        lanes_(lanes),
        step_(systolicStep(chip.array, format)) {
    const Dataflow& dataflow = array_.dataflow;
    const LoopGroup rows = groupOf(dataflow.rows.front());
    const LoopGroup cols = groupOf(dataflow.cols.front());
    streamed_ = otherGroup(rows, cols);
    const bool onRows = rows == lanes;
    laneLoops_ = (onRows ? dataflow.rows : dataflow.cols).size();
    pes_ = onRows ? array_.rows : array_.cols;
    otherFolds_ = foldsAlong(onRows ? cols : rows, onRows ? dataflow.cols : dataflow.rows,
                             onRows ? array_.cols : array_.rows);
  }

  /// Conflict cycles of all fetches, whose words are added to `loads`.
  std::int64_t conflictCycles(BankLoads& loads) const {
    std::map<std::vector<Run>, std::int64_t> pieces;  // and how many fetch so
    const std::int64_t along = extentOf(shape_, lanes_, laneLoops_);
    const std::int64_t piece = pes_ * (lanes_ == kK ? step_.depth : 1);
    for (std::int64_t first = 0; first < along; first += piece) {
      ++pieces[nearer(fetchRuns(first, std::min(along, first + piece)), loads.period())];
    }
    std::int64_t cycles = 0;
    for (const Fetches& pattern : fetches()) {
      for (const auto& [runs, times] : pieces) {
        cycles += conflictCycles(runs, pattern, times * otherFolds_, loads);
      }
    }
    return cycles;
  }

 private:
  std::int64_t foldsAlong(LoopGroup group, const std::vector<LoopDim>& loops,
                          std::int64_t pes) const {
    const std::int64_t along = extentOf(shape_, group, loops.size());
    const std::size_t all = kLoopBegins[group + 1] - kLoopBegins[group];
    const std::int64_t lanes = ceilDiv(along, group == kK ? step_.depth : 1);
    return extentOf(shape_, group, all) / along * ceilDiv(lanes, pes);
  }

  /// What all PEs along the axis take at once: positions [first, end) of its flattened loops, on
  /// every array, each with the elements of one step.
  std::vector<Run> fetchRuns(std::int64_t first, std::int64_t end) const {
    std::vector<Run> runs;
    const std::size_t inner = kLoopBegins[lanes_ + 1] - 1;
    for (std::int64_t lane = first; lane < end;) {
      const std::int64_t length = shape_.extents[inner];
      const std::int64_t count = std::min(end - lane, length - lane % length);
      addLine(offsetOf(lane), place_.strides[inner], count, runs);
      lane += count;
    }
    join(runs);
    repeat(streamed_ == kK ? AccessLoop{place_.strides[6], std::min(step_.depth, shape_.extents[6])}
                           : AccessLoop{},
           runs);
    for (const Cut& cut : {dealing_.columns, dealing_.rows}) {
      const std::int64_t apart = place_.strides[cut.dim] * cut.each;
      repeat({apart, apart == 0 ? 1 : cut.parts}, runs);
    }
    return runs;
  }

  void addLine(std::int64_t offset, std::int64_t stride, std::int64_t count,
               std::vector<Run>& runs) const {
    if (stride == place_.elementBytes || stride == 0) {
      runs.push_back({offset, place_.elementBytes * (stride == 0 ? 1 : count)});
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      runs.push_back({offset + stride * i, place_.elementBytes});
    }
  }

  static void repeat(const AccessLoop& loop, std::vector<Run>& runs) {
    const std::size_t once = runs.size();
    for (std::int64_t i = 1; i < loop.count; ++i) {
      for (std::size_t r = 0; r < once; ++r) {
        runs.push_back({runs[r].offset + loop.stride * i, runs[r].bytes});
      }
    }
    if (loop.count > 1) join(runs);
  }

  /// Of a position of the flattened loops along the axis.
  std::int64_t offsetOf(std::int64_t position) const {
    std::int64_t offset = 0;
    const std::size_t end = kLoopBegins[lanes_ + 1];
    for (std::size_t d = end; d-- > end - laneLoops_;) {
      offset += position % shape_.extents[d] * place_.strides[d];
      position /= shape_.extents[d];
    }
    return offset;
  }

  /// When the PEs fetch: whole intervals of p steps, and what is left of each line.
  std::vector<Fetches> fetches() const {
    std::vector<AccessLoop> outer;
    const std::size_t laneEnd = kLoopBegins[lanes_ + 1];
    for (std::size_t d = kLoopBegins[lanes_]; d < laneEnd - laneLoops_; ++d) {
      outer.push_back({place_.strides[d], shape_.extents[d]});
    }
    AccessLoop line;
    for (std::size_t d = kLoopBegins[streamed_]; d < kLoopBegins[streamed_ + 1]; ++d) {
      if (shape_.extents[d] == 1) continue;
      outer.push_back(line);
      line = stepLoop(d);
    }
    const std::int64_t apart = std::abs(line.stride);
    const std::int64_t every =
        std::clamp<std::int64_t>(apart == 0 ? 1 : buffer_.widthBytes / apart, 1, line.count);
    std::vector<Fetches> patterns;
    const std::int64_t whole = line.count / every;
    patterns.push_back({every, 0, outer});
    patterns.back().positions.push_back({every * line.stride, whole});
    if (line.count % every > 0) {
      patterns.push_back({line.count % every, whole * every * line.stride, outer});
    }
    return patterns;
  }

  /// The steps of a loop that streams: k goes in groups as deep as a PE.
  AccessLoop stepLoop(std::size_t dim) const {
    const std::int64_t depth = dim == 6 ? step_.depth : 1;
    return {place_.strides[dim] * depth, ceilDiv(shape_.extents[dim], depth)};
  }

  std::int64_t conflictCycles(const std::vector<Run>& runs, const Fetches& pattern,
                              std::int64_t times, BankLoads& loads) const {
    BankLoads fetch(buffer_);
    std::int64_t cycles = 0;
    const std::int64_t start = place_.address + pattern.offset;
    for (const auto& [at, count] : remainders(start, pattern.positions, fetch.period())) {
      fetch.clear();
      addFetch(runs, at, fetch);
      const std::int64_t late = fetch.cycles() - pattern.steps * step_.beat;
      cycles += count * times * std::max<std::int64_t>(0, late);
      loads.add(fetch, count * times);
    }
    return cycles;
  }

  /// The words of one fetch, each once.
  static void addFetch(const std::vector<Run>& runs, std::int64_t start, BankLoads& fetch) {
    std::int64_t next = 0;
    for (const Run& run : runs) {
      const std::int64_t begin = start + run.offset;
      const std::int64_t first = std::max(next, fetch.wordOf(begin));
      next = std::max(next, fetch.wordOf(begin + run.bytes - 1) + 1);
      fetch.addWords(first, next - first, 1);
    }
  }

  const ArrayConfig& array_;
  const BufferConfig& buffer_;
  const MatrixShape shape_;  ///< of one array
  const Dealing& dealing_;
  const OperandPlace& place_;
  const LoopGroup lanes_;
  const SystolicStep step_;
  LoopGroup streamed_ = kM;
  std::size_t laneLoops_ = 1;
  std::int64_t pes_ = 1, otherFolds_ = 1;
};

/// The accesses of all operands at all buffers.
class Product {
 public:
  Product(const ChipConfig& chip, DataType format, const ProductPlaces& product,
          const Dealing& dealing)
      : chip_(chip), format_(format), product_(product), dealing_(dealing) {
    for (const BufferConfig& buffer : chip.buffers) loads_.emplace_back(buffer);
  }

  std::int64_t stretch(const ArrayTiming& timing, const ArrayWork& work) {
    const MatrixShape& shape = product_.shape;
    const std::int64_t sums = shape.m() * shape.n() * product_.c.elementBytes;
    const std::int64_t inputs = shape.m() * shape.k() * product_.a.elementBytes;
    const std::int64_t weights = shape.k() * shape.n() * product_.b.elementBytes;
    std::int64_t longest = std::max(walk(product_.a, kM, kK, work.inputBytes / inputs),
                                    walk(product_.b, kN, kK, work.weightBytes / weights));
    addDense(product_.c, kM, kN, (work.partialReadBytes + work.partialWriteBytes) / sums);
    for (const BankLoads& loads : loads_) {
      longest = std::max(longest, loads.cycles() - timing.stream);
    }
    return longest;
  }

 private:
  /// Conflict cycles of an operand that two lists of loops index.
  std::int64_t walk(const OperandPlace& place, LoopGroup x, LoopGroup y, std::int64_t passes) {
    const Dataflow& dataflow = chip_.array.dataflow;
    const LoopGroup streamed =
        otherGroup(groupOf(dataflow.rows.front()), groupOf(dataflow.cols.front()));
    if (x != streamed && y != streamed) {
      addDense(place, x, y, passes);
      return 0;
    }
    const StreamedOperand operand(chip_, format_, product_.shape, dealing_, place,
                                  x == streamed ? y : x);
    return operand.conflictCycles(loads_[place.buffer]);
  }

  void addDense(const OperandPlace& place, LoopGroup x, LoopGroup y, std::int64_t passes) {
    std::array<std::int64_t, 7> extents = {1, 1, 1, 1, 1, 1, 1};
    for (const LoopGroup group : {x, y}) {
      for (std::size_t d = kLoopBegins[group]; d < kLoopBegins[group + 1]; ++d) {
        extents[d] = product_.shape.extents[d];
      }
    }
    RunAccess access = denseAccess(place.address, place.strides, extents, place.elementBytes);
    access.times *= passes;
    loads_[place.buffer].add(access);
  }

  const ChipConfig& chip_;
  const DataType format_;
  const ProductPlaces& product_;
  const Dealing& dealing_;
  std::vector<BankLoads> loads_;
};

/// Of accesses that spread over all banks.
std::int64_t evenStretch(const ChipConfig& chip, const ProductPlaces& product,
                         const ArrayTiming& timing, const ArrayWork& work) {
  std::vector<std::int64_t> bytes(chip.buffers.size(), 0);
  bytes[product.a.buffer] += work.inputBytes;
  bytes[product.b.buffer] += work.weightBytes;
  bytes[product.c.buffer] += work.partialReadBytes + work.partialWriteBytes;
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const BufferPort port = chip.buffers[i].port();
    longest = std::max(longest, ceilDiv(bytes[i], port.accesses * port.bytes) - timing.stream);
  }
  return longest;
}

}  // namespace

std::int64_t bufferConflictCycles(const ChipConfig& chip, DataType format,
                                  const ProductPlaces& product, const Dealing& dealing,
                                  const ArrayTiming& timing, const ArrayWork& work) {
  if (chip.idealMemory) return 0;
  if (chip.array.dataflow.kind != ArrayKind::Systolic) {
    return evenStretch(chip, product, timing, work);
  }
  return Product(chip, format, product, dealing).stretch(timing, work);
}

}  // namespace npusim
