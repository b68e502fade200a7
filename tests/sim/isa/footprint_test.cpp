#include "sim/isa/footprint.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace npusim::isa {
namespace {

using Positions = std::vector<std::int64_t>;

/// Calls visit for every combination of 0 .. counts[i] - 1.
void forEach(const Positions& counts, const std::function<void(const Positions&)>& visit) {
  Positions position;
  const std::function<void()> next = [&] {
    if (position.size() == counts.size()) return visit(position);
    for (std::int64_t i = 0; i < counts[position.size()]; ++i) {
      position.push_back(i);
      next();
      position.pop_back();
    }
  };
  next();
}

LoopIndices indicesOf(const Positions& picked, const LoopCounts& loops) {
  LoopIndices indices;
  for (std::size_t d = 0; d < loops.size(); ++d) {
    indices.index.at(d) = picked[d];
    indices.flat.at(d) = picked[d] + (d == 0 ? 0 : indices.flat.at(d - 1) * loops[d]);
  }
  return indices;
}

/// A transfer's source in loops, with everything drawn small enough to enumerate.
struct Case {
  LoopCounts loops;
  std::vector<Extent> extents;
  Extent run;
  Access access;

  Dimensions dims() const {
    Dimensions result;
    for (const Extent& extent : extents) result.push_back(&extent);
    return result;
  }
};

class Drawing {
 public:
  explicit Drawing(std::uint64_t seed) : random_(seed) {}

  Case draw(bool modulo) {
    Case made;
    for (auto d = between(0, 3); d > 0; --d) made.loops.push_back(between(1, 4));
    for (auto d = between(0, 3); d > 0; --d) made.extents.push_back(extent(made.loops));
    made.run = extent(made.loops);
    made.access.address = {between(-50, 50), terms(made.loops, modulo)};
    made.access.strides = strides(made.extents.size());
    for (auto b = between(0, 2); b > 0; --b)
      made.access.bounds.push_back({{between(-3, 3), terms(made.loops, false)},
                                    strides(made.extents.size()),
                                    between(1, 12)});
    return made;
  }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::vector<LoopTerm> terms(const LoopCounts& loops, bool modulo) {
    std::vector<LoopTerm> made;
    for (int depth = 0; depth < static_cast<int>(loops.size()); ++depth)
      if (between(0, 1) == 0)
        made.push_back({depth, between(-9, 9), modulo && between(0, 1) == 0 ? between(1, 4) : 0});
    return made;
  }
  Positions strides(std::size_t dims) {
    Positions made(dims);
    for (std::int64_t& stride : made) stride = between(-4, 4);
    return made;
  }
  Extent extent(const LoopCounts& loops) {
    if (between(0, 1) == 0) return {.size = between(1, 5), .limit = 0, .terms = {}};
    return {between(1, 5), between(0, 12), terms(loops, false)};
  }

  std::mt19937_64 random_;
};

/// The bytes that are touched at one iteration, found one position at a time.
Footprint naiveAt(const Case& drawn, const LoopIndices& indices) {
  Positions counts;
  for (const Extent& extent : drawn.extents) counts.push_back(extent.at(indices));
  Footprint hull;
  bool any = false;
  const std::int64_t bytes = drawn.run.at(indices);
  forEach(counts, [&](const Positions& position) {
    const auto moved = [&](std::int64_t start, const Positions& strides) {
      for (std::size_t d = 0; d < position.size(); ++d) start += strides[d] * position[d];
      return start;
    };
    for (const Bound& bound : drawn.access.bounds) {
      const std::int64_t coordinate = moved(bound.origin.at(indices), bound.strides);
      if (coordinate < 0 || coordinate >= bound.limit) return;
    }
    if (bytes == 0) return;
    const std::int64_t first = moved(drawn.access.address.at(indices), drawn.access.strides);
    hull.first = any ? std::min(hull.first, first) : first;
    hull.end = any ? std::max(hull.end, first + bytes) : first + bytes;
    any = true;
  });
  return hull;
}

Footprint joined(const Footprint& a, const Footprint& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.first, b.first), std::max(a.end, b.end)};
}

