#pragma once

#include <span>
#include <string>

#include "tools/subcommands.h"

namespace npusim::tools {

/// A subcommand that has subcommands of its own.
struct NestedCommand {
  std::string name;
  std::string purpose;  ///< one sentence for --help
  std::span<const Subcommand> choices;
};

/// Runs the choice that the first word names with the words after it, or prints what there is for
/// --help. Throws BadInput for no word and for an unknown one.
void runNested(const NestedCommand& command, const Arguments& arguments);

}  // namespace npusim::tools
