#include "workloads/description/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "workloads/description/header.h"
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

/// The values that a list of layers can refer to by name: kNoValue for an optional input that was
/// left out.
struct Scope {
  std::string prefix;  ///< of the names of its layers, ending in '.'
  std::map<std::string, ValueId> values;
  std::map<std::string, int> counts;  ///< of unnamed layers by kind
  ValueId previous = kNoValue;
};

class DescriptionReader {
 public:
  DescriptionReader(Field top, const DescriptionOptions& options, Dimensions& dimensions)
      : top_(std::move(top)),
        options_(options),
        dimensions_(dimensions),
        net_(static_cast<std::uint64_t>(top_.integer("seed", 0, 0))) {}

  Graph read() {
    requireKeys();
    net_.graph.name = top_.required("name").text();
    top_.optional("source");
    readDimensions(top_, options_, dimensions_);
    Scope scope;
    readInputs(scope);
    if (const std::optional<Field> blocks = top_.optional("blocks")) readBlocks(*blocks);
    readLayers(top_.required("layers"), scope);
    readOutputs(scope);
    if (const std::optional<Field> expected = top_.optional("expect")) {
      checkExpected(*expected, net_.graph, options_, dimensions_.declaredBatch);
    }
    top_.finish();
    return std::move(net_.graph);
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
      if (elementCount(value.shape) == 0) {
        scope.values[name] = kNoValue;
        continue;
      }
      if (!dimensions_.ownBatch) {
        dimensions_.declaredBatch = value.shape.front();
        if (options_.batch) value.shape.front() = *options_.batch;
      }
      const ValueId id = net_.graph.addValue(std::move(value));
      net_.graph.inputs.push_back(id);
      scope.values[name] = id;
    }
    if (net_.graph.inputs.empty()) field.fail("no inputs; give at least one name with its shape");
    if (net_.graph.inputs.size() == 1) scope.previous = net_.graph.inputs.front();
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
      if (!required) block.defaults.emplace(name, value.resolved());
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
    scope.previous = kind != nullptr
                         ? buildLayer(*kind, {net_, scope.prefix + name, inputs, options})
                         : useBlock({block->first, block->second, name, inputs[0], options}, scope);
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

  /// A block where it is used as a layer.
  struct Use {
    const std::string& blockName;
    const Block& block;
    const std::string& name;
    ValueId input;
    Section& options;
    Parameters parameters = {};
    std::map<std::string, ValueId> values = {};  ///< that its layers can refer to
  };

  ValueId useBlock(Use use, Scope& scope) {
    Section& options = use.options;
    if (std::find(expanding_.begin(), expanding_.end(), use.blockName) != expanding_.end()) {
      options.place().fail("block '" + use.blockName + "' contains itself");
    }
    use.parameters = dimensions_.values;
    for (const auto& [name, node] : use.block.defaults) use.parameters[name] = node;
    for (const std::string& parameter : use.block.parameters) {
      const bool hasDefault = use.block.defaults.contains(parameter);
      const std::optional<Field> given =
          hasDefault ? options.optional(parameter) : options.required(parameter);
      if (given) use.parameters[parameter] = given->resolved();
    }
    if (const std::optional<Field> with = options.optional("with")) {
      use.values = referredTo(*with, scope);
    }
    expanding_.push_back(use.blockName);
    const std::optional<Field> loop = options.optional("loop");
    const ValueId output = loop ? loopBlock(use, *loop, scope) : repeatBlock(use, scope);
    expanding_.pop_back();
    return output;
  }

  /// `{name in the block: name here}`.
  static std::map<std::string, ValueId> referredTo(const Field& field, const Scope& scope) {
    std::map<std::string, ValueId> values;
    Section section = field.section();
    for (const auto& [name, source] : section.entries()) {
      const auto found = scope.values.find(source.text());
      if (found == scope.values.end()) {
        source.fail("no layer or input '" + source.text() + "' before this one");
      }
      values[name] = found->second;
    }
    return values;
  }

  /// One expansion of the block's layers, whose names begin with `prefix`.
  Scope expand(const Use& use, const std::string& prefix, ValueId input) {
    Scope inner;
    inner.prefix = prefix;
    inner.values = use.values;
    inner.values["input"] = inner.previous = input;
    readLayers(use.block.layers.with(use.parameters), inner);
    return inner;
  }

  static std::int64_t passesOf(const Field& field, const Section& options) {
    const std::int64_t passes = field.integer(1);
    if (passes > kMostRepeats) {
      options.place().fail(fmt::format("{} repeats; give at most {}", passes, kMostRepeats));
    }
    return passes;
  }

