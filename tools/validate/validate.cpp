#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/forked.h"
#include "tools/output.h"
#include "tools/subcommands.h"
#include "tools/validate/judge.h"

namespace npusim::tools {
namespace {

constexpr std::array kCases = {
    ValidationCase{"eyeriss", "AlexNet's convolutions on the chip of JSSC 2017", runEyeriss},
    ValidationCase{"dram", "traces in three DRAM simulators", nullptr, runDram}};

/// Throws BadInput for an unknown one.
const ValidationCase& caseOf(const std::string& name) {
  const auto found =
      std::find_if(kCases.begin(), kCases.end(), [&](const auto& c) { return name == c.name; });
  if (found == kCases.end()) {
    readPublished(name);
    throw InternalError("a published case that nothing runs");
  }
  return *found;
}

std::string caseNotes() {
  std::string text = "cases:\n";
  for (const ValidationCase& c : kCases) text += fmt::format("  {:<12} {}\n", c.name, c.help);
  return text;
}

/// Longer than any case takes on a slow machine.
constexpr unsigned kMostSeconds = 600;

Outcome judgePublished(const ValidationCase& c) {
  const Published published = readPublished(c.name);
  const std::vector<JudgedRow> rows = judge(published, c.run(published));
  return {validationText(published, rows),
          std::ranges::count_if(rows, [](const auto& row) { return !row.passed(); }),
          std::ranges::count_if(rows, [](const auto& row) { return row.judged; })};
}

/// In a child process, because SystemC elaborates once a process: "missed judged\n" and the table.
Outcome runCase(const std::string& name) {
  const auto work = [&] {
    const ValidationCase& c = caseOf(name);
    const Outcome outcome = c.judged != nullptr ? c.judged() : judgePublished(c);
    return fmt::format("{} {}\n{}", outcome.missed, outcome.judged, outcome.text);
  };
  const std::string answer = answerOf(runForked(work, kMostSeconds));
  const std::size_t space = answer.find(' ');
  const std::size_t line = answer.find('\n');
  return {answer.substr(line + 1), std::stoi(answer.substr(0, space)),
          std::stoi(answer.substr(space + 1, line))};
}

/// Any number of cases; empty after printing --help.
std::optional<std::vector<std::string>> parseCases(const Arguments& arguments) {
  CommandLine line;
  line.name = "validate";
  line.purpose =
      "Runs published measurements and shows our figures beside them, the error and the\n"
      "verdict; without a CASE all of them. Exit code 1 when a judged figure misses.";
  line.notes = caseNotes();
  const bool help = std::ranges::any_of(
      arguments, [](const std::string& word) { return word == "--help" || word == "-h"; });
  const auto words = std::ranges::count_if(
      arguments, [](const std::string& word) { return !word.starts_with("-"); });
  line.positionals.assign(help ? 1 : static_cast<std::size_t>(words), help ? "[CASE...]" : "CASE");
  return parse(line, arguments);
}

}  // namespace

std::span<const ValidationCase> validationCases() { return kCases; }

void validate(const Arguments& arguments) {
  const auto words = parseCases(arguments);
  if (!words) return;
  const std::vector<std::string> names = words->empty() ? publishedNames() : *words;
  for (const std::string& name : names) caseOf(name);  // refuses unknown ones first
  std::int64_t missed = 0, judged = 0;
  for (const std::string& name : names) {
    const Outcome outcome = runCase(name);
    print(outcome.text + "\n");
    missed += outcome.missed;
    judged += outcome.judged;
  }
  if (missed > 0) {
    throw CheckFailed(fmt::format("validate: {} of {} judged figures miss", missed, judged));
  }
  print(fmt::format("all {} judged figures pass\n", judged));
}

}  // namespace npusim::tools
