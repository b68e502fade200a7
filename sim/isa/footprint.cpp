#include "sim/isa/footprint.h"

#include <limits>
#include <numeric>

namespace npusim::isa {
namespace {

constexpr std::int64_t kMaxPositions = 1 << 16;  ///< of one group of dimensions tied by bounds
constexpr std::int64_t kMaxVisits = 1 << 22;     ///< loop iterations x positions

using Choices = std::vector<std::vector<std::int64_t>>;

Interval& operator+=(Interval& sum, const Interval& part) {
  sum.low += part.low;
  sum.high += part.high;
  return sum;
}

/// Range of stride x position over positions 0 .. count - 1.
Interval steps(std::int64_t stride, std::int64_t count) {
  const std::int64_t last = stride * (std::max<std::int64_t>(count, 1) - 1);
  return {std::min<std::int64_t>(0, last), std::max<std::int64_t>(0, last)};
}

/// Product, or `limit` where it would be larger.
std::int64_t cappedProduct(const std::vector<std::int64_t>& factors, std::int64_t limit) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) {
    if (factor > 0 && product > limit / factor) return limit;
    product *= factor;
  }
  return product;
}

/// All of 0 .. count - 1, or up to `ends` of them from each end.
std::vector<std::int64_t> choose(std::int64_t count, std::int64_t ends) {
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < std::min(count, ends); ++i) chosen.push_back(i);
  for (std::int64_t i = std::max(ends, count - ends); i < count; ++i) chosen.push_back(i);
  return chosen;
}

/// Calls visit(picked) for every way to pick one value of each list.
template <class Visit>
void forEachPick(const Choices& choices, const Visit& visit) {
  std::vector<std::int64_t> picked;
  for (const auto& list : choices) {
    if (list.empty()) return;
    picked.push_back(list.front());
  }
  std::vector<std::size_t> digits(choices.size(), 0);
  for (;;) {
    visit(picked);
    std::size_t digit = choices.size();
    while (digit > 0 && ++digits[digit - 1] == choices[digit - 1].size()) {
      --digit;
      digits[digit] = 0;
      picked[digit] = choices[digit].front();
    }
    if (digit == 0) return;
    picked[digit - 1] = choices[digit - 1][digits[digit - 1]];
  }
}

/// Dimensions that share bounds, directly or through others, and those bounds.
struct Group {
  std::vector<std::size_t> dims;
  std::vector<const Bound*> bounds;
};

/// Groups of an access; a bound over no dimension makes a group of its own.
std::vector<Group> groupsOf(const Access& access) {
  std::vector<Group> groups;
  for (const Bound& bound : access.bounds) {
    Group joined{.dims = {}, .bounds = {&bound}};
    for (std::size_t d = 0; d < bound.strides.size(); ++d)
      if (bound.strides[d] != 0) joined.dims.push_back(d);
    std::vector<Group> apart;
    for (Group& group : groups) {
      const bool shares = std::any_of(group.dims.begin(), group.dims.end(),
                                      [&](std::size_t d) { return bound.strides.at(d) != 0; });
      if (!shares) {
        apart.push_back(std::move(group));
        continue;
      }
      joined.dims.insert(joined.dims.end(), group.dims.begin(), group.dims.end());
      joined.bounds.insert(joined.bounds.end(), group.bounds.begin(), group.bounds.end());
    }
    std::sort(joined.dims.begin(), joined.dims.end());
    joined.dims.erase(std::unique(joined.dims.begin(), joined.dims.end()), joined.dims.end());
    apart.push_back(std::move(joined));
    groups = std::move(apart);
  }
  return groups;
}

std::vector<std::int64_t> extentsOf(const Group& group, const std::vector<std::int64_t>& extents) {
  std::vector<std::int64_t> own;
  for (const std::size_t d : group.dims) own.push_back(extents.at(d));
  return own;
}

/// Bytes that a group's dimensions add to the address, over positions inside all its bounds.
/// Empty (low > high) when there is no such position.
Interval reachOf(const Group& group, const Access& access, const std::vector<std::int64_t>& extents,
                 const LoopIndices& indices) {
  const std::vector<std::int64_t> counts = extentsOf(group, extents);
  const bool all = cappedProduct(counts, kMaxPositions) < kMaxPositions;
  Choices choices;
  for (const std::int64_t count : counts) choices.push_back(choose(count, all ? count : 2));
  std::vector<std::int64_t> origins;
  for (const Bound* bound : group.bounds) origins.push_back(bound->origin.at(indices));

  Interval reach{std::numeric_limits<std::int64_t>::max(),
                 std::numeric_limits<std::int64_t>::min()};
  forEachPick(choices, [&](const std::vector<std::int64_t>& position) {
    for (std::size_t b = 0; b < group.bounds.size(); ++b) {
      std::int64_t coordinate = origins[b];
      for (std::size_t i = 0; i < position.size(); ++i)
        coordinate += group.bounds[b]->strides[group.dims[i]] * position[i];
      if (coordinate < 0 || coordinate >= group.bounds[b]->limit) return;
    }
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < position.size(); ++i)
      bytes += access.strides.at(group.dims[i]) * position[i];
    reach = {std::min(reach.low, bytes), std::max(reach.high, bytes)};
  });
  return reach;
}

