#include "workloads/onnx/node_context.h"

#include <algorithm>
#include <cctype>

namespace npusim::onnx_import {
namespace {

/// Longest list of integers that a node may take (axes, shapes, index lists).
constexpr std::int64_t kMaxList = std::int64_t{1} << 24;

std::string lowercase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool listContains(std::string_view list, std::string_view word) {
  return (" " + std::string(list) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

}  // namespace

NodeContext::NodeContext(const OnnxNode& node, int opset, std::string name, GraphBuilder& builder,
                         BodyConverter convertBody)
    : node_(node),
      opset_(opset),
      name_(std::move(name)),
      builder_(builder),
      convertBody_(std::move(convertBody)),
      firstNewNode_(builder.graph().nodes.size()) {}

bool NodeContext::hasInput(std::size_t index) const {
  return index < node_.inputs.size() && !node_.inputs[index].empty();
}

ValueId NodeContext::input(std::size_t index) {
  if (!hasInput(index)) {
    throw BadInput("input " + std::to_string(index) + " is missing, the operator needs it");
  }
  return builder_.lookup(node_.inputs[index]);
}

ValueId NodeContext::optionalInput(std::size_t index) {
  return hasInput(index) ? input(index) : kNoValue;
}

Tensor NodeContext::constantValue(ValueId id, const char* what) const {
  builder_.settle(id);
  const Value& value = builder_.graph().value(id);
  if (!value.constant) {
    throw NotPossible(std::string(what) + " ('" + value.name +
                      "') is computed at run time, it must be constant");
  }
  if (value.constant->dense) return *value.constant->dense;
  if (elementCount(value.shape) > kMaxList) {
    throw BadInput(std::string(what) + " ('" + value.name + "') of shape " + toString(value.shape) +
                   " is too large");
  }
  return value.constant->materialize(value.type, value.shape);
}

std::vector<std::int64_t> NodeContext::integers(std::size_t index, const char* what) {
  const Tensor tensor = constantValue(input(index), what);
  const bool wide = tensor.type() == DataType::Int64;
  if (tensor.shape().size() > 1 || tensor.size() > kMaxList ||
      (!wide && tensor.type() != DataType::Int32)) {
    throw BadInput(std::string(what) + " is " + std::string(name(tensor.type())) + " " +
                   toString(tensor.shape()) + ", expected a list of int64");
  }
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = wide ? tensor.as<std::int64_t>()[i] : tensor.as<std::int32_t>()[i];
  }
  return values;
}

double NodeContext::scalar(std::size_t index, const char* what) {
  const Tensor tensor = constantValue(input(index), what);
  if (tensor.size() == 1) return tensor.at(0);
  throw BadInput(std::string(what) + " is " + toString(tensor.shape()) + ", expected one element");
}

bool NodeContext::hasAttribute(std::string_view name) const {
  return node_.attributes.contains(name);
}

template <typename T>
const T* NodeContext::find(std::string_view name, const char* kind) {
  asked_.emplace(name);
  const auto found = node_.attributes.find(name);
  if (found == node_.attributes.end()) return nullptr;
  if (const T* value = std::get_if<T>(&found->second)) return value;
  throw BadInput("attribute '" + std::string(name) + "' is of another type, expected " + kind);
}

std::int64_t NodeContext::integer(std::string_view name, std::int64_t otherwise) {
  const auto* value = find<std::int64_t>(name, "an integer");
  return value ? *value : otherwise;
}

float NodeContext::real(std::string_view name, float otherwise) {
  const auto* value = find<float>(name, "a real number");
  return value ? *value : otherwise;
}

std::string NodeContext::text(std::string_view name, const std::string& otherwise) {
  const auto* value = find<std::string>(name, "a text");
  return value ? *value : otherwise;
}

std::vector<std::int64_t> NodeContext::integers(std::string_view name,
                                                const std::vector<std::int64_t>& otherwise) {
  const auto* value = find<std::vector<std::int64_t>>(name, "a list of integers");
  return value ? *value : otherwise;
}

std::vector<float> NodeContext::reals(std::string_view name) {
  const auto* value = find<std::vector<float>>(name, "a list of real numbers");
  return value ? *value : std::vector<float>{};
}

std::vector<std::string> NodeContext::texts(std::string_view name) {
  const auto* value = find<std::vector<std::string>>(name, "a list of texts");
  return value ? *value : std::vector<std::string>{};
}

std::optional<Tensor> NodeContext::tensor(std::string_view name) {
  const auto* value = find<Tensor>(name, "a tensor");
  return value ? std::optional(*value) : std::nullopt;
}

void NodeContext::finishAttributes(std::string_view ignored) const {
  for (const auto& [name, value] : node_.attributes) {
    const bool legacy = opset_ < 6 && name == "consumed_inputs";
    if (!legacy && !asked_.contains(name) && !listContains(ignored, name)) {
      throw BadInput("has an attribute '" + name + "', which " + node_.op +
                     " does not have in opset " + std::to_string(opset_));
    }
  }
}

ValueId NodeContext::emit(Operation operation, std::vector<ValueId> inputs,
                          std::vector<ElementStep> steps, std::optional<DataType> type) {
  const std::string hint = name_ + "/" + lowercase(npusim::name(operation));
  const ValueId id =
      builder_.emit(hint, std::move(operation), std::move(inputs), std::move(steps), type);
  unnamed_.insert(id);
  return id;
}

ValueId NodeContext::emitStep(ElementStep step, ValueId x) {
  return emit(Elementwise{}, {x}, {step});
}

OnnxGraph& NodeContext::body(std::string_view name) {
  const auto* value = find<std::shared_ptr<OnnxGraph>>(name, "a graph");
  if (value == nullptr) throw BadInput("attribute '" + std::string(name) + "' is missing");
  return **value;
}

void NodeContext::beginBranch(std::string_view what, ValueId condition, bool runsIf) {
  builder_.beginBranch(name_ + "/" + std::string(what), condition, runsIf);
}

ValueId NodeContext::emitCarried(ValueId initial) {
  const ValueId id = builder_.emitCarried(name_ + "/state", initial);
  unnamed_.insert(id);
  return id;
}

ValueId NodeContext::constant(std::string_view what, Tensor tensor) {
  const ValueId id = builder_.addConstant(name_ + "/" + std::string(what), std::move(tensor));
  unnamed_.insert(id);
  return id;
}

ValueId NodeContext::constant(std::string_view what, Constant weights) {
  const ValueId id = constant(what, Tensor(*weights.dense));
  builder_.graph().value(id).constant = std::move(weights);
  return id;
}

ValueId NodeContext::splat(std::string_view what, DataType type, Shape shape, double value) {
  const std::string hint = name_ + "/" + std::string(what);
  const ValueId id = builder_.addSplat(hint, type, std::move(shape), value);
  unnamed_.insert(id);
  return id;
}

bool NodeContext::hasOutput(std::size_t index) const {
  return index < node_.outputs.size() && !node_.outputs[index].empty();
}

void NodeContext::output(std::size_t index, ValueId id) {
  if (!hasOutput(index)) return;
  builder_.bind(node_.outputs[index], id);
  if (unnamed_.erase(id) == 0) return;
  const bool several = node_.outputs.size() > 1;
  builder_.rename(id, node_.outputs[index], several ? name_ + "/" + std::to_string(index) : name_);
}

void NodeContext::finish() {
  std::vector<Node>& nodes = builder_.graph().nodes;
  for (std::size_t i = firstNewNode_; i < nodes.size(); ++i) {
    if (nodes[i].opName.empty()) nodes[i].opName = node_.op;
  }
  for (std::size_t i = 0; i < node_.outputs.size(); ++i) {
    if (!hasOutput(i) || builder_.isKnown(node_.outputs[i])) continue;
    builder_.refuse(node_.outputs[i],
                    "output " + std::to_string(i) + " of " + node_.op + ", which is not supported");
  }
}

int normalizeAxis(std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    throw BadInput("axis " + std::to_string(axis) + " is outside the " + std::to_string(rank) +
                   " dimensions");
  }
  return static_cast<int>(axis < 0 ? axis + limit : axis);
}

std::vector<int> normalizeAxes(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<int> normalized;
  for (const std::int64_t axis : axes) normalized.push_back(normalizeAxis(axis, rank));
  std::sort(normalized.begin(), normalized.end());
  if (std::adjacent_find(normalized.begin(), normalized.end()) != normalized.end()) {
    throw BadInput("an axis is given twice");
  }
  return normalized;
}

}  // namespace npusim::onnx_import
