#include "kernels/lowering/lowering.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/lowering/operands.h"
#include "kernels/lowering/operator_work.h"

namespace npusim::lowering {
namespace {

using plan::Block;
using plan::Operand;
using plan::View;

bool spatial(const Operation& operation) {
  return std::holds_alternative<Convolution>(operation) ||
         std::holds_alternative<Pool>(operation) ||
         std::holds_alternative<LocalResponseNorm>(operation);
}

/// Operations whose result keeps the layout of what they read.
bool keepsLayout(const Operation& operation) {
  return std::holds_alternative<Elementwise>(operation) ||
         std::holds_alternative<Softmax>(operation) || std::holds_alternative<Reduce>(operation) ||
         std::holds_alternative<Concat>(operation) || std::holds_alternative<Remap>(operation);
}

/// Can the operation write its result into a part of another tensor?
bool writesAnywhere(const Operation& operation) {
  return !std::holds_alternative<Reshape>(operation) &&
         !std::holds_alternative<Transpose>(operation) &&
         !std::holds_alternative<Gather>(operation) && !isOfLoops(operation);
}

/// Does the order of channels and pixels matter for this shape?
bool orderMatters(const Shape& shape) {
  if (shape.size() < 3) return false;
  const std::int64_t pixels =
      std::accumulate(shape.begin() + 2, shape.end(), std::int64_t{1}, std::multiplies<>());
  return shape[1] > 1 && pixels > 1;
}

}  // namespace

Shape denseStrides(const Shape& shape, DataType type, bool channelsLast) {
  std::vector<std::size_t> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  if (channelsLast && shape.size() >= 3)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  Shape strides(shape.size());
  std::int64_t stride = byteSize(type);
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = stride;
    stride *= shape[order[i]];
  }
  return strides;
}

plan::Encoding encodingOf(const Value& value) {
  const WeightForm& form = *value.constant->form;
  plan::Encoding encoding;
  encoding.rowsPerScale = form.rowsPerScale;
  WeightCode& code = encoding.code;
  code.format = form.format;
  code.bits = form.bits;
  code.type = value.type;
  code.values = elementCount(value.shape);
  code.zeroPoints = form.zeroPoints;
  if (form.format == WeightFormat::Pruned) {
    code.kept = std::llround(form.keptShare * static_cast<double>(code.values));
  }
  return encoding;
}

std::vector<int> physicalOrder(const View& view) {
  std::vector<int> order(view.shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int x, int y) {
    return view.strides[static_cast<std::size_t>(x)] > view.strides[static_cast<std::size_t>(y)];
  });
  return order;
}

bool isRowMajor(const View& view) {
  std::int64_t stride = byteSize(view.type);
  for (std::size_t d = view.shape.size(); d-- > 0;) {
    if (view.shape[d] != 1 && view.strides[d] != stride) return false;
    stride *= view.shape[d];
  }
  return true;
}

std::vector<std::byte> permuted(const Tensor& tensor, const std::vector<int>& order) {
  const Shape strides = rowMajorStrides(tensor.shape());
  const auto width = static_cast<std::size_t>(byteSize(tensor.type()));
  std::vector<std::byte> result(tensor.bytes().size());
  std::vector<std::int64_t> position(order.size(), 0);
  const std::byte* from = tensor.bytes().data();
  std::int64_t source = 0;
  for (std::size_t to = 0; to < result.size(); to += width) {
    std::copy_n(from + source * static_cast<std::int64_t>(width), width, result.data() + to);
    for (std::size_t i = order.size(); i-- > 0;) {
      const auto d = static_cast<std::size_t>(order[i]);
      source += strides[d];
      if (++position[i] < tensor.shape()[d]) break;
      source -= strides[d] * tensor.shape()[d];
      position[i] = 0;
    }
  }
  return result;
}

Lowering::Lowering(const Graph& graph, const ChipConfig& chip, DataType precision, bool values)
    : graph_(graph),
      chip_(chip),
      views_(graph.values.size()),
      readers_(graph.consumers()),
      channelsLast_(graph.values.size(), false),
      partOf_(graph.values.size()) {
  plan_.network = graph.name;
  plan_.precision = precision;
  plan_.values = values;
  for (const Repeat& repeat : graph.repeats)
    plan_.repeats.push_back({repeat.passes, repeat.parent});
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Carried>(node.operation)) nextOf_[node.inputs[1]] = &node;
    if (!std::holds_alternative<Merge>(node.operation)) continue;
    for (const std::size_t branch : {1U, 2U}) mergedInto_[node.inputs[branch]] = &node;
  }
  chooseLayouts();
  aliasConcatenations();
  addInputs();
}

