#include "workloads/description/header.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/core/suggest.h"

namespace npusim {
namespace {

/// One parameter; `given` loses what is used.
void readDimension(const Field& value, const std::string& name, DescriptionOptions& given,
                   Dimensions& dimensions) {
  dimensions.values[name] = value.resolved();
  std::optional<std::int64_t> instead;
  if (name == "batch") {
    dimensions.declaredBatch = value.integer(1);
    dimensions.ownBatch = true;
    instead = given.batch;
  }
  if (const auto found = given.dims.find(name); found != given.dims.end()) {
    instead = found->second;
    given.dims.erase(found);
  }
  if (!instead) return;
  value.integer(0);
  auto replaced = std::make_shared<YamlNode>(value.node());
  replaced->text = std::to_string(*instead);
  dimensions.values[name] = std::move(replaced);
}

void checkCount(const Field& stated, std::int64_t counted, double tolerance) {
  const auto expected = static_cast<double>(stated.integer(0));
  if (std::abs(static_cast<double>(counted) - expected) <= tolerance * expected) return;
  stated.fail(fmt::format("the layers have {}, not {}; correct the layers or the figure", counted,
                          stated.integer(0)));
}

std::int64_t totalMacs(const Graph& graph) {
  std::int64_t count = 0;
  for (const Node& node : graph.nodes) count += macCount(graph, node);
  return count;
}

}  // namespace

void readDimensions(Section& top, const DescriptionOptions& options, Dimensions& dimensions) {
  DescriptionOptions given = options;
  std::vector<std::string> names;
  if (const std::optional<Field> field = top.optional("parameters")) {
    const Section checked = field->section();
    for (const YamlNode& child : checked.place().node().children) {
      readDimension(field->child(child), child.key, given, dimensions);
      names.push_back(child.key);
    }
  }
  if (given.dims.empty()) return;
  throw BadInput(fmt::format(
      "--dim {}: the description has no such parameter; {}", given.dims.begin()->first,
      names.empty() ? "it has none, use --batch for the batch" : "it has " + joinedChoices(names)));
}

Value readInput(const Field& field) {
  Value value;
  if (!field.isMap()) {
    value.shape = field.integers(1);
    return value;
  }
  Section options = field.section();
  const bool optional = options.flag("optional", false);
  value.shape = options.required("shape").integers(optional ? 0 : 1);
  value.zeroShare = options.share("zeros");
  value.raw = !options.flag("compressed", true);
  if (const std::optional<Field> type = options.optional("type")) {
    const std::optional<DataType> parsed = parseDataType(type->text());
    const bool known = parsed && (*parsed == DataType::Float32 || *parsed == DataType::Int32 ||
                                  *parsed == DataType::Int64);
    if (!known) type->fail("is '" + type->text() + "', must be fp32, int32 or int64");
    value.type = *parsed;
  }
  options.finish();
  return value;
}

void checkExpected(const Field& field, const Graph& graph, const DescriptionOptions& options,
                   std::int64_t declaredBatch) {
  Section expected = field.section();
  const double tolerance = expected.share("tolerance");
  const std::optional<Field> parameters = expected.optional("parameters");
  const std::optional<Field> macs = expected.optional("macs");
  expected.finish();
  if (!options.dims.empty()) return;
  if (parameters) checkCount(*parameters, parameterCount(graph), tolerance);
  if (!macs) return;
  const std::int64_t batch = options.batch.value_or(declaredBatch);
  checkCount(*macs, totalMacs(graph) / batch * declaredBatch, tolerance);
}

std::int64_t parameterCount(const Graph& graph) {
  std::int64_t count = 0;
  for (const Value& value : graph.values) {
    if (value.constant && value.constant->seed) count += elementCount(value.shape);
  }
  return count;
}

}  // namespace npusim
