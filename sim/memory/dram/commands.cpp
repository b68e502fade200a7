#include "sim/memory/dram/commands.h"

#include "sim/core/error.h"

namespace npusim {

std::string_view name(DramCommand command) {
  switch (command) {
    case DramCommand::Activate:
      return "Activate";
    case DramCommand::Read:
      return "Read";
    case DramCommand::Write:
      return "Write";
    case DramCommand::Precharge:
      return "Precharge";
    case DramCommand::PrechargeAll:
      return "PrechargeAll";
    case DramCommand::Refresh:
      return "Refresh";
    case DramCommand::Sync:
      return "Sync";
    case DramCommand::ActivateEnd:
      return "ActivateEnd";
  }
  throw InternalError("no such DRAM command");
}

bool hasSplitActivate(const DramTiming& timing) {
  return timing.wckSync > 0 && timing.activateClocks > 1;
}

bool hasCommand(DramCommand command, const DramTiming& timing) {
  if (command == DramCommand::Sync) return timing.wckSync > 0;
  if (command == DramCommand::ActivateEnd) return hasSplitActivate(timing);
  return true;
}

std::int64_t commandClocks(DramCommand command, const DramTiming& timing) {
  switch (command) {
    case DramCommand::Activate:
    case DramCommand::ActivateEnd:
      return hasSplitActivate(timing) ? timing.activateClocks / 2 : timing.activateClocks;
    case DramCommand::Read:
    case DramCommand::Write:
      return timing.columnClocks;
    case DramCommand::Precharge:
    case DramCommand::PrechargeAll:
    case DramCommand::Refresh:
      return timing.prechargeClocks;
    case DramCommand::Sync:
      return timing.wckSync;
  }
  throw InternalError("no such DRAM command");
}

}  // namespace npusim
