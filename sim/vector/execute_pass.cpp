#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "sim/vector/lane_io.h"
#include "sim/vector/steps.h"
#include "sim/vector/vector_unit.h"

namespace npusim {
namespace {

/// One pass in the arithmetic of T (float, double, int64 or uint64). A block of lanes runs along
/// one dimension and every step is applied to the whole block.
template <typename T>
class PassRunner {
 public:
  PassRunner(const VectorTile& tile, std::vector<Storage>& storages)
      : tile_(tile),
        pass_(*tile.pass),
        storages_(storages),
        position_(tile.extents.size(), 0),
        kept_(tile.keptDims()) {}

  void run() {
    if (kept_ == 0) return block(true);
    lane_ = kept_ - 1;
    const bool folds = pass_.reduceDims > 0 && tile_.extents[lane_] < kFewLanes &&
                       tile_.extents.back() > kFewLanes;
    const std::int64_t step = folds ? 1 : kLaneBlock;
    do {
      for (std::int64_t first = 0; first < tile_.extents[lane_]; first += step) {
        position_[lane_] = first;
        count_ = std::min(step, tile_.extents[lane_] - first);
        block(folds);
      }
      position_[lane_] = 0;
    } while (
        stepPosition(std::span(position_).first(lane_), std::span(tile_.extents).first(lane_)));
  }

 private:
  using Lanes = std::array<T, kLaneBlock>;
  /// Below this many lanes a reduction reads along the reduced dimension instead.
  static constexpr std::int64_t kFewLanes = 8;

  /// The outputs of lanes position_[lane_] ... + count_ - 1; a single one when it `folds`.
  void block(bool folds) {
    Lanes x;
    if (folds) {
      x[0] = foldLine();
      return finish(x, 0, 1);
    }
    if (pass_.reduceDims > 0) {
      std::fill_n(x.begin(), count_, reduceStart<T>(pass_.reduce));
      reduceBlock(x);
      return finish(x, 0, count_);
    }
    const PositionRange valid = validLanes(lane_, count_);
    if (valid.empty()) return;
    const std::int64_t lanes = valid.end - valid.begin;
    load(0, lane_, valid.begin, lanes, x.data());
    apply(pass_.pre, lane_, valid.begin, lanes, x);
    finish(x, valid.begin, lanes);
  }

  std::span<std::int64_t> reduced() { return std::span(position_).subspan(kept_); }
  std::span<const std::int64_t> reducedExtents() const {
    return std::span(tile_.extents).subspan(kept_);
  }

  void reduceBlock(Lanes& sum) {
    Lanes x;
    do {
      const PositionRange valid = validLanes(lane_, count_);
      if (valid.empty()) continue;
      const std::int64_t lanes = valid.end - valid.begin;
      load(0, lane_, valid.begin, lanes, x.data());
      apply(pass_.pre, lane_, valid.begin, lanes, x);
      applyReduce(pass_.reduce, x.data(), lanes, &sum[static_cast<std::size_t>(valid.begin)]);
    } while (stepPosition(reduced(), reducedExtents()));
  }

  /// One output: blocks along the innermost reduced dimension, folded in ascending order.
  T foldLine() {
    const std::size_t last = tile_.extents.size() - 1;
    T sum = reduceStart<T>(pass_.reduce);
    Lanes x;
    do {
      for (std::int64_t first = 0; first < tile_.extents[last]; first += kLaneBlock) {
        position_[last] = first;
        const PositionRange valid =
            validLanes(last, std::min(kLaneBlock, tile_.extents[last] - first));
        if (valid.empty()) continue;
        const std::int64_t lanes = valid.end - valid.begin;
        load(0, last, valid.begin, lanes, x.data());
        apply(pass_.pre, last, valid.begin, lanes, x);
        for (std::int64_t i = 0; i < lanes; ++i) {
          applyReduce(pass_.reduce, &x[static_cast<std::size_t>(i)], 1, &sum);
        }
      }
      position_[last] = 0;
    } while (stepPosition(reduced().first(last - kept_), reducedExtents().first(last - kept_)));
    return sum;
  }

