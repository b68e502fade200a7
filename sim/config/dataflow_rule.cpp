#include <string>
#include <vector>

#include "sim/config/dataflow_words.h"
#include "sim/config/yaml_section.h"
#include "sim/config/yaml_writer.h"

namespace npusim {
namespace {

template <typename Visit>
void fields(Visit& visit, Dataflow& dataflow) {
  visit.required("rows", dataflow.rows, ListOf<Word<LoopDim>>{{kLoopDimWords}});
  visit.required("cols", dataflow.cols, ListOf<Word<LoopDim>>{{kLoopDimWords}});
  visit.required("weights", dataflow.weights, Word<Travel>{kTravelWords});
  visit.required("inputs", dataflow.inputs, Word<Travel>{kTravelWords});
  visit.required("outputs", dataflow.outputs, Word<Travel>{kTravelWords});
}

std::vector<std::string> presetNames() {
  std::vector<std::string> names;
  for (const Dataflow& preset : dataflowPresets()) names.push_back(preset.name);
  return names;
}

}  // namespace

Dataflow DataflowRule::read(const YamlNode& node, const std::string& path) const {
  if (node.kind == YamlNode::Kind::Map) {
    Dataflow dataflow;
    dataflow.name = "custom";
    YamlSection section(node, path);
    fields(section, dataflow);
    section.finish();
    const std::string fault = faultOf(dataflow);
    if (!fault.empty()) failAt(node.where, path, fault);
    return dataflow;
  }
  for (const Dataflow& preset : dataflowPresets()) {
    if (node.kind == YamlNode::Kind::Scalar && node.text == preset.name) return preset;
  }
  failWord(node, path, presetNames());
}

YamlNode DataflowRule::write(const Dataflow& dataflow) const {
  if (dataflow.name != "custom") return scalarNode(dataflow.name);
  YamlWriter writer;
  Dataflow copy = dataflow;
  fields(writer, copy);
  return writer.map();
}

std::string DataflowRule::describe() const {
  return joinedChoices(presetNames()) + ", or a section with rows, cols, weights, inputs, outputs";
}

}  // namespace npusim
