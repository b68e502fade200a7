#pragma once

namespace npusim {

/// Runs `npusim SUBCOMMAND ...`: prints, and returns the process exit code. The only place where
/// errors are caught.
int runCommand(int argc, char** argv);

}  // namespace npusim
