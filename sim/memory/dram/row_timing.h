#pragma once

#include <array>
#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// The rows of timing_rules.h as the row-visit model looks them up: least cycles between the first
/// clocks of two commands. The command bus between row commands is not in it (see RowBus).
struct RowTiming {
  explicit RowTiming(const MemoryConfig& memory);

  /// By direction: Direction::Read, Direction::Write.
  using ByDirection = std::array<std::int64_t, 2>;
  /// From a column command of the first index to one of the second.
  using Turn = std::array<ByDirection, 2>;

  ByDirection activateToColumn{};                       ///< same bank
  ByDirection columnToPrecharge{}, columnToCloseAll{};  ///< same bank; same rank
  std::int64_t activateToPrecharge = 0, prechargeToActivate = 0, activateToActivate = 0;  ///< bank
  std::int64_t activateInGroup = 0, activateInRank = 0, fourActivates = 0;
  std::int64_t prechargeToPrecharge = 0, prechargeToCloseAll = 0;  ///< same rank
  std::int64_t activateToCloseAll = 0, closeAllToPrecharge = 0;    ///< same rank
  std::int64_t activateToRefresh = 0, prechargeToRefresh = 0, closeAllToRefresh = 0;
  std::int64_t refreshToActivate = 0, refreshToRefresh = 0, closeAllToActivate = 0;
  Turn columnInGroup{}, columnInRank{}, columnOtherRank{};
  ByDirection columnDone{};  ///< from the command to the end of its data
  std::int64_t burstCycles = 0, refreshInterval = 0;
  /// On the command bus. LPDDR5's activate has two parts: the second begins at most
  /// kActivateEndWithin clocks after the first (JESD209-5, tAAD), and no other activate in between.
  std::int64_t activateClocks = 1, columnClocks = 1, prechargeClocks = 1;
  std::int64_t activateEndClocks = 0;         ///< 0: one part
  std::int64_t syncClocks = 0, syncIdle = 0;  ///< LPDDR5: see DramTiming::wckSync
  bool splitBus = false;

  /// No visit waits longer than this for its first column command once the one before it has
  /// gone, refreshes aside.
  std::int64_t longestWait() const;
};

}  // namespace npusim
