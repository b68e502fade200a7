#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/subcommands.h"

namespace npusim::tools {

namespace po = boost::program_options;

/// A list of values, one for each time an option is given.
po::typed_value<std::vector<std::string>>* manyValues(const char* valueName);

/// What one subcommand takes.
struct CommandLine {
  std::string name;                      ///< of the subcommand
  std::string purpose;                   ///< a sentence or two for --help
  std::vector<std::string> positionals;  ///< names of the words it must be given
  po::options_description options{"options", 80, 46};
  std::string notes;  ///< below the options in --help
};

/// Parses `arguments` into the variables that the options are bound to and returns the positional
/// words; empty after printing --help. Throws BadInput for what does not belong there.
std::optional<std::vector<std::string>> parse(const CommandLine& line, const Arguments& arguments);

/// "NAME=VALUE" cut at its first '='. Throws BadInput naming the option.
std::pair<std::string, std::string> splitAssignment(const std::string& option,
                                                    const std::string& text);

/// A whole number of at least `least`. Throws BadInput naming `what`.
std::int64_t wholeNumber(const std::string& what, const std::string& text, std::int64_t least);

/// Throws BadInput unless `text` is one of the choices.
void expectChoice(const std::string& option, const std::string& text,
                  const std::vector<std::string>& choices);

}  // namespace npusim::tools
