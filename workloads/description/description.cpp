#include "workloads/description/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "workloads/description/layer.h"
#include "workloads/description/section.h"

namespace npusim {
namespace {

/// Guards against a slip of the finger that fills the memory.
constexpr std::int64_t kMostRepeats = 1000;

/// A named list of layers with parameters, defined under `blocks`.
struct Block {
  Parameters defaults;
  std::vector<std::string> parameters;
  Field layers;
};

/// The values that a list of layers can refer to by name.
struct Scope {
  std::string prefix;  ///< of the names of its layers, ending in '.'
  std::map<std::string, ValueId> values;
  std::map<std::string, int> counts;  ///< of unnamed layers by kind
  ValueId previous = kNoValue;
};

std::int64_t parameterCount(const Graph& graph) {
  std::int64_t count = 0;
  for (const Value& value : graph.values) {
    if (value.constant) count += elementCount(value.shape);
  }
  return count;
}

std::int64_t totalMacs(const Graph& graph) {
  std::int64_t count = 0;
  for (const Node& node : graph.nodes) count += macCount(graph, node);
  return count;
}

class DescriptionReader {
 public:
  DescriptionReader(Section& top, std::optional<std::int64_t> batch) : top_(top), batch_(batch) {}

  Graph read() {
    requireKeys();
    graph_.name = top_.required("name").text();
    top_.optional("source");
    seed_ = static_cast<std::uint64_t>(top_.integer("seed", 0, 0));
    Scope scope;
    readInputs(scope);
    if (const std::optional<Field> blocks = top_.optional("blocks")) readBlocks(*blocks);
    readLayers(top_.required("layers"), scope);
    readOutputs(scope);
    checkExpected();
    top_.finish();
    return std::move(graph_);
  }

 private:
  void requireKeys() {
    for (const char* key : {"name", "inputs", "layers"}) {
      if (top_.place().node().find(key) != nullptr) continue;
      top_.place().fail(fmt::format(
          "key '{}' is missing; a layer description needs name, inputs and layers", key));
    }
  }

  void readInputs(Scope& scope) {
    const Field field = top_.required("inputs");
    Section inputs = field.section();
    for (const auto& [name, shape] : inputs.entries()) {
      Value value = readInput(shape);
      value.name = name;
      if (value.shape.empty()) shape.fail("has no dimensions; give them, the batch first");
      declaredBatch_ = value.shape.front();
      if (batch_) value.shape.front() = *batch_;
      const ValueId id = graph_.addValue(std::move(value));
      graph_.inputs.push_back(id);
      scope.values[name] = id;
    }
    if (graph_.inputs.empty()) field.fail("no inputs; give at least one name with its shape");
    if (graph_.inputs.size() == 1) scope.previous = graph_.inputs.front();
  }

  /// A shape, or a section with it.
  static Value readInput(const Field& field) {
    Value value;
    if (!field.isMap()) {
      value.shape = field.integers(1);
      return value;
    }
    Section options = field.section();
    value.shape = options.required("shape").integers(1);
    value.zeroShare = options.share("zeros");
    value.raw = !options.flag("compressed", true);
    options.finish();
    return value;
  }

  void readBlocks(const Field& field) {
    Section blocks = field.section();
    for (const auto& [name, definition] : blocks.entries()) {
      if (findLayerKind(name) != nullptr) definition.fail("'" + name + "' is a layer kind already");
      Section body = definition.section();
      Block block{{}, {}, body.required("layers")};
      if (const std::optional<Field> parameters = body.optional("parameters")) {
        readParameters(*parameters, block);
      }
      body.finish();
      blocks_.emplace(name, std::move(block));
    }
  }

  static void readParameters(const Field& field, Block& block) {
    Section parameters = field.section();
    for (const auto& [name, value] : parameters.entries()) {
      block.parameters.push_back(name);
      const bool required = value.isText() && value.text() == "required";
      if (!required) block.defaults.emplace(name, &value.node());
    }
  }

  void readLayers(const Field& list, Scope& scope) {
    const std::vector<Field> items = list.items();
    if (items.empty()) list.fail("no layers; give at least one");
    for (const Field& item : items) readLayer(item, scope);
  }

  /// An item is a kind alone ("relu") or one kind with its keys ({conv: {...}}).
  void readLayer(const Field& item, Scope& scope) {
    if (item.isText()) {
      Section options(item);
      return addLayer(item.text(), item, options, scope);
    }
    const auto entries = item.section().entries();
    if (entries.size() != 1) {
      item.fail(
          fmt::format("{} keys in one layer; write '- kind' or '- kind: {{...}}'", entries.size()));
    }
    Section options = entries[0].second.section();
    addLayer(entries[0].first, item, options, scope);
  }

  void addLayer(const std::string& kindName, const Field& item, Section& options, Scope& scope) {
    const LayerKind* kind = findLayerKind(kindName);
    const auto block = blocks_.find(kindName);
    if (kind == nullptr && block == blocks_.end()) {
      item.fail(fmt::format("unknown layer '{}'; known: {}{}", kindName,
                            fmt::join(layerKindNames(), ", "), blockNames()));
    }
    const std::string name = layerName(kindName, options, scope);
    const std::vector<ValueId> inputs =
        readSources(kindName, kind == nullptr ? 1 : kind->inputs, options, scope);
    if (kind != nullptr) {
      scope.previous = buildLayer(*kind, {graph_, scope.prefix + name, inputs, options, seed_});
    } else {
      scope.previous =
          expandBlock(block->first, block->second, scope.prefix + name, inputs[0], options);
    }
    scope.values[name] = scope.previous;
  }

