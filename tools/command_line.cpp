#include "tools/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tools/output.h"

namespace npusim::tools {
namespace {

constexpr const char* kWords = "word";

std::string usage(const CommandLine& line) {
  std::string text = "npusim " + line.name;
  for (const std::string& name : line.positionals) text += " " + name;
  return line.options.options().empty() ? text : text + " [options]";
}

std::string help(const CommandLine& line) {
  std::ostringstream text;
  text << "usage: " << usage(line) << "\n" << line.purpose << "\n";
  if (!line.options.options().empty()) text << "\n" << line.options;
  if (!line.notes.empty()) text << "\n" << line.notes;
  return text.str();
}

std::string needsValue(const std::string& option, const CommandLine& line) {
  return fmt::format("{} needs a value; npusim {} --help lists the options", option, line.name);
}

/// An empty word after an option would look like none given.
void refuseEmptyValues(const po::parsed_options& parsed, const CommandLine& line) {
  for (const po::option& option : parsed.options) {
    const bool positional = option.position_key >= 0;
    const auto& values = option.value;
    if (positional || std::find(values.begin(), values.end(), "") == values.end()) continue;
    throw BadInput(needsValue("--" + option.string_key, line));
  }
}

/// Boost's message for one mistake, in our words where they say more.
std::string explain(const po::error& error, const CommandLine& line) {
  using Syntax = po::invalid_command_line_syntax;
  const auto* syntax = dynamic_cast<const Syntax*>(&error);
  if (syntax != nullptr && (syntax->kind() == Syntax::missing_parameter ||
                            syntax->kind() == Syntax::empty_adjacent_parameter)) {
    return needsValue(syntax->get_option_name(), line);
  }
  const auto* unknown = dynamic_cast<const po::unknown_option*>(&error);
  if (unknown == nullptr) return error.what();
  std::vector<std::string> names;
  for (const auto& option : line.options.options()) names.push_back("--" + option->long_name());
  const std::string word = unknown->get_option_name();
  return fmt::format("unknown option '{}'{}; npusim {} --help lists the options", word,
                     didYouMean(word, names), line.name);
}

po::variables_map parseWords(const CommandLine& line, const Arguments& arguments) {
  po::options_description all;
  all.add(line.options);
  all.add_options()("help,h", "")(kWords, po::value<std::vector<std::string>>());
  po::positional_options_description words;
  words.add(kWords, -1);
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::variables_map found;
  try {
    const po::parsed_options parsed =
        po::command_line_parser(arguments).options(all).positional(words).style(style).run();
    refuseEmptyValues(parsed, line);
    po::store(parsed, found);
    if (!found.contains("help")) po::notify(found);
  } catch (const po::error& error) {
    throw BadInput(explain(error, line));
  }
  return found;
}

}  // namespace

po::typed_value<std::vector<std::string>>* manyValues(const char* valueName) {
  return po::value<std::vector<std::string>>()->value_name(valueName)->composing();
}

std::optional<std::vector<std::string>> parse(const CommandLine& line, const Arguments& arguments) {
  const po::variables_map found = parseWords(line, arguments);
  if (found.contains("help")) {
    print(help(line));
    return std::nullopt;
  }
  std::vector<std::string> words;
  if (found.contains(kWords)) words = found[kWords].as<std::vector<std::string>>();
  if (words.size() > line.positionals.size()) {
    throw BadInput(
        fmt::format("unexpected '{}'; usage: {}", words[line.positionals.size()], usage(line)));
  }
  if (words.size() < line.positionals.size()) {
    throw BadInput(
        fmt::format("{} is missing; usage: {}", line.positionals[words.size()], usage(line)));
  }
  return words;
}

std::pair<std::string, std::string> splitAssignment(const std::string& option,
                                                    const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw BadInput(fmt::format("{} {}: must be NAME=VALUE", option, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::int64_t wholeNumber(const std::string& what, const std::string& text, std::int64_t least) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    throw BadInput(fmt::format("{}: '{}' must be a whole number from {} to {}", what, text, least,
                               std::numeric_limits<std::int64_t>::max()));
  }
  if (error != std::errc() || end != text.data() + text.size() || number < least) {
    throw BadInput(
        fmt::format("{}: '{}' must be a whole number of at least {}", what, text, least));
  }
  return number;
}

void expectChoice(const std::string& option, const std::string& text,
                  const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return;
  throw BadInput(fmt::format("{} {}: must be {}", option, text, joinedChoices(choices)));
}

}  // namespace npusim::tools