/// What an access touches at given loop indices, with its groups worked out once.
class Visitor {
 public:
  Visitor(const Access& access, Affine address, const Dimensions& dims, const Extent& run)
      : access_(access),
        address_(std::move(address)),
        dims_(dims),
        run_(run),
        groups_(groupsOf(access)) {
    free_.assign(dims.size(), true);
    for (const Group& group : groups_)
      for (const std::size_t d : group.dims) free_.at(d) = false;
  }

  Footprint at(const LoopIndices& indices) const {
    std::vector<std::int64_t> extents;
    for (const Extent* dim : dims_) extents.push_back(dim->at(indices));
    const std::int64_t bytes = run_.at(indices);
    if (bytes == 0 || std::count(extents.begin(), extents.end(), 0) > 0) return {};
    const std::int64_t address = address_.at(indices);
    Interval reach{address, address};
    for (std::size_t d = 0; d < extents.size(); ++d)
      if (free_[d]) reach += steps(access_.strides.at(d), extents[d]);
    for (const Group& group : groups_) {
      const Interval part = reachOf(group, access_, extents, indices);
      if (part.low > part.high) return {};
      reach += part;
    }
    return {reach.low, reach.high + bytes};
  }

  /// Positions that one visit looks at.
  std::int64_t positions(const std::vector<std::int64_t>& largest) const {
    std::int64_t total = 1;
    for (const Group& group : groups_)
      total += cappedProduct(extentsOf(group, largest), kMaxPositions);
    return total;
  }

 private:
  const Access& access_;
  Affine address_;
  const Dimensions& dims_;
  const Extent& run_;
  std::vector<Group> groups_;
  std::vector<bool> free_;
};

/// The open loops on which extents or bounds depend, and how many cores there are to look at: 1
/// when nothing depends on the core's number.
struct Coupled {
  std::vector<bool> loops;
  std::int64_t cores = 1;
};

Coupled coupledLoops(const Access& access, const Dimensions& dims, const Extent& run,
                     std::size_t depth) {
  Coupled coupled{std::vector<bool>(depth, false)};
  const auto mark = [&](const std::vector<LoopTerm>& terms) {
    for (const LoopTerm& term : terms) {
      if (term.depth == kCoreDepth) {
        coupled.cores = std::max(coupled.cores, term.divisor * term.modulo);
        continue;
      }
      const auto innermost = static_cast<std::size_t>(term.depth);
      for (std::size_t d = term.modulo > 0 ? 0 : innermost; d <= innermost; ++d)
        coupled.loops.at(d) = true;
    }
  };
  for (const Extent* dim : dims) mark(dim->terms);
  mark(run.terms);
  for (const Bound& bound : access.bounds) mark(bound.origin.terms);
  return coupled;
}

/// Core numbers to look at: those of the address's digits too, when any matter.
std::int64_t coreNumbers(const Access& access, std::int64_t coupled) {
  if (coupled == 1) return 1;
  for (const LoopTerm& term : access.address.terms) {
    if (term.depth == kCoreDepth) coupled = std::max(coupled, term.divisor * term.modulo);
  }
  return coupled;
}

/// `picked`: a value of each loop, then the core.
LoopIndices indicesOf(const std::vector<std::int64_t>& picked, const LoopCounts& loops) {
  LoopIndices indices;
  indices.core = picked.back();
  std::int64_t flat = 0;
  for (std::size_t d = 0; d < loops.size(); ++d) {
    flat = flat * loops[d] + picked[d];
    indices.index.at(d) = picked[d];
    indices.flat.at(d) = flat;
  }
  return indices;
}

std::vector<std::int64_t> largestExtents(const Dimensions& dims, const LoopCounts& loops) {
  std::vector<std::int64_t> largest;
  for (const Extent* dim : dims) largest.push_back(range(*dim, loops).high);
  return largest;
}

}  // namespace

Dimensions dimensions(const Transfer& transfer) {
  Dimensions dims;
  for (const Extent& extent : transfer.dims) dims.push_back(&extent);
  return dims;
}

