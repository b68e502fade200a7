#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/mapping/tile_geometry.h"

namespace npusim::mapping {

/// The cheapest of the tilings that a search has tried, cheapest first, each of them once.
class Shortlist {
 public:
  struct Entry {
    double cost = 0;
    Tiling tiling;
    bool doubled = false;
  };

  explicit Shortlist(std::size_t most) : most_(most) {}

  void offer(double cost, const Tiling& tiling, bool doubled) {
    if (entries_.size() == most_ && cost >= entries_.back().cost) return;
    const auto from = std::ranges::lower_bound(entries_, cost, {}, &Entry::cost);
    const auto same = [&](const Entry& entry) {
      return entry.doubled == doubled && entry.tiling.tile == tiling.tile &&
             entry.tiling.order == tiling.order;
    };
    for (auto entry = from; entry != entries_.end() && entry->cost == cost; ++entry) {
      if (same(*entry)) return;
    }
    if (entries_.size() == most_) entries_.pop_back();
    entries_.insert(std::ranges::upper_bound(entries_, cost, {}, &Entry::cost),
                    {cost, tiling, doubled});
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::size_t most_;
  std::vector<Entry> entries_;
};

}  // namespace npusim::mapping
