#include "tools/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "tools/output.h"
#include "tools/writers.h"
#include "workloads/evaluate/npy.h"

namespace npusim::tools {
namespace {

std::string fileStem(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  std::string stem = name.empty() ? "output" : name;
  for (char& c : stem) c = plain(c) ? c : '_';
  if (stem.front() == '.') stem.front() = '_';
  return stem;
}

void writeOutputs(const NamedTensors& outputs, const std::string& folder) {
  makeFolder(folder);
  const std::vector<std::string> files = outputFileNames(outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    writeNpy(folder + "/" + files[i], outputs[i].second);
  }
}

}  // namespace

std::vector<std::string> outputFileNames(const NamedTensors& outputs) {
  std::vector<std::string> files;
  for (const auto& [name, tensor] : outputs) {
    const std::string stem = fileStem(name);
    std::string file = stem + ".npy";
    for (int n = 2; std::find(files.begin(), files.end(), file) != files.end(); ++n) {
      file = fmt::format("{}_{}.npy", stem, n);
    }
    files.push_back(file);
  }
  return files;
}

void report(const RunResult& result, const NamedTensors& outputs, const ResultOptions& options) {
  if (!options.json.empty()) writeFileAtomically(options.json, toJson(result));
  if (!options.csv.empty()) writeFileAtomically(options.csv, toCsv(result));
  if (!options.outputs.empty()) writeOutputs(outputs, options.outputs);
  print(toTable(result));
  if (result.values.passed) return;
  throw CheckFailed("the computed values failed their check; the table says by how much");
}

}  // namespace npusim::tools