Dimensions dimensions(const Matrix& matrix) {
  return {&matrix.m[0], &matrix.m[1], &matrix.m[2], &matrix.n,
          &matrix.k[0], &matrix.k[1], &matrix.k[2]};
}

Dimensions dimensions(const VectorPass& pass) {
  Dimensions dims;
  for (const Extent& extent : pass.dims) dims.push_back(&extent);
  return dims;
}

std::int64_t passes(const LoopCounts& loops, int depth) {
  std::int64_t product = 1;
  for (int d = 0; d <= depth; ++d) product *= loops[static_cast<std::size_t>(d)];
  return product;
}

std::int64_t termPositions(const LoopTerm& term, const LoopCounts& loops) {
  if (term.depth == kCoreDepth) return term.modulo;
  if (term.modulo > 0) return std::min(term.modulo, passes(loops, term.depth));
  return loops[static_cast<std::size_t>(term.depth)];
}

Interval range(const std::vector<LoopTerm>& terms, const LoopCounts& loops) {
  Interval sum;
  for (const LoopTerm& term : terms) {
    const bool open =
        term.depth == kCoreDepth || (term.depth >= 0 && term.depth < std::ssize(loops));
    if (!open) continue;
    sum += steps(term.stride, termPositions(term, loops));
  }
  return sum;
}

Interval range(const Extent& extent, const LoopCounts& loops) {
  if (extent.terms.empty()) return {extent.size, extent.size};
  const Interval taken = range(extent.terms, loops);
  const auto left = [&](std::int64_t sum) {
    return std::max<std::int64_t>(0, std::min(extent.size, extent.limit - sum));
  };
  return {left(taken.high), left(taken.low)};
}

Interval coordinates(const Bound& bound, const std::vector<std::int64_t>& largest,
                     const LoopCounts& loops) {
  Interval sum{bound.origin.base, bound.origin.base};
  sum += range(bound.origin.terms, loops);
  for (std::size_t d = 0; d < largest.size(); ++d) sum += steps(bound.strides.at(d), largest[d]);
  return sum;
}

Footprint footprintAt(const Access& access, const Dimensions& dims, const Extent& run,
                      const LoopIndices& indices) {
  return Visitor(access, access.address, dims, run).at(indices);
}

Footprint enclosingFootprint(const Access& access, const Dimensions& dims, const Extent& run,
                             const LoopCounts& loops) {
  const std::vector<std::int64_t> largest = largestExtents(dims, loops);
  const std::int64_t bytes = range(run, loops).high;
  if (bytes == 0 || std::count(largest.begin(), largest.end(), 0) > 0) return {};
  Interval reach{access.address.base, access.address.base};
  reach += range(access.address.terms, loops);
  for (std::size_t d = 0; d < largest.size(); ++d) reach += steps(access.strides.at(d), largest[d]);
  return {reach.low, reach.high + bytes};
}

Footprint visitedFootprint(const Access& access, const Dimensions& dims, const Extent& run,
                           const LoopCounts& loops) {
  const Coupled coupled = coupledLoops(access, dims, run, loops.size());
  Affine visited{access.address.base, {}};
  std::vector<LoopTerm> independent;
  for (const LoopTerm& term : access.address.terms) {
    const bool follows =
        term.depth == kCoreDepth
            ? coupled.cores > 1
            : term.modulo == 0 && coupled.loops.at(static_cast<std::size_t>(term.depth));
    (follows ? visited.terms : independent).push_back(term);
  }
  const Interval slide = range(independent, loops);
  const Visitor visitor(access, visited, dims, run);
  std::vector<std::int64_t> counts(loops);
  for (std::size_t depth = 0; depth < counts.size(); ++depth)
    if (!coupled.loops[depth]) counts[depth] = 1;
  counts.push_back(coreNumbers(access, coupled.cores));
  const std::int64_t visits = kMaxVisits / visitor.positions(largestExtents(dims, loops));
  const bool all = cappedProduct(counts, kMaxVisits) <= visits;
  Choices choices;
  for (const std::int64_t count : counts) choices.push_back(choose(count, all ? count : 1));
  Footprint hull;
  forEachPick(choices, [&](const std::vector<std::int64_t>& picked) {
    const Footprint here = visitor.at(indicesOf(picked, loops));
    if (here.empty()) return;
    const Footprint moved{here.first + slide.low, here.end + slide.high};
    hull = hull.empty()
               ? moved
               : Footprint{std::min(hull.first, moved.first), std::max(hull.end, moved.end)};
  });
  return hull;
}

}  // namespace npusim::isa