  /// Post steps and the store of lanes skip ... skip + lanes - 1 of the block; those outside the
  /// output's bounds are not written.
  void finish(Lanes& x, std::int64_t skip, std::int64_t lanes) {
    apply(pass_.post, lane_, skip, lanes, x);
    const ResolvedAccess& out = tile_.out.access;
    const std::int64_t stride = kept_ == 0 ? 0 : out.strides[lane_];
    const std::int64_t start = kept_ == 0 ? 0 : position_[lane_];
    const PositionRange inside =
        validPositions(out, position_, lane_, {start + skip, start + skip + lanes});
    if (inside.empty()) return;
    const std::int64_t begin = inside.begin - start;
    const std::int64_t address = dot(out.address, out.strides, position_) + begin * stride;
    storeLanes(tile_.out, storages_[static_cast<std::size_t>(out.storage)], address, stride,
               inside.end - inside.begin, &x[static_cast<std::size_t>(begin - skip)]);
  }

  /// Lanes (relative to position_[along]) that lie inside operand 0's bounds.
  PositionRange validLanes(std::size_t along, std::int64_t count) const {
    const std::int64_t start = position_[along];
    const PositionRange range =
        validPositions(tile_.operands[0].access, position_, along, {start, start + count});
    return {range.begin - start, range.end - start};
  }

  void load(std::size_t operand, std::size_t along, std::int64_t skip, std::int64_t lanes, T* x) {
    const ResolvedOperand& from = tile_.operands[operand];
    const std::int64_t stride = from.access.strides[along];
    const std::int64_t address =
        dot(from.access.address, from.access.strides, position_) + skip * stride;
    const Storage& storage = storages_[static_cast<std::size_t>(from.access.storage)];
    if (stride == 0) {
      loadLanes(from, storage, address, 0, 1, x);
      std::fill_n(x + 1, lanes - 1, x[0]);
    } else {
      loadLanes(from, storage, address, stride, lanes, x);
    }
  }

  void apply(const std::vector<isa::VectorStep>& steps, std::size_t along, std::int64_t skip,
             std::int64_t lanes, Lanes& x) {
    Lanes y;
    for (const isa::VectorStep& step : steps) {
      if (step.operand >= 0) {
        load(static_cast<std::size_t>(step.operand), along, skip, lanes, y.data());
      } else if (isBinary(step.op)) {
        std::fill_n(y.begin(), lanes, immediate(step.alpha));
      }
      applyStep(step, y.data(), lanes, x.data());
    }
  }

  /// Integers take whole numbers modulo 2^64.
  static T immediate(float alpha) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::int64_t>(alpha));
    return static_cast<T>(alpha);
  }

  const VectorTile& tile_;
  const isa::VectorPass& pass_;
  std::vector<Storage>& storages_;
  std::vector<std::int64_t> position_;
  const std::size_t kept_;
  std::size_t lane_ = 0;    ///< dimension that the lanes run along
  std::int64_t count_ = 1;  ///< lanes in the block
};

bool isWide(DataType type) { return byteSize(type) >= 4 || type == DataType::Bool; }

/// Whether int64 arithmetic gives the pass's results: everything is an unscaled integer. A
/// division truncates only among plain (32- and 64-bit) integers; narrow ones stand for reals.
bool computesIntegers(const VectorTile& tile) {
  const auto isPlainInteger = [](const ResolvedOperand& operand) {
    return !isFloat(operand.access.type) && operand.scaling == isa::Scaling{};
  };
  if (!isPlainInteger(tile.out)) return false;
  if (!std::ranges::all_of(tile.operands, isPlainInteger)) return false;
  const bool wide = isWide(tile.out.access.type) &&
                    std::ranges::all_of(tile.operands, [](const ResolvedOperand& operand) {
                      return isWide(operand.access.type);
                    });
  const auto fits = [wide](const isa::VectorStep& step) {
    const bool immediate = isBinary(step.op) && step.operand < 0;
    const bool whole =
        !immediate || (std::abs(step.alpha) < 0x1p62F && step.alpha == std::nearbyint(step.alpha));
    return integersCompute(step.op) && whole && (wide || step.op != ElementOp::Div);
  };
  return std::ranges::all_of(tile.pass->pre, fits) && std::ranges::all_of(tile.pass->post, fits);
}

}  // namespace

void executePass(const VectorTile& tile, std::vector<Storage>& storages) {
  if (tile.empty()) return;
  const auto has = [&](DataType type) {
    return tile.out.access.type == type ||
           std::ranges::any_of(tile.operands, [type](const ResolvedOperand& operand) {
             return operand.access.type == type;
           });
  };
  if (computesIntegers(tile)) {
    if (has(DataType::UInt64)) return PassRunner<std::uint64_t>(tile, storages).run();
    return PassRunner<std::int64_t>(tile, storages).run();
  }
  if (has(DataType::Float64)) return PassRunner<double>(tile, storages).run();
  PassRunner<float>(tile, storages).run();
}

}  // namespace npusim
