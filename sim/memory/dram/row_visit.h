#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "sim/memory/dram/commands.h"

namespace npusim {

/// Bursts of one direction in one row of one bank of a channel, in neighbouring columns.
struct RowVisit {
  std::int32_t rank = 0;
  std::int32_t group = 0;  ///< bank group, counted over all ranks
  std::int32_t bank = 0;   ///< counted over all ranks and groups
  std::int64_t row = 0;
  std::int64_t column = 0;  ///< the first
  std::int64_t bursts = 0;
};

/// The visits that have bursts left, moved to the front in their order.
inline std::span<RowVisit> withoutDone(std::span<RowVisit> visits) {
  const auto end = std::remove_if(visits.begin(), visits.end(),
                                  [](const RowVisit& visit) { return visit.bursts == 0; });
  return visits.first(static_cast<std::size_t>(end - visits.begin()));
}

/// A command as it was given its cycle; `bank` is -1 for commands to a rank.
struct RowCommand {
  DramCommand command;
  std::int32_t rank, bank;
  std::int64_t cycle;

  bool operator==(const RowCommand&) const = default;
};

}  // namespace npusim
