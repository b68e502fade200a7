#include "tools/validate/published.h"

#include <fmt/format.h>

#include <filesystem>

#include "sim/config/yaml_section.h"
#include "sim/core/embedded.h"
#include "sim/core/error.h"
#include "sim/core/suggest.h"

namespace npusim::tools {
namespace {

const std::string kFolder = "configs/validation/";

/// A map of numbers by any names, in their order.
struct NumbersByName {
  using Value = LayerFigures;

  Value read(const YamlNode& node, const std::string& path) const {
    if (node.kind != YamlNode::Kind::Map) failRule(node, path, describe());
    Value figures;
    for (const YamlNode& child : node.children) {
      figures.emplace_back(child.key, Number{}.read(child, pathBelow(path, child.key)));
    }
    return figures;
  }
  std::string describe() const { return "a section of numbers by layer"; }
};

}  // namespace

template <typename Visit>
void fields(Visit& visit, PublishedFigure& figure) {
  visit.required("quantity", figure.quantity, Text{});
  visit.required("unit", figure.unit, Text{});
  visit.required("source", figure.source, Text{});
  visit.optional("within", figure.within, Number{0, 10});
  visit.optional("sum_within", figure.sumWithin, Number{0, 10});
  visit.optional("judged", figure.judged, NumbersByName{});
  visit.optional("shown", figure.shown, NumbersByName{});
}

std::vector<std::string> publishedNames() {
  std::vector<std::string> names;
  for (const std::string& file : embeddedFiles(kFolder)) {
    names.push_back(std::filesystem::path(file).stem().string());
  }
  return names;
}

Published readPublished(const std::string& name) {
  const std::string file = kFolder + name + ".yaml";
  const auto text = embeddedFile(file);
  if (!text) {
    throw BadInput(fmt::format("validate {}: there is no such case{}; there are {}", name,
                               didYouMean(name, publishedNames()),
                               joinedChoices(publishedNames())));
  }
  const YamlNode tree = parseYaml(std::string(*text), file);
  Published published;
  YamlSection section(tree, "");
  section.required("name", published.name, Text{});
  section.required("chip", published.chip, Text{});
  section.required("workload", published.workload, Text{});
  section.required("source", published.source, Text{});
  section.list("figures", published.figures);
  section.finish();
  return published;
}

}  // namespace npusim::tools
