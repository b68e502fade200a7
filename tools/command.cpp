#include "tools/command.h"

namespace npusim {
int runCommand(int, char**) { return 2; }
}  // namespace npusim