  ValueId buildLayer(const LayerKind& kind, Layer layer) {
    try {
      const ValueId output = kind.build(layer, kind);
      layer.options.finish();
      return output;
    } catch (const BadInput& error) {
      const SourceLocation where = layer.options.place().where();
      if (std::string_view(error.what()).starts_with(where.file + ":")) throw;
      throw BadInput(where, error.what());
    }
  }

  ValueId expandBlock(const std::string& blockName, const Block& block, const std::string& name,
                      ValueId input, Section& options) {
    if (std::find(expanding_.begin(), expanding_.end(), blockName) != expanding_.end()) {
      options.place().fail("block '" + blockName + "' contains itself");
    }
    Parameters parameters = block.defaults;
    for (const std::string& parameter : block.parameters) {
      const bool hasDefault = parameters.contains(parameter);
      const std::optional<Field> given =
          hasDefault ? options.optional(parameter) : options.required(parameter);
      if (given) parameters[parameter] = &given->node();
    }
    const std::int64_t repeat = options.integer("repeat", 1, 1);
    if (repeat > kMostRepeats) {
      options.place().fail(fmt::format("{} repeats; give at most {}", repeat, kMostRepeats));
    }
    options.finish();
    expanding_.push_back(blockName);
    for (std::int64_t i = 1; i <= repeat; ++i) {
      Scope inner;
      inner.prefix = repeat == 1 ? name + "." : fmt::format("{}.{}.", name, i);
      inner.values["input"] = inner.previous = input;
      readLayers(block.layers.with(parameters), inner);
      input = inner.previous;
    }
    expanding_.pop_back();
    return input;
  }

  static std::string freeName(const std::string& kind, Scope& scope) {
    std::string name;
    do {
      name = fmt::format("{}_{}", kind, ++scope.counts[kind]);
    } while (scope.values.contains(name));
    return name;
  }

  static std::string layerName(const std::string& kind, Section& options, Scope& scope) {
    const std::optional<Field> field = options.optional("name");
    if (!field) return freeName(kind, scope);
    if (field->text() == "previous" || field->text() == "input" ||
        field->text().find('.') != std::string::npos) {
      field->fail("'" + field->text() +
                  "' cannot be a name; take any but 'previous' and 'input', without dots");
    }
    if (scope.values.contains(field->text())) {
      field->fail("name '" + field->text() + "' is taken; choose another");
    }
    return field->text();
  }

  /// The values a layer reads: those of `from`, or the previous layer's.
  std::vector<ValueId> readSources(const std::string& kind, int count, Section& options,
                                   const Scope& scope) {
    const std::optional<Field> from = options.optional("from");
    std::vector<ValueId> sources;
    for (const std::string& name : from ? from->texts() : std::vector<std::string>{"previous"}) {
      const auto found = scope.values.find(name);
      const ValueId id = name == "previous"            ? scope.previous
                         : found == scope.values.end() ? kNoValue
                                                       : found->second;
      if (id == kNoValue) {
        (from ? *from : options.place()).fail("no layer or input '" + name + "' before this one");
      }
      sources.push_back(id);
    }
    const bool any = count == LayerKind::kAnyInputs;
    if (!any && sources.size() != static_cast<std::size_t>(count)) {
      options.place().fail(fmt::format("{} takes {} inputs, not {}; name them under 'from'", kind,
                                       count, sources.size()));
    }
    return sources;
  }

  void readOutputs(const Scope& scope) {
    const std::optional<Field> field = top_.optional("outputs");
    if (!field) {
      graph_.outputs = {scope.previous};
      return;
    }
    for (const std::string& name : field->texts()) {
      const auto found = scope.values.find(name);
      if (found == scope.values.end()) field->fail("no layer '" + name + "'");
      graph_.outputs.push_back(found->second);
    }
  }

  /// The author's own counts, stated for the file's batch.
  void checkExpected() {
    const std::optional<Field> field = top_.optional("expect");
    if (!field) return;
    Section expected = field->section();
    if (const std::optional<Field> count = expected.optional("parameters")) {
      checkCount(*count, parameterCount(graph_));
    }
    if (const std::optional<Field> count = expected.optional("macs")) {
      checkCount(*count, totalMacs(graph_) / batch_.value_or(declaredBatch_) * declaredBatch_);
    }
    expected.finish();
  }

  static void checkCount(const Field& stated, std::int64_t counted) {
    if (stated.integer(0) == counted) return;
    stated.fail(fmt::format("the layers have {}, not {}; correct the layers or the figure", counted,
                            stated.integer(0)));
  }

  std::string blockNames() const {
    std::string names;
    for (const auto& [name, block] : blocks_) names += ", " + name;
    return names;
  }

  Section& top_;
  std::optional<std::int64_t> batch_;
  std::int64_t declaredBatch_ = 1;
  std::uint64_t seed_ = 0;
  Graph graph_;
  std::map<std::string, Block> blocks_;
  std::vector<std::string> expanding_;
};

}  // namespace

Graph parseDescription(std::string_view text, const std::string& file,
                       std::optional<std::int64_t> batch) {
  const YamlNode root = parseYaml(std::string(text), file);
  const Parameters none;
  Section top(Field("", root, none));
  return DescriptionReader(top, batch).read();
}

Graph readDescription(const std::string& file, std::optional<std::int64_t> batch) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    throw BadInput({file, 0, 0}, "cannot read this layer description; check its name");
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parseDescription(text, file, batch);
}

std::vector<std::string_view> layerKindNames() {
  std::vector<std::string_view> names;
  for (const LayerKind& kind : layerKinds()) names.push_back(kind.name);
  return names;
}

}  // namespace npusim
