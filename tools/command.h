#pragma once

namespace npusim {

/// Runs `npusim SUBCOMMAND ...`: prints, and returns the process exit code. The only place where
/// errors are caught: each ends in one line on standard error, "npusim: what is wrong".
int runCommand(int argc, char** argv);

}  // namespace npusim