bool contains(const Footprint& outer, const Footprint& inner) {
  return inner.empty() || (outer.first <= inner.first && inner.end <= outer.end);
}

TEST(Footprint, EqualsEnumerationOfPositionsAndLoops) {
  int touched = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Case drawn = Drawing(seed).draw(false);
    Footprint all;
    forEach(drawn.loops, [&](const Positions& picked) {
      const LoopIndices indices = indicesOf(picked, drawn.loops);
      const Footprint naive = naiveAt(drawn, indices);
      ASSERT_EQ(footprintAt(drawn.access, drawn.dims(), drawn.run, indices), naive)
          << "seed " << seed;
      all = joined(all, naive);
    });
    ASSERT_EQ(visitedFootprint(drawn.access, drawn.dims(), drawn.run, drawn.loops), all)
        << "seed " << seed;
    touched += all.empty() ? 0 : 1;
  }
  EXPECT_GT(touched, 2500);
}

TEST(Footprint, EnclosesEveryIteration) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Case drawn = Drawing(seed).draw(true);
    const Footprint closed = enclosingFootprint(drawn.access, drawn.dims(), drawn.run, drawn.loops);
    const Footprint visited = visitedFootprint(drawn.access, drawn.dims(), drawn.run, drawn.loops);
    ASSERT_TRUE(contains(closed, visited)) << "seed " << seed;
    forEach(drawn.loops, [&](const Positions& picked) {
      ASSERT_TRUE(contains(visited, naiveAt(drawn, indicesOf(picked, drawn.loops))))
          << "seed " << seed;
    });
  }
}

TEST(Footprint, RangesHoldEveryValueAndAreReached) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Case drawn = Drawing(seed).draw(false);
    const Interval expected = range(drawn.run, drawn.loops);
    Interval seen{drawn.run.size, 0};
    forEach(drawn.loops, [&](const Positions& picked) {
      const std::int64_t count = drawn.run.at(indicesOf(picked, drawn.loops));
      seen = {std::min(seen.low, count), std::max(seen.high, count)};
    });
    ASSERT_EQ(expected, seen) << "seed " << seed;
  }
}

TEST(Footprint, ManyPositionsUnderOneBoundAreLookedAtNearTheirEnds) {
  const Extent large{.size = 1 << 20, .limit = 0, .terms = {}}, one{};
  const Access access{0, {}, {4}, {{{0, {}}, {1}, 1 << 20}}, DataType::Float32};
  const Footprint touched = footprintAt(access, {&large}, one, {});
  EXPECT_EQ(touched, (Footprint{0, ((1 << 20) - 1) * 4 + 1}));
}

TEST(Affine, SlotsFollowThePassesOfAllLoopsAround) {
  const Affine slot{100, {{1, 10, 2}}};
  Positions slots;
  forEach({2, 3}, [&](const Positions& picked) {
    slots.push_back(slot.at(indicesOf(picked, {2, 3})));
  });
  EXPECT_EQ(slots, (Positions{100, 110, 100, 110, 100, 110}));
}

TEST(Extent, ShrinksWithItsLimitAndNeverBelowZero) {
  const Extent ragged{8, 20, {{0, 8, 0}}};
  Positions counts;
  for (std::int64_t i = 0; i < 4; ++i) counts.push_back(ragged.at(indicesOf({i}, {4})));
  EXPECT_EQ(counts, (Positions{8, 8, 4, 0}));
  EXPECT_EQ((Extent{.size = 8, .limit = 3, .terms = {}}.at({})), 8);
}

/// Rows of 10 dealt to three cores in parts of 4: the last core has 2 left.
TEST(Footprint, FollowsTheCoresDigits) {
  const LoopTerm core{kCoreDepth, 4, 3, 1};
  const Extent rows{4, 10, {core}}, run{1, 0, {}};
  const Dimensions dims = {&rows};
  const Access access{0, {0, {{kCoreDepth, 40, 3, 1}}}, {10}, {}, DataType::Int8};
  EXPECT_EQ(enclosingFootprint(access, dims, run, {}), (Footprint{0, 111}));  // full parts
  EXPECT_EQ(visitedFootprint(access, dims, run, {}), (Footprint{0, 91}));
}

}  // namespace
}  // namespace npusim::isa
