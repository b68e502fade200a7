#include "tools/nested_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tools/output.h"

namespace npusim::tools {
namespace {

std::string help(const NestedCommand& command) {
  std::string text =
      fmt::format("usage: npusim {} NAME [options]\n{}\n\n", command.name, command.purpose);
  for (const Subcommand& choice : command.choices) {
    text += fmt::format("  {:<9} {}\n", choice.name, choice.help);
  }
  return text + fmt::format("\nnpusim {} NAME --help explains each.\n", command.name);
}

}  // namespace

void runNested(const NestedCommand& command, const Arguments& arguments) {
  std::vector<std::string> names;
  for (const Subcommand& choice : command.choices) names.emplace_back(choice.name);
  if (arguments.empty()) {
    throw BadInput(fmt::format("{} needs one of {}", command.name, joinedChoices(names)));
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h") return print(help(command));
  const auto found = std::ranges::find(command.choices, word, &Subcommand::name);
  if (found == command.choices.end()) {
    throw BadInput(fmt::format("{} {}: there is no such {}{}; there are {}", command.name, word,
                               command.name, didYouMean(word, names), joinedChoices(names)));
  }
  found->run({arguments.begin() + 1, arguments.end()});
}

}  // namespace npusim::tools
