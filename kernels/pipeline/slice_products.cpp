#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>

#include "kernels/pipeline/passes.h"
#include "sim/core/rounding.h"
#include "sim/laws/loop_groups.h"

namespace npusim::passes {
namespace {

/// Columns [first, first + count) of a product's result.
struct Columns {
  std::int64_t first = 0, count = 0;
};

std::shared_ptr<const Tensor> sliced(const std::shared_ptr<const Tensor>& whole, std::size_t axis,
                                     Columns columns) {
  if (whole == nullptr) return nullptr;
  Shape shape = whole->shape();
  const std::int64_t inner =
      std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end(),
                      byteSize(whole->type()), std::multiplies<>());
  const std::int64_t from = shape[axis] * inner;
  shape[axis] = columns.count;
  const std::int64_t run = columns.count * inner;
  auto part = std::make_shared<Tensor>(whole->type(), shape);
  const std::int64_t runs = run == 0 ? 0 : static_cast<std::int64_t>(part->bytes().size()) / run;
  for (std::int64_t i = 0; i < runs; ++i) {
    std::memcpy(part->bytes().data() + i * run,
                whole->bytes().data() + i * from + columns.first * inner,
                static_cast<std::size_t>(run));
  }
  return part;
}

/// A constant called `name`, without those of dimension `axis` that are not among the columns.
Value sliced(const Value& whole, const std::string& name, std::size_t axis, Columns columns) {
  Value part = whole;
  part.name = name;
  part.shape[axis] = columns.count;
  for (auto tensor : {&Constant::dense, &Constant::scales, &Constant::zeros}) {
    auto& held = (*part.constant).*tensor;
    held = sliced(held, axis, columns);
  }
  if (part.constant->seed) *part.constant->seed += static_cast<std::uint64_t>(columns.first);
  if (part.quantization && part.quantization->scales.size() > 1) {
    auto& scales = part.quantization->scales;
    const auto first = scales.begin() + static_cast<std::ptrdiff_t>(columns.first);
    scales = {first, first + static_cast<std::ptrdiff_t>(columns.count)};
  }
  return part;
}

/// The columns that a node takes of its input, if it takes nothing but a run of those.
std::optional<Columns> columnsOf(const Graph& graph, const Node& node) {
  const auto* remap = std::get_if<Remap>(&node.operation);
  if (remap == nullptr || !node.steps.empty() || remap->source.empty()) return std::nullopt;
  for (std::size_t d = 0; d + 1 < remap->source.size(); ++d) {
    if (!remap->source[d].empty()) return std::nullopt;
  }
  const std::vector<std::int64_t>& source = remap->source.back();
  if (source.empty() || source.front() < 0) return std::nullopt;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != source.front() + static_cast<std::int64_t>(i)) return std::nullopt;
  }
  const std::int64_t all = graph.value(node.inputs.front()).shape.back();
  const auto count = static_cast<std::int64_t>(source.size());
  return source.back() < all ? std::optional(Columns{source.front(), count}) : std::nullopt;
}

class Slicer {
 public:
  /// `lanes`: columns of a product that the array takes at once.
  Slicer(Graph& graph, std::int64_t lanes)
      : graph_(graph), lanes_(lanes), consumers_(graph.consumers()) {}

  bool run() {
    const std::vector<Node> before = graph_.nodes;
    for (const Node& node : before) {
      if (std::holds_alternative<MatMul>(node.operation) && isSliceable(node)) {
        for (const int reader : readersOf(node.output)) productOf_[reader] = &node;
      }
    }
    if (productOf_.empty()) return false;
    std::vector<Node> nodes;
    for (std::size_t n = 0; n < before.size(); ++n) {
      const auto whole = productOf_.find(static_cast<int>(n));
      if (whole == productOf_.end()) {
        nodes.push_back(before[n]);
      } else {
        addPart(*whole->second, before[n], nodes);
      }
    }
    graph_.nodes = std::move(nodes);
    graph_.removeDead();
    return true;
  }

