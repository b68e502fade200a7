#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "sim/config/chip_config.h"
#include "sim/memory/memory_model.h"

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

/// Places in tables by command and by direction.
constexpr std::size_t indexOf(DramCommand command) { return static_cast<std::size_t>(command); }
constexpr std::size_t indexOf(Direction direction) { return static_cast<std::size_t>(direction); }

/// The command that moves data in a direction, and the other way round.
constexpr DramCommand columnCommand(Direction direction) {
  return direction == Direction::Read ? DramCommand::Read : DramCommand::Write;
}
constexpr bool movesData(DramCommand command) {
  return command == DramCommand::Read || command == DramCommand::Write;
}
constexpr Direction directionOf(DramCommand command) {
  return command == DramCommand::Read ? Direction::Read : Direction::Write;
}
/// Clocks between the two parts of a split activate at most (JESD209-5, tAAD).
inline constexpr std::int64_t kActivateEndWithin = 8;

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