  ValueId repeatBlock(const Use& use, const Scope& scope) {
    const std::optional<Field> field = use.options.optional("repeat");
    const std::int64_t repeat = field ? passesOf(*field, use.options) : 1;
    use.options.finish();
    const std::string name = scope.prefix + use.name;
    ValueId input = use.input;
    for (std::int64_t i = 1; i <= repeat; ++i) {
      input =
          expand(use, repeat == 1 ? name + "." : fmt::format("{}.{}.", name, i), input).previous;
    }
    return input;
  }

  /// The block as a loop: what it returns is its input in the next pass.
  ValueId loopBlock(Use& use, const Field& loop, Scope& scope) {
    Section& options = use.options;
    const std::int64_t passes = passesOf(loop, options);
    const bool ownWeights = !options.flag("shared_weights", false);
    std::map<std::string, ValueId> each;
    if (const std::optional<Field> field = options.optional("each")) {
      each = referredTo(*field, scope);
    }
    const std::optional<Field> collect = options.optional("collect");
    options.finish();
    const std::string name = scope.prefix + use.name;
    net_.beginLoop(name, passes, ownWeights);
    const ValueId state = net_.carried(name + ".input", use.input);
    for (const auto& [own, whole] : each) {
      use.values[own] = whole == kNoValue
                            ? kNoValue
                            : net_.add(name + "." + own + ".part", "Take", Take{}, {whole});
    }
    const Scope inner = expand(use, name + ".", state);
    const ValueId next = inner.previous;
    if (net_.shape(next) != net_.shape(state)) {
      loop.fail(fmt::format("the block makes {} of {}, which the next pass cannot go on with",
                            toString(net_.shape(next)), toString(net_.shape(state))));
    }
    net_.carryOn(state, next);
    for (const std::string& own : collect ? collect->texts() : std::vector<std::string>{}) {
      const auto found = inner.values.find(own);
      if (found == inner.values.end() || found->second == kNoValue) {
        collect->fail("the block has no layer '" + own + "'");
      }
      scope.values[use.name + "." + own] =
          net_.add(name + "." + own + ".all", "Collect", Collect{passes}, {found->second});
    }
    net_.endLoop();
    return next;
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
    const bool any = count == LayerKind::kAnyInputs;
    std::vector<ValueId> sources;
    for (const std::string& name : from ? from->texts() : std::vector<std::string>{"previous"}) {
      const auto found = scope.values.find(name);
      const bool known = found != scope.values.end();
      const ValueId id = name == "previous" ? scope.previous : known ? found->second : kNoValue;
      if (id == kNoValue && !(any && known)) {
        (from ? *from : options.place()).fail("no layer or input '" + name + "' before this one");
      }
      sources.push_back(id);
    }
    if (!any && sources.size() != static_cast<std::size_t>(count)) {
      options.place().fail(fmt::format("{} takes {} inputs, not {}; name them under 'from'", kind,
                                       count, sources.size()));
    }
    return sources;
  }

  void readOutputs(const Scope& scope) {
    const std::optional<Field> field = top_.optional("outputs");
    if (!field) {
      net_.graph.outputs = {scope.previous};
      return;
    }
    for (const std::string& name : field->texts()) {
      const auto found = scope.values.find(name);
      if (found == scope.values.end()) field->fail("no layer '" + name + "'");
      net_.graph.outputs.push_back(found->second);
    }
  }

  std::string blockNames() const {
    std::string names;
    for (const auto& [name, block] : blocks_) names += ", " + name;
    return names;
  }

  Section top_;
  const DescriptionOptions& options_;
  Dimensions& dimensions_;
  DescriptionBuilder net_;
  std::map<std::string, Block> blocks_;
  std::vector<std::string> expanding_;
};

}  // namespace

Graph parseDescription(std::string_view text, const std::string& file,
                       const DescriptionOptions& options) {
  const YamlNode root = parseYaml(std::string(text), file);
  Dimensions dimensions;
  return DescriptionReader(Field("", root, dimensions.values), options, dimensions).read();
}

Graph parseDescription(std::string_view text, const std::string& file,
                       std::optional<std::int64_t> batch) {
  return parseDescription(text, file, DescriptionOptions{batch, {}});
}

Graph readDescription(const std::string& file, const DescriptionOptions& options) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    throw BadInput({file, 0, 0}, "cannot read this layer description; check its name");
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parseDescription(text, file, options);
}

std::vector<std::string_view> layerKindNames() {
  std::vector<std::string_view> names;
  for (const LayerKind& kind : layerKinds()) names.push_back(kind.name);
  return names;
}

}  // namespace npusim