 private:
  const std::vector<int>& readersOf(ValueId id) const {
    return consumers_[static_cast<std::size_t>(id)];
  }
  const Node& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }
  bool isOutput(ValueId id) const {
    return std::ranges::find(graph_.outputs, id) != graph_.outputs.end();
  }

  /// Of constant weights and in reals, read in parts that are all of it together and take no more
  /// folds of the array than the whole, and each of which goes on through arithmetic of its own.
  bool isSliceable(const Node& product) const {
    const Value& weights = graph_.value(product.inputs[1]);
    const Value& result = graph_.value(product.output);
    constexpr std::size_t kInputs = 3;
    const bool plain = weights.constant && weights.shape.size() == 2 && !product.mapping &&
                       !hasZeroPoints(graph_, product) && isFloat(result.type) &&
                       !result.shape.empty() && !isOutput(product.output);
    const bool biased = product.inputs.size() >= kInputs && product.inputs[2] != kNoValue;
    if (!plain || (biased && !graph_.isConstant(product.inputs[2]))) return false;
    std::map<std::int64_t, std::int64_t> parts;  // how many columns from which on
    std::int64_t folds = 0;
    for (const int reader : readersOf(product.output)) {
      const std::optional<Columns> columns = columnsOf(graph_, node(reader));
      if (!columns || node(reader).repeat != product.repeat || !goesOn(node(reader))) return false;
      if (!parts.emplace(columns->first, columns->count).second) return false;
      folds += ceilDiv(columns->count, lanes_);
    }
    std::int64_t covered = 0;
    for (const auto& [first, count] : parts) covered = first == covered ? first + count : -1;
    return covered == result.shape.back() && folds <= ceilDiv(covered, lanes_);
  }

  /// Is what the node gives read by one elementwise node, which can follow the product?
  bool goesOn(const Node& part) const {
    const std::vector<int>& readers = readersOf(part.output);
    return readers.size() == 1 && !isOutput(part.output) &&
           std::holds_alternative<Elementwise>(node(readers.front()).operation) &&
           node(readers.front()).repeat == part.repeat;
  }

  /// The product of the columns that `reader` took.
  void addPart(const Node& whole, const Node& reader, std::vector<Node>& nodes) {
    const Columns columns = *columnsOf(graph_, reader);
    Node part = whole;
    part.name += ".columns" + std::to_string(columns.first);
    part.output = reader.output;
    const std::size_t axis = std::get<MatMul>(whole.operation).transposeB ? 0 : 1;
    const auto constant = [&](std::size_t input, std::size_t dim) {
      return graph_.addValue(sliced(graph_.value(part.inputs[input]),
                                    part.name + ".input" + std::to_string(input), dim, columns));
    };
    part.inputs[1] = constant(1, axis);
    const std::int64_t all = graph_.value(whole.output).shape.back();
    for (std::size_t i = 2; i < part.inputs.size(); ++i) {
      const ValueId id = part.inputs[i];
      if (id == kNoValue) continue;
      const Shape& shape = graph_.value(id).shape;
      if (shape.empty() || shape.back() != all || all == columns.count) continue;
      part.inputs[i] = graph_.isConstant(id) ? constant(i, shape.size() - 1)
                                             : addOperand(part, i, reader, columns, nodes);
    }
    nodes.push_back(std::move(part));
  }

  /// The columns of an operand that the product's steps read.
  ValueId addOperand(const Node& part, std::size_t input, const Node& reader, Columns columns,
                     std::vector<Node>& nodes) {
    const Value& whole = graph_.value(part.inputs[input]);
    Node taken;
    taken.name = part.name + ".operand" + std::to_string(input);
    taken.opName = reader.opName;
    taken.repeat = part.repeat;
    taken.inputs = {part.inputs[input]};
    Remap remap;
    remap.source.resize(whole.shape.size());
    remap.source.back().resize(static_cast<std::size_t>(columns.count));
    std::iota(remap.source.back().begin(), remap.source.back().end(), columns.first);
    taken.operation = std::move(remap);
    Value value{taken.name, whole.type, whole.shape, std::nullopt, whole.quantization};
    value.shape.back() = columns.count;
    taken.output = graph_.addValue(std::move(value));
    nodes.push_back(std::move(taken));
    return nodes.back().output;
  }

  Graph& graph_;
  std::int64_t lanes_;
  std::vector<std::vector<int>> consumers_;
  std::map<int, const Node*> productOf_;  ///< of a part's reader
};

}  // namespace

bool sliceProducts(Graph& graph, const ChipConfig& chip) {
  const Dataflow& dataflow = chip.array.dataflow;
  const bool onRows = !dataflow.rows.empty() && groupOf(dataflow.rows.front()) == kN;
  return Slicer(graph, onRows ? chip.array.rows : chip.array.cols).run();
}

}  // namespace npusim::passes
