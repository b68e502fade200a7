#include "tests/end_to_end/random_remap.h"

#include <algorithm>

namespace npusim::end_to_end {
namespace {

using Indices = std::vector<std::int64_t>;

Indices slice(Random& random, std::int64_t extent) {
  const std::int64_t step = random.integer(1, 3);
  Indices indices;
  for (std::int64_t i = random.integer(0, extent - 1); i < extent; i += step) indices.push_back(i);
  if (random.once(3)) std::reverse(indices.begin(), indices.end());
  return indices;
}

/// Positions from before the first to after the last; `at` says where each is read.
template <typename At>
Indices around(Random& random, std::int64_t extent, const At& at) {
  Indices indices;
  const std::int64_t end = extent + random.integer(0, 2);
  for (std::int64_t i = -random.integer(0, 2); i < end; ++i) indices.push_back(at(i));
  return indices;
}

Indices filled(Random& random, std::int64_t extent) {
  return around(random, extent, [&](std::int64_t i) { return i < 0 || i >= extent ? -1 : i; });
}

Indices edge(Random& random, std::int64_t extent) {
  return around(random, extent,
                [&](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, extent - 1); });
}

Indices reflected(Random& random, std::int64_t extent) {
  if (extent < 3) return {};
  return around(random, extent, [&](std::int64_t i) {
    const std::int64_t inside = i < 0 ? -i : i;
    return inside < extent ? inside : 2 * (extent - 1) - inside;
  });
}

Indices repeated(Random& random, std::int64_t extent) {
  const std::int64_t times = random.integer(2, 3);
  Indices indices;
  for (std::int64_t i = 0; i < extent * times; ++i) indices.push_back(i / times);
  return indices;
}

Indices tiled(Random& random, std::int64_t extent) {
  const std::int64_t times = random.integer(2, 3);
  Indices indices;
  for (std::int64_t i = 0; i < extent * times; ++i) indices.push_back(i % extent);
  return indices;
}

Indices gathered(Random& random, std::int64_t extent) {
  Indices indices;
  for (std::int64_t left = random.integer(1, 6); left > 0; --left) {
    indices.push_back(random.integer(-1, extent - 1));
  }
  return indices;
}

}  // namespace

Remap randomRemap(Random& random, const Shape& shape) {
  using Kind = Indices (*)(Random&, std::int64_t);
  static const std::vector<Kind> kinds = {slice,    filled, edge,    reflected,
                                          repeated, tiled,  gathered};
  Remap remap;
  remap.fill = random.once(2) ? 0.0F : static_cast<float>(random.real(-1, 1));
  for (const std::int64_t extent : shape) {
    remap.source.push_back(random.once(2) ? Indices{} : random.among(kinds)(random, extent));
  }
  return remap;
}

}  // namespace npusim::end_to_end
