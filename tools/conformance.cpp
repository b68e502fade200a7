#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "tools/compile_network.h"
#include "tools/conformance_case.h"
#include "tools/forked.h"
#include "tools/options.h"
#include "tools/output.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::ordered_json;

enum class Result : std::uint8_t { Passed, Failed, NotSupported };
constexpr std::array<const char*, 3> kResultNames = {"passed", "failed", "not_supported"};

struct Verdict {
  Result result = Result::Passed;
  std::string reason;
};

struct ConformanceOptions {
  MachineOptions machine;
  CompileChoice compile;
  std::string list, json;
  std::string jobs = "1";
};

/// Those of the cases that a file names, one a line; lines that begin with # are not read.
std::vector<ConformanceCase> listed(const std::vector<ConformanceCase>& cases,
                                    const std::string& file) {
  std::map<std::string, ConformanceCase> byName;
  for (const ConformanceCase& test : cases) byName[test.name] = test;
  std::vector<ConformanceCase> chosen;
  std::set<std::string> seen;
  std::istringstream lines(readFile(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (!byName.contains(line)) throw BadInput(file + ": there is no test '" + line + "'");
    if (!seen.insert(line).second) throw BadInput(file + ": names '" + line + "' twice");
    chosen.push_back(byName[line]);
  }
  if (chosen.empty()) throw BadInput(file + ": names no test");
  return chosen;
}

Verdict judge(const ConformanceCase& test, const ConformanceOptions& options) {
  try {
    runConformanceCase(test, options.machine, *options.compile.precision);
    return {};
  } catch (const NotPossible& refused) {
    return {Result::NotSupported, refused.what()};
  } catch (const std::exception& wrong) {
    return {Result::Failed, wrong.what()};
  }
}

/// Every `jobs`-th case from `first` on, each verdict as a line of JSON.
std::string judgeShare(const std::vector<ConformanceCase>& cases, std::size_t first,
                       std::size_t jobs, const ConformanceOptions& options) {
  std::string lines;
  for (std::size_t i = first; i < cases.size(); i += jobs) {
    const Verdict verdict = judge(cases[i], options);
    const Json line = {static_cast<int>(verdict.result), verdict.reason};
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

std::vector<Verdict> judgeAll(const std::vector<ConformanceCase>& cases, std::size_t jobs,
                              const ConformanceOptions& options) {
  std::vector<std::unique_ptr<ForkedChild>> children;
  for (std::size_t job = 0; job < jobs; ++job) {
    children.push_back(std::make_unique<ForkedChild>(
        [&, job] { return judgeShare(cases, job, jobs, options); }, kNoTimeLimit));
  }
  std::vector<Verdict> verdicts(cases.size());
  for (std::size_t job = 0; job < jobs; ++job) {
    std::istringstream lines(answerOf(children[job]->answer()));
    std::string line;
    for (std::size_t i = job; i < cases.size() && std::getline(lines, line); i += jobs) {
      const Json verdict = Json::parse(line);
      verdicts[i] = {static_cast<Result>(verdict.at(0).get<int>()),
                     verdict.at(1).get<std::string>()};
    }
  }
  return verdicts;
}

std::int64_t countOf(const std::vector<Verdict>& verdicts, Result result) {
  return std::ranges::count(verdicts, result, &Verdict::result);
}

std::string countText(const std::vector<Verdict>& verdicts) {
  return fmt::format("{} passed, {} failed, {} not supported", countOf(verdicts, Result::Passed),
                     countOf(verdicts, Result::Failed), countOf(verdicts, Result::NotSupported));
}

std::string textOf(const std::vector<ConformanceCase>& cases,
                   const std::vector<Verdict>& verdicts) {
  std::string text;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    if (verdict.result == Result::Passed) continue;
    const bool said = verdict.reason.starts_with("not supported: ");
    const bool refused = verdict.result == Result::NotSupported && !said;
    text +=
        fmt::format("{}: {}{}\n", cases[i].name, refused ? "not supported: " : "", verdict.reason);
  }
  return text + countText(verdicts) + "\n";
}

std::string jsonOf(const std::vector<ConformanceCase>& cases, const std::vector<Verdict>& verdicts,
                   const ConformanceOptions& options) {
  Json json;
  json["npusim"] = NPUSIM_VERSION;
  json["chip"] = options.machine.chip;
  json["precision"] = name(*options.compile.precision);
  for (const Result result : {Result::Passed, Result::Failed, Result::NotSupported}) {
    json[kResultNames[static_cast<std::size_t>(result)]] = countOf(verdicts, result);
  }
  json["tests"] = Json::array();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    json["tests"].push_back({{"name", cases[i].name},
                             {"result", kResultNames[static_cast<std::size_t>(verdict.result)]},
                             {"reason", verdict.reason}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The folder; empty after printing --help.
std::optional<std::string> parseConformance(ConformanceOptions& options,
                                            const Arguments& arguments) {
  CommandLine line;
  line.name = "conformance";
  line.purpose =
      "Runs ONNX backend tests on a chip: DIR holds folders with model.onnx and\n"
      "test_data_set_*, or is one. Exit code 1 if any test fails.";
  line.positionals = {"DIR"};
  addChipOptions(line, options.machine);
  addFidelityOption(line, options.machine);
  addPrecisionOption(line, options.compile);
  line.options.add_options()("list", po::value(&options.list)->value_name("FILE"),
                             "run only the tests named in it, one a line")(
      "jobs", po::value(&options.jobs)->value_name("N"), "so many at a time (1)")(
      "json", po::value(&options.json)->value_name("FILE"), "write every test's result");
  line.notes =
      "Without --precision, fp32. Integers and booleans must be equal; floats within\n"
      "|a - b| <= 1e-4 + 1e-3 max|ref|, in 16 bits 1e-2 max|ref|.\n";
  const auto words = parse(line, arguments);
  if (!words) return std::nullopt;
  options.compile.precision = options.compile.precision.value_or(DataType::Float32);
  return words->front();
}

}  // namespace

void conformance(const Arguments& arguments) {
  ConformanceOptions options;
  const std::optional<std::string> folder = parseConformance(options, arguments);
  if (!folder) return;
  const auto jobs = static_cast<std::size_t>(wholeNumber("--jobs", options.jobs, 1));
  if (!isFloat(*options.compile.precision)) {
    throw NotPossible("not supported: conformance in " +
                      std::string(name(*options.compile.precision)) + " (fp32, fp16 and bf16 are)");
  }
  if (!options.json.empty()) expectWritable(options.json);
  loadMachine(options.machine);  // is refused before any test
  std::vector<ConformanceCase> cases = conformanceCases(*folder);
  if (!options.list.empty()) cases = listed(cases, options.list);
  const std::vector<Verdict> verdicts = judgeAll(cases, std::min(jobs, cases.size()), options);
  print(textOf(cases, verdicts));
  if (!options.json.empty()) writeFileAtomically(options.json, jsonOf(cases, verdicts, options));
  if (countOf(verdicts, Result::Failed) > 0)
    throw CheckFailed("tests fail: " + countText(verdicts));
}

}  // namespace npusim::tools
