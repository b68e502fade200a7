#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::movement {

/// A stretch of output positions of one axis and where their elements come from:
/// source = start + step x (position / repeat), or nothing at all.
struct Stretch {
  std::int64_t first = 0, length = 0;  ///< output positions
  std::int64_t start = 0, step = 1, repeat = 1;
  bool fill = false;
  bool padded = false;  ///< source positions outside the axis are fill
};

/// Adds the copy of one piece of `from` (one stretch an axis) into `to`, named after the node and
/// `part`. `fill` is the element pattern for padded and filled stretches.
void addCopy(lowering::Lowering& lowering, const Node& node, const std::string& part,
             const plan::View& from, const plan::View& to, const std::vector<Stretch>& stretches,
             std::optional<std::uint32_t> fill);

/// Stretches that copy everything.
std::vector<Stretch> whole(const Shape& shape);

}  // namespace npusim::movement
