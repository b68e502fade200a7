#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "sim/config/chip_config.h"

namespace npusim {

enum class DramCommand : std::uint8_t {
  Activate,
  Read,
  Write,
  Precharge,     ///< of one bank
  PrechargeAll,  ///< of all banks of a rank
  Refresh,       ///< of all banks of a rank, which must be closed
  Sync,          ///< LPDDR5's CAS: starts the data clock before a Read or Write
  ActivateEnd,   ///< LPDDR5's ACT-2; Activate is then ACT-1 and other commands may come between
};
inline constexpr std::size_t kDramCommands = 8;
inline constexpr std::array<DramCommand, kDramCommands> kAllDramCommands = {
    DramCommand::Activate,     DramCommand::Read,    DramCommand::Write, DramCommand::Precharge,
    DramCommand::PrechargeAll, DramCommand::Refresh, DramCommand::Sync,  DramCommand::ActivateEnd};

std::string_view name(DramCommand command);

/// Some of the commands.
class DramCommands {
 public:
  constexpr DramCommands(std::initializer_list<DramCommand> commands) {
    for (const DramCommand command : commands) mask_ |= 1U << static_cast<unsigned>(command);
  }
  constexpr bool contains(DramCommand command) const {
    return (mask_ >> static_cast<unsigned>(command) & 1U) != 0;
  }

 private:
  unsigned mask_ = 0;
};

/// Whether the memory has the command at all.
bool hasCommand(DramCommand command, const DramTiming& timing);

/// An activate of two parts with room for other commands between them (JESD209-5, tAAD): known by
/// the data clock that only this standard starts by command.
bool hasSplitActivate(const DramTiming& timing);

/// Clocks that a command takes on the command bus.
std::int64_t commandClocks(DramCommand command, const DramTiming& timing);

}  // namespace npusim
