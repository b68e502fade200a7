#include "kernels/pipeline/recognize_reader.h"

#include <algorithm>
#include <utility>

namespace npusim::passes {
namespace {

constexpr std::size_t kMostNodes = 24;  ///< of a form, from its result back to what it is of

/// The number that a constant of one element holds.
std::optional<double> numberOf(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (!value.constant || elementCount(value.shape) != 1) return std::nullopt;
  return value.constant->materialize(value.type, value.shape).at(0);
}

bool isMean(const Node& node) {
  const auto* reduce = std::get_if<Reduce>(&node.operation);
  return reduce != nullptr && reduce->kind == ReduceOp::Mean;
}

/// A shape with the dimensions of a mean as 1.
Shape keptShape(Shape shape, const std::vector<int>& axes) {
  for (const int axis : axes) shape[static_cast<std::size_t>(axis)] = 1;
  return shape;
}

}  // namespace

FormReader::FormReader(const Graph& graph, const std::vector<int>& producers,
                       const std::vector<std::vector<int>>& consumers, int root)
    : graph_(graph), producers_(producers), consumers_(consumers), root_(root) {
  std::vector<int> cone{root};
  std::map<ValueId, int> reads;
  std::vector<ValueId> order;
  for (std::size_t i = 0; i < cone.size() && cone.size() <= kMostNodes; ++i) {
    for (const ValueId input : node(cone[i]).inputs) {
      if (input == kNoValue || graph.isConstant(input)) continue;
      if (++reads[input] == 1) order.push_back(input);
      const int from = producer(input);
      if (from < 0 || !isPart(from) || std::ranges::find(cone, from) != cone.end()) continue;
      cone.push_back(from);
    }
  }
  const Value& result = graph.value(node(root).output);
  for (const ValueId id : order) {
    const Value& value = graph.value(id);
    if (reads[id] > 1 && value.shape == result.shape && value.type == result.type) {
      candidates_.push_back(id);
    }
  }
}

bool FormReader::isPart(int index) const {
  const Node& part = node(index);
  if (part.repeat != node(root_).repeat || part.inputs.front() == kNoValue) return false;
  const DataType type = graph_.value(part.output).type;
  if (!isFloat(type) || type == DataType::Float64) return false;
  if (graph_.value(part.inputs.front()).type != type) return false;
  return std::holds_alternative<Elementwise>(part.operation) || isMean(part) ||
         std::holds_alternative<Reshape>(part.operation);
}

/// One reading, of one x.
class FormReader::Reading {
 public:
  Reading(const FormReader& reader, Algebra& algebra, ValueId x)
      : reader_(reader), graph_(reader.graph_), algebra_(algebra), x_(x) {}

  std::optional<Expression> whole() {
    const ValueId output = reader_.node(reader_.root_).output;
    Expression result = read(output);
    const bool known = !parts_.empty() && !algebra_.overflowed();
    return known && std::ranges::all_of(parts_, [&](int part) { return isInside(part); })
               ? std::optional(std::move(result))
               : std::nullopt;
  }

 private:
  /// Every value once, and no deeper than a form is.
  Expression read(ValueId id) {
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    Expression result = look(id);
    known_.emplace(id, result);
    return result;
  }

  Expression look(ValueId id) {
    if (id == x_) return algebra_.value(id);
    if (const std::optional<double> number = numberOf(graph_, id)) return algebra_.number(*number);
    const int from = reader_.producer(id);
    if (from < 0 || !reader_.isPart(from)) return algebra_.value(id);
    if (parts_.size() >= kMostNodes) algebra_.overflow();
    if (algebra_.overflowed()) return algebra_.value(id);
    parts_.insert(from);
    std::optional<Expression> result = operation(reader_.node(from));
    for (const ElementStep& step : reader_.node(from).steps) {
      if (result) result = after(*result, reader_.node(from), step);
    }
    return result ? *result : algebra_.value(id);
  }

  std::optional<Expression> operation(const Node& node) {
    const ValueId input = node.inputs.front();
    if (std::holds_alternative<Elementwise>(node.operation)) return read(input);
    if (isMean(node)) return meanOf(node, graph_.value(node.output).shape);
    // A mean without the dimensions that it was taken over gets them back.
    const int from = reader_.producer(input);
    if (from < 0 || !reader_.isPart(from) || !isMean(reader_.node(from))) return std::nullopt;
    parts_.insert(from);
    return meanOf(reader_.node(from), graph_.value(node.output).shape);
  }

  /// The mean of all of x's shape, where it is read in `shape`.
  std::optional<Expression> meanOf(const Node& node, const Shape& shape) {
    const auto& axes = std::get<Reduce>(node.operation).axes;
    const Shape& from = graph_.value(node.inputs.front()).shape;
    if (!node.steps.empty() || from != graph_.value(x_).shape || shape != keptShape(from, axes)) {
      return std::nullopt;
    }
    std::vector<int> fromLast;
    for (const int axis : axes) fromLast.push_back(static_cast<int>(from.size()) - axis);
    std::ranges::sort(fromLast);
    return algebra_.mean(std::move(fromLast), read(node.inputs.front()));
  }

  std::optional<Expression> after(const Expression& x, const Node& node, const ElementStep& step) {
    if (step.op == ElementOp::Square) return x.power(2);
    if (step.op == ElementOp::Sqrt) return x.power(0.5);
    if (step.op == ElementOp::Reciprocal) return x.power(-1);
    if (step.op == ElementOp::Neg) return x * -1;
    if (step.operand < 0) return algebra_.function(step, x);
    const ValueId operand = node.inputs[static_cast<std::size_t>(step.operand)];
    const Expression y = read(operand);
    const auto [a, b] = step.reversed ? std::pair(y, x) : std::pair(x, y);
    switch (step.op) {
      case ElementOp::Add:
        return a + b;
      case ElementOp::Sub:
        return a - b;
      case ElementOp::Mul:
        return a * b;
      case ElementOp::Div:
        return a / b;
      default:
        break;
    }
    const std::optional<double> exponent = numberOf(graph_, operand);
    if (step.op != ElementOp::Pow || step.reversed || !exponent) return std::nullopt;
    return x.power(*exponent);
  }

  /// Is the part's result read inside the form alone?
  bool isInside(int part) const {
    if (part == reader_.root_) return true;
    const ValueId result = reader_.node(part).output;
    if (std::ranges::find(graph_.outputs, result) != graph_.outputs.end()) return false;
    return std::ranges::all_of(reader_.consumers_[static_cast<std::size_t>(result)],
                               [&](int reader) { return parts_.contains(reader); });
  }

  const FormReader& reader_;
  const Graph& graph_;
  Algebra& algebra_;
  ValueId x_;
  std::set<int> parts_;  ///< nodes that were looked into
  std::map<ValueId, Expression> known_;
};

std::optional<Expression> FormReader::read(Algebra& algebra, ValueId x) const {
  return Reading(*this, algebra, x).whole();
}

}  // namespace npusim::passes