void Lowering::chooseLayouts() {
  for (const Node& node : graph_.nodes) {
    const Value& out = graph_.value(node.output);
    bool last = spatial(node.operation);
    if (keepsLayout(node.operation)) {
      for (const ValueId input : node.inputs) {
        last =
            last || (input != kNoValue && !graph_.isConstant(input) &&
                     graph_.value(input).shape.size() == out.shape.size() && channelsLast(input));
      }
    }
    channelsLast_[static_cast<std::size_t>(node.output)] = last && out.shape.size() >= 3;
  }
  // Row-major where the network's own order of elements is needed: outputs and reshapes.
  for (const ValueId output : graph_.outputs)
    channelsLast_[static_cast<std::size_t>(output)] = false;
  // Likewise what loops take apart, put together and carry on.
  for (const Node& node : graph_.nodes) {
    if (!isOfLoops(node.operation)) continue;
    channelsLast_[static_cast<std::size_t>(node.output)] = false;
    for (const ValueId input : node.inputs) channelsLast_[static_cast<std::size_t>(input)] = false;
  }
  for (const Node& node : graph_.nodes) {
    if (!std::holds_alternative<Reshape>(node.operation)) continue;
    const ValueId input = node.inputs.front();
    if (orderMatters(graph_.value(input).shape))
      channelsLast_[static_cast<std::size_t>(input)] = false;
  }
}

void Lowering::aliasConcatenations() {
  const std::vector<int> producers = graph_.producers();
  std::vector<bool> isOutput(graph_.values.size(), false);
  for (const ValueId output : graph_.outputs) isOutput[static_cast<std::size_t>(output)] = true;
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    const auto* concat = std::get_if<Concat>(&node->operation);
    if (concat == nullptr || !node->steps.empty()) continue;
    std::int64_t offset = 0;
    for (const ValueId input : node->inputs) {
      const auto at = static_cast<std::size_t>(input);
      const Value& value = graph_.value(input);
      const int producer = producers[at];
      const bool writes =
          producer >= 0 &&
          graph_.nodes[static_cast<std::size_t>(producer)].repeat == node->repeat &&
          writesAnywhere(graph_.nodes[static_cast<std::size_t>(producer)].operation) &&
          !isCarriedOn(input) && !isMerged(input);
      if (writes && !isOutput[at] && !partOf_[at]) {
        partOf_[at] = Part{node->output, offset, concat->axis};
        channelsLast_[at] = channelsLast(node->output);
      }
      offset += value.shape[static_cast<std::size_t>(concat->axis)];
    }
  }
}

void Lowering::addInputs() {
  for (const ValueId input : graph_.inputs) {
    const Value& value = graph_.value(input);
    const View made = addActivation(value.name, value.type, value.shape, false);
    plan_.block(made.block).port = true;
    plan_.block(made.block).raw = value.raw;
    setView(input, made);
    plan_.inputs.push_back({value.name, made, scaling(input), value.quantization.has_value()});
  }
}

plan::BlockId Lowering::addBlock(Block block) {
  plan_.blocks.push_back(std::move(block));
  return static_cast<plan::BlockId>(plan_.blocks.size() - 1);
}

plan::BlockId Lowering::addConstant(const std::string& name, std::int64_t bytes,
                                    Contents contents) {
  Block block;
  block.name = name;
  block.bytes = bytes;
  block.kind = Block::Kind::Weights;
  block.contents = std::move(contents);
  return addBlock(std::move(block));
}

View Lowering::addActivation(const std::string& name, DataType type, const Shape& shape,
                             bool lastChannels) {
  Block block;
  block.name = name;
  block.bytes = elementCount(shape) * byteSize(type);
  const plan::BlockId id = addBlock(std::move(block));
  return {id, 0, type, shape, denseStrides(shape, type, lastChannels)};
}

bool Lowering::hasView(ValueId value) const {
  return views_.at(static_cast<std::size_t>(value)).has_value();
}

bool Lowering::isOutput(ValueId value) const {
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), value) != graph_.outputs.end();
}

bool Lowering::mustWrite(ValueId value) const {
  return isOutput(value) || isCarriedOn(value) || isMerged(value) ||
         partOf_.at(static_cast<std::size_t>(value)).has_value();
}

void Lowering::setView(ValueId value, View view) {
  views_.at(static_cast<std::size_t>(value)) = std::move(view);
}

void Lowering::setSelection(ValueId value, Selection selection) {
  selections_.insert_or_assign(value, std::move(selection));
}

const Lowering::Selection* Lowering::selection(ValueId value) const {
  const auto found = selections_.find(value);
  return found == selections_.end() ? nullptr : &found->second;
}

