#include <fmt/format.h>

#include <array>

#include "sim/config/load_config.h"
#include "sim/core/embedded.h"
#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tools/command_line.h"
#include "tools/network.h"
#include "tools/output.h"
#include "tools/units.h"
#include "workloads/description/description.h"
#include "workloads/onnx/import.h"

namespace npusim::tools {
namespace {

/// The first sentence of the comment that a YAML file begins with.
std::string firstSentence(std::string_view yaml) {
  std::string text;
  while (yaml.starts_with('#')) {
    const std::size_t end = std::min(yaml.find('\n'), yaml.size());
    std::string_view line = yaml.substr(1, end - 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    text += (text.empty() ? "" : " ") + std::string(line);
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
  }
  std::size_t stop = text.find(". ");
  while (stop != std::string::npos && text.substr(0, stop).ends_with(" al")) {
    stop = text.find(". ", stop + 1);
  }
  if (stop != std::string::npos) text.erase(stop);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string presets(const char* kind) {
  std::string text;
  for (const std::string& name : presetNames(kind)) {
    const auto yaml = embeddedFile(fmt::format("configs/{}/{}.yaml", kind, name));
    text += fmt::format("  {:<17} {}\n", name, firstSentence(yaml.value_or("")));
  }
  return text;
}

std::string workloads(const char*) {
  std::string text;
  for (const std::string& name : zooNames()) {
    NetworkOptions options;
    options.workload = name;
    const Graph graph = readNetwork(options, {}).graph;
    std::int64_t macs = 0;
    for (const Node& node : graph.nodes) macs += macCount(graph, node);
    const std::string file = zooFile(name);
    const std::string described = file.ends_with(".yaml") ? firstSentence(*embeddedFile(file))
                                                          : "ONNX network with its trained weights";
    text +=
        fmt::format("  {:<17} {:>11}  {}\n", name, si(static_cast<double>(macs), "MAC"), described);
  }
  return text;
}

std::string loops(const std::vector<LoopDim>& dims) {
  std::string text;
  for (const LoopDim dim : dims) text += (text.empty() ? "" : " ") + std::string(name(dim));
  return text;
}

std::string description(const Dataflow& dataflow) {
  switch (dataflow.kind) {
    case ArrayKind::Systolic:
      return fmt::format("rows {}, columns {}; weights {}, inputs {}, outputs {}",
                         loops(dataflow.rows), loops(dataflow.cols), name(dataflow.weights),
                         name(dataflow.inputs), name(dataflow.outputs));
    case ArrayKind::RowStationary:
      return "Eyeriss: a row of the filter stays in a PE, rows of the input pass it";
    case ArrayKind::Cached:
      return "every PE fetches its operands through a cache of its own";
  }
  throw InternalError("unknown kind of array");
}

std::string dataflows(const char*) {
  std::string text;
  for (const Dataflow& dataflow : dataflowPresets()) {
    text += fmt::format("  {:<17} {}\n", dataflow.name, description(dataflow));
  }
  return text;
}

std::string wrapped(const std::vector<std::string>& words) {
  constexpr std::size_t kWidth = 78;
  std::string text, line = " ";
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kWidth) {
      text += line + "\n";
      line = " ";
    }
    line += " " + word;
  }
  return text + line + "\n";
}

std::string operators(const char*) {
  std::vector<std::string> layers;
  for (const std::string_view kind : layerKindNames()) layers.emplace_back(kind);
  return fmt::format("ONNX operators, opsets {} to {}:\n{}layer kinds of YAML descriptions:\n{}",
                     kOldestOpset, kNewestOpset, wrapped(supportedOperators()), wrapped(layers));
}

struct Listing {
  const char* what;
  std::string (*text)(const char* what);
};
constexpr std::array kListings = {Listing{"chips", presets},       Listing{"memories", presets},
                                  Listing{"dataflows", dataflows}, Listing{"workloads", workloads},
                                  Listing{"operators", operators}, Listing{"references", presets},
                                  Listing{"energy", presets}};

}  // namespace

void list(const Arguments& arguments) {
  std::vector<std::string> names;
  for (const Listing& listing : kListings) names.emplace_back(listing.what);
  CommandLine line;
  line.name = "list";
  line.purpose = "Lists " + joinedChoices(names) + ".";
  line.positionals = {"WHAT"};
  const auto words = parse(line, arguments);
  if (!words) return;
  for (const Listing& listing : kListings) {
    if (words->front() == listing.what) return print(listing.text(listing.what));
  }
  throw BadInput(fmt::format("list {}: there is nothing of that name{}; there are {}",
                             words->front(), didYouMean(words->front(), names),
                             joinedChoices(names)));
}

}  // namespace npusim::tools
