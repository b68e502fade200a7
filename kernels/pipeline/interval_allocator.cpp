#include "kernels/pipeline/interval_allocator.h"

#include <algorithm>

#include "kernels/mapping/mapping.h"

namespace npusim::passes {

bool Life::meets(const Life& other) const {
  const bool inTime = first <= other.last && other.first <= last;
  return inTime && (cores.all() || other.cores.all() || cores.contains(other.cores.first) ||
                    other.cores.contains(cores.first));
}

std::optional<std::int64_t> IntervalAllocator::place(std::int64_t bytes, const Life& life) {
  std::int64_t begin = 0;
  for (const Piece& piece : pieces_) {
    if (!piece.life.meets(life)) continue;
    if (begin + bytes <= piece.begin) break;
    begin = std::max(begin, mapping::aligned(piece.end));
  }
  if (begin + bytes > capacity_) return std::nullopt;
  const Piece made{begin, begin + bytes, life};
  const auto at =
      std::upper_bound(pieces_.begin(), pieces_.end(), made,
                       [](const Piece& x, const Piece& y) { return x.begin < y.begin; });
  pieces_.insert(at, made);
  return begin;
}

void IntervalAllocator::remove(std::int64_t address, const Life& life) {
  const auto found = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
    return piece.begin == address && piece.life == life;
  });
  ensure(found != pieces_.end(), "no piece was placed there");
  pieces_.erase(found);
}

}  // namespace npusim::passes