View Lowering::view(ValueId id, bool lastChannels) {
  const Value& value = graph_.value(id);
  if (!value.constant) {
    ensure(hasView(id), "a value is read before it has a place");
    return fromHere(*views_[static_cast<std::size_t>(id)]);
  }
  const auto known = constants_.find({id, lastChannels});
  if (known != constants_.end()) return known->second;
  View made{kNoValue, 0, value.type, value.shape,
            denseStrides(value.shape, value.type, lastChannels)};
  const std::vector<int> order = physicalOrder(made);
  made.block = addConstant(value.name, elementCount(value.shape) * byteSize(value.type), [&] {
    return permuted(value.constant->materialize(value.type, value.shape), order);
  });
  if (value.constant->form) {
    plan::Encoding encoding = encodingOf(value);
    const auto inOrder = [&](const std::shared_ptr<const Tensor>& tensor) -> Contents {
      if (!tensor || !withValues()) return nullptr;
      return std::make_shared<const std::vector<std::byte>>(permuted(*tensor, order));
    };
    encoding.scales = inOrder(value.constant->scales);
    encoding.zeros = inOrder(value.constant->zeros);
    encode(made.block, std::move(encoding));
  }
  constants_[{id, lastChannels}] = made;
  return made;
}

/// A branch's condition is seen from before the branch.
void Lowering::enter(int repeat) {
  for (int inner = repeat; inner >= 0;) {
    const auto at = static_cast<std::size_t>(inner);
    const Repeat& branch = graph_.repeats[at];
    inner = branch.parent;
    if (branch.condition == kNoValue || plan_.repeats[at].condition) continue;
    repeat_ = branch.parent;
    plan_.repeats[at].condition = view(branch.condition);
    plan_.repeats[at].runsIf = branch.runsIf;
  }
  repeat_ = repeat;
}

View Lowering::outputView(const Node& node) {
  const ValueId id = node.output;
  const auto at = static_cast<std::size_t>(id);
  if (views_[at]) return *views_[at];
  if (const auto carried = nextOf_.find(id); carried != nextOf_.end()) {
    views_[at] = stateSlot(*views_[static_cast<std::size_t>(carried->second->output)], true);
    return *views_[at];
  }
  if (const auto merged = mergedInto_.find(id); merged != mergedInto_.end()) {
    views_[at] = outputView(*merged->second);
    return *views_[at];
  }
  const Value& value = graph_.value(id);
  if (partOf_[at]) {
    Node whole;
    whole.output = partOf_[at]->whole;
    View part = outputView(whole);
    part.offset += partOf_[at]->offset * part.strides[static_cast<std::size_t>(partOf_[at]->axis)];
    part.shape = value.shape;
    views_[at] = part;
  } else {
    views_[at] = addActivation(value.name, value.type, value.shape, channelsLast(id));
  }
  return *views_[at];
}

isa::Scaling Lowering::scaling(ValueId value) const {
  const auto& quantization = graph_.value(value).quantization;
  if (!quantization) return {};
  ensure(quantization->scales.size() == 1, "a per-channel tensor used as a whole");
  return {quantization->scales.front(), quantization->zeroPoint};
}

std::optional<float> Lowering::scalar(ValueId id) const {
  const Value& value = graph_.value(id);
  if (!value.constant || elementCount(value.shape) != 1) return std::nullopt;
  const double real = value.constant->materialize(value.type, value.shape).at(0);
  const auto narrow = static_cast<float>(real);
  constexpr double kExactIntegers = 0x1p53;  // at() may have rounded larger ones
  const bool exact = static_cast<double>(narrow) == real && std::abs(real) < kExactIntegers;
  if (isInteger(value.type) && !exact) return std::nullopt;
  if (value.type == DataType::Float64 && !exact && std::isfinite(real)) return std::nullopt;
  return narrow;
}

Operand Lowering::operand(const View& view, isa::Scaling scaling, const DimMap& map,
                          const std::vector<int>& layout, std::size_t taskDims) const {
  Operand result = operandAt(view, scaling);
  const int missing = static_cast<int>(map.size() - view.shape.size());
  for (const int logical : layout) {
    const int own = logical - missing;
    if (own < 0 || view.shape[static_cast<std::size_t>(own)] == 1) continue;
    result.axes.push_back(axisOf(taskDims, view.shape[static_cast<std::size_t>(own)],
                                 view.strides[static_cast<std::size_t>(own)],
                                 map[static_cast<std::size_t>(logical)]));
  }
  return result;
}

void Lowering::addTask(const Node& node, plan::Task task, const std::string& op,
                       const std::string& part) {
  task.layer = static_cast<int>(plan_.layers.size());
  task.repeat = repeat_;
  isa::Layer layer;
  layer.name = node.name + part;
  layer.op = op;
  layer.outputShape = graph_.value(node.output).shape;
  const bool first = worked_.insert(node.output).second;
  if (first) {
    layer.macs = macCount(graph_, node);
    layer.work = operatorWork(graph_, node);
  } else {
    layer.work.name = layer.name;
    layer.work.kind = OperatorWork::Kind::Movement;
  }
  plan_.layers.push_back(std::move(layer));
  plan_.tasks.push_back(std::move(task));
}

void Lowering::addOutputs() {
  for (const ValueId output : graph_.outputs) {
    const View place = view(output);
    plan_.block(place.block).port = true;
    const Value& value = graph_.value(output);
    plan_.outputs.push_back({value.name, place, scaling(output), value.quantization.has_value()});
  }
}

}  // namespace npusim::lowering
