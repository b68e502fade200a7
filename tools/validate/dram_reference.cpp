#include "tools/validate/dram_reference.h"

#include "sim/config/yaml_section.h"
#include "sim/core/embedded.h"
#include "sim/core/error.h"

namespace npusim::tools {
namespace {

/// A map of numbers by trace.
struct NumbersByTrace {
  using Value = FiguresByTrace;

  Value read(const YamlNode& node, const std::string& path) const {
    if (node.kind != YamlNode::Kind::Map) failRule(node, path, describe());
    Value figures;
    for (const YamlNode& child : node.children) {
      figures[child.key] = Number{}.read(child, pathBelow(path, child.key));
    }
    return figures;
  }
  std::string describe() const { return "a section of numbers by trace"; }
};

struct Keys {
  using Value = std::vector<std::string>;

  Value read(const YamlNode& node, const std::string& path) const {
    if (node.kind != YamlNode::Kind::List) failRule(node, path, describe());
    Value keys;
    for (const YamlNode& child : node.children) keys.push_back(Text{}.read(child, path));
    return keys;
  }
  std::string describe() const { return "a list of simulators"; }
};

}  // namespace

template <typename Visit>
void fields(Visit& visit, DramSimulator& simulator) {
  visit.required("key", simulator.key, Text{});
  visit.required("name", simulator.name, Text{});
}

template <typename Visit>
void fields(Visit& visit, DramFigures& figures) {
  visit.required("simulator", figures.simulator, Text{});
  visit.required("cycles", figures.cycles, NumbersByTrace{});
  visit.optional("row_hit_rate", figures.rowHitRate, NumbersByTrace{});
  visit.optional("read_latency", figures.readLatency, NumbersByTrace{});
}

template <typename Visit>
void fields(Visit& visit, DramConfiguration& configuration) {
  visit.required("name", configuration.name, Text{});
  visit.required("memory", configuration.memory, Text{});
  visit.required("mapping", configuration.mapping, Text{});
  visit.required("refresh", configuration.refresh, Flag{});
  visit.required("judges", configuration.judges, Keys{});
  visit.optional("cycles_within", configuration.cyclesWithin, NumbersByTrace{});
  visit.optional("row_hit_rate_within", configuration.rowHitRateWithin, NumbersByTrace{});
  visit.optional("read_latency_within", configuration.readLatencyWithin, NumbersByTrace{});
  visit.list("references", configuration.references);
}

DramReference readDramReference() {
  const std::string file = "configs/validation/dram.yaml";
  const auto text = embeddedFile(file);
  ensure(text.has_value(), "the DRAM reference is not built in");
  const YamlNode tree = parseYaml(std::string(*text), file);
  DramReference reference;
  std::string name;
  FiguresByTrace rowHitRateWithin, readLatencyWithin;
  YamlSection section(tree, "");
  section.required("name", name, Text{});
  section.required("source", reference.source, Text{});
  section.list("simulators", reference.simulators);
  section.required("row_hit_rate_within", rowHitRateWithin, NumbersByTrace{});
  section.required("read_latency_within", readLatencyWithin, NumbersByTrace{});
  section.required("refreshes_within", reference.refreshesWithin, Number{0, 100});
  section.list("configurations", reference.configurations);
  section.finish();
  for (DramConfiguration& configuration : reference.configurations) {
    if (configuration.rowHitRateWithin.empty()) configuration.rowHitRateWithin = rowHitRateWithin;
    if (configuration.readLatencyWithin.empty()) {
      configuration.readLatencyWithin = readLatencyWithin;
    }
  }
  return reference;
}

}  // namespace npusim::tools
