#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/laws/row_stationary_law.h"
#include "sim/laws/row_stationary_passes.h"

namespace npusim {
namespace {

/// Cycles, and bytes at the buffers to break ties: what the search makes small.
using Score = std::pair<std::int64_t, std::int64_t>;

/// Sets of PEs and how many work: a choice of e, r and t.
struct Sets {
  std::int64_t e, r, t, activePes;
};

/// Steps of q that are worth a trial, from the largest down.
constexpr int kTriesOfQ = 12;

/// Finds the mapping parameters that `fixed` leaves open (0).
class Search {
 public:
  Search(const ArrayConfig& array, DataType format, const MatrixShape& shape,
         const RowStationaryPass& fixed)
      : array_(array),
        shape_(shape),
        limits_(array, format, shape),
        operandBytes_(byteSize(format)),
        sumBytes_(array.storedSumBytes(format)),
        fixed_(fixed) {}

  RowStationaryPass best() {
    const std::vector<Sets> all = setsInOrder();
    for (const Sets& sets : all) {
      if (ceilDiv(shape_.macs() * limits_.interval, sets.activePes) > best_.first) break;
      tryChannels(sets);
    }
    return pass_;
  }

 private:
  /// The largest step that takes as few steps over `extent` as `step` does, or the fixed value.
  static std::int64_t even(std::int64_t fixed, std::int64_t extent, std::int64_t step) {
    return fixed > 0 ? std::min(fixed, extent) : ceilDiv(extent, ceilDiv(extent, step));
  }

  /// Every choice of e, r and t that may be best, most PEs first.
  std::vector<Sets> setsInOrder() const {
    std::vector<Sets> all;
    const std::int64_t height = shape_.extents[1];
    const std::int64_t widest = limits_.rows / limits_.filterRows * limits_.cols;
    for (std::int64_t e = std::min(height, widest); e >= 1; --e) {
      e = even(fixed_.e, height, e);
      appendSets(e, all);
      if (fixed_.e > 0) break;
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &Sets::activePes);
    return all;
  }

  void appendSets(std::int64_t e, std::vector<Sets>& all) const {
    const std::int64_t most = std::min(limits_.mostR(e), shape_.extents[6]);
    for (std::int64_t r = most; r >= 1; --r) {
      if (fixed_.r > 0) r = std::min(fixed_.r, shape_.extents[6]);
      for (std::int64_t t = std::min(limits_.mostT(e, r), shape_.n()); t >= 1; t /= 2) {
        if (fixed_.t > 0) t = std::min(fixed_.t, shape_.n());
        all.push_back({e, r, t, e * r * t * limits_.filterRows});
        if (fixed_.t > 0) break;
      }
      if (fixed_.r > 0) break;
    }
  }

  void tryChannels(const Sets& sets) {
    const std::int64_t channels = shape_.extents[6];
    const std::int64_t share = ceilDiv(channels, sets.r);
    const std::int64_t words = std::min(limits_.inputWords, limits_.filterWords);
    std::int64_t q = std::min(share, words / limits_.taps);
    for (int tries = 0; q >= 1 && tries < kTriesOfQ; ++tries, --q) {
      q = even(fixed_.q, share, q);
      tryFilters(sets, q);
      if (fixed_.q > 0) break;
    }
  }

  void tryFilters(const Sets& sets, std::int64_t q) {
    const std::int64_t share = ceilDiv(shape_.n(), sets.t);
    const std::int64_t most =
        std::min({limits_.sums, limits_.filterWords / (q * limits_.taps), share});
    if (most < 1) return;
    const RowStationaryPass pass{sets.e, even(fixed_.p, share, most), q, sets.r, sets.t};
    if (limits_.faultOf(pass) != nullptr) return;
    const Score score = scoreOf(pass);
    if (score >= best_) return;
    best_ = score;
    pass_ = pass;
  }

  Score scoreOf(const RowStationaryPass& mapping) const {
    const PassLaw law(limits_, array_, shape_, mapping);
    std::int64_t cycles = 0, bufferBytes = 0;
    law.forEach([&](const ProcessingPass& pass, std::int64_t count) {
      const std::int64_t filters = pass.filters * pass.filterRows * pass.taps;
      const std::int64_t inputs = shape_.extents[0] * law.columns(pass) * law.lines(pass);
      const std::int64_t sums = law.windows() * pass.rows * pass.filters;
      cycles += count * law.time(pass).total();
      bufferBytes += count * (filters + inputs) * pass.channels * operandBytes_ +
                     count * sums * sumBytes_ * (pass.readsSums ? 2 : 1);
    });
    return {cycles, bufferBytes};
  }

  const ArrayConfig& array_;
  const MatrixShape& shape_;
  const RowStationaryLimits limits_;
  const std::int64_t operandBytes_, sumBytes_;
  const RowStationaryPass fixed_;
  RowStationaryPass pass_;
  Score best_{std::numeric_limits<std::int64_t>::max(), 0};
};

/// None larger than the instruction; 0 stays.
RowStationaryPass within(const MatrixShape& shape, RowStationaryPass pass) {
  pass.e = std::min(pass.e, shape.extents[1]);
  pass.p = std::min(pass.p, shape.n());
  pass.q = std::min(pass.q, shape.extents[6]);
  if (pass.p > 0) pass.t = std::min(pass.t, ceilDiv(shape.n(), pass.p));
  if (pass.q > 0) pass.r = std::min(pass.r, ceilDiv(shape.extents[6], pass.q));
  return pass;
}

std::string text(const RowStationaryPass& pass) {
  return fmt::format("e {}, p {}, q {}, r {}, t {}", pass.e, pass.p, pass.q, pass.r, pass.t);
}

}  // namespace

RowStationaryPass rowStationaryPass(const ArrayConfig& array, DataType format,
                                    const MatrixShape& shape) {
  if (shape.pass.given()) {
    const RowStationaryPass pass = within(shape, shape.pass);
    const char* fault = RowStationaryLimits(array, format, shape).faultOf(pass);
    if (fault == nullptr) return pass;
    throw NotPossible(fmt::format("row_stationary mapping {}: {}", text(pass), fault));
  }
  const RowStationaryPass fixed = within(shape, array.rowStationary.mapping);
  const RowStationaryPass pass = Search(array, format, shape, fixed).best();
  if (pass.given()) return within(shape, pass);
  throw NotPossible(fmt::format(
      "array.row_stationary.mapping {} (0: open): no mapping like it fits the array and its local "
      "stores",
      text(fixed)));
}

}  // namespace npusim
