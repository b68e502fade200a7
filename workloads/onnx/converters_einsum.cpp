#include <algorithm>
#include <array>
#include <map>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// Labels of an operand's dimensions in order. '...' is a label each: digits, counted from the
/// last.
using Labels = std::string;

bool has(const Labels& labels, char label) { return labels.find(label) != Labels::npos; }

/// An equation that is one matrix product of at most two operands, with sums over labels of one
/// operand before it and transposes around it.
class Einsum {
 public:
  explicit Einsum(NodeContext& c) : c_(c), equation_(c.text("equation", "")) {
    std::string text = equation_;
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    std::string left = text.substr(0, arrow) + ",";
    for (std::size_t end = 0; (end = left.find(',')) != std::string::npos; left.erase(0, end + 1)) {
      const std::size_t i = operands_.size();
      if (i >= c.inputCount()) throw refused("names more operands than there are inputs");
      values_.push_back(c.input(i));
      operands_.push_back(labelsOf(left.substr(0, end), c.shape(values_[i]).size()));
      learn(i);
    }
    if (operands_.size() != c.inputCount()) throw refused("names fewer operands than inputs");
    result_ = arrow == std::string::npos ? implied() : expanded(text.substr(arrow + 2), ellipsis_);
  }

  void convert() {
    if (operands_.size() > 2) throw unsupported("of more than two operands");
    for (const Labels& labels : operands_) {
      for (const char label : labels) {
        if (std::count(labels.begin(), labels.end(), label) > 1) {
          throw unsupported("that takes a diagonal");
        }
      }
    }
    for (std::size_t i = 0; i < operands_.size(); ++i) sumAlone(i);
    if (operands_.size() == 2) multiply();
    std::string sorted = operands_[0], wanted = result_;
    std::sort(sorted.begin(), sorted.end());
    std::sort(wanted.begin(), wanted.end());
    if (sorted != wanted) throw refused("gives a label that no operand has");
    c_.output(0, ordered(values_[0], operands_[0], result_));
  }

 private:
  BadInput refused(const std::string& why) const {
    return BadInput("equation '" + equation_ + "' " + why);
  }
  NotPossible unsupported(const std::string& what) const {
    return NotPossible("equation '" + equation_ + "' " + what +
                       " is not supported, only one matrix product with sums and transposes");
  }

  Labels expanded(std::string text, std::size_t hidden) const {
    const std::size_t dots = text.find("...");
    if (dots == std::string::npos) return text;
    std::string labels;
    for (std::size_t i = hidden; i-- > 0;) labels += static_cast<char>('0' + i);
    return text.replace(dots, 3, labels);
  }

  Labels labelsOf(const std::string& text, std::size_t rank) {
    const bool dotted = text.find("...") != std::string::npos;
    const std::size_t named = text.size() - (dotted ? 3 : 0);
    if (named > rank || rank - named > 9 || (!dotted && named != rank)) {
      throw refused("names another number of dimensions than an input has");
    }
    ellipsis_ = std::max(ellipsis_, rank - named);
    return expanded(text, rank - named);
  }

  void learn(std::size_t i) {
    for (std::size_t d = 0; d < operands_[i].size(); ++d) {
      const std::int64_t extent = c_.shape(values_[i])[d];
      const auto [known, fresh] = extents_.emplace(operands_[i][d], extent);
      if (fresh || known->second == extent) continue;
      if (known->second == 1 || extent == 1) throw unsupported("that broadcasts a dimension");
      throw refused("has label '" + std::string(1, operands_[i][d]) + "' for two sizes");
    }
  }

  /// Without an arrow: the labels that occur once, in alphabetical order.
  Labels implied() const {
    std::string all, labels;
    for (const Labels& operand : operands_) all += operand;
    for (const auto& [label, extent] : extents_) {
      const bool hidden = label >= '0' && label <= '9';
      if (!hidden && std::count(all.begin(), all.end(), label) == 1) labels += label;
    }
    return expanded("...", ellipsis_) + labels;
  }

  /// Sums an operand over the labels that nothing else has.
  void sumAlone(std::size_t i) {
    Reduce op{ReduceOp::Sum, {}, false};
    Labels left;
    for (std::size_t d = 0; d < operands_[i].size(); ++d) {
      const char label = operands_[i][d];
      const bool shared = operands_.size() == 2 && has(operands_[1 - i], label);
      if (shared || has(result_, label)) {
        left += label;
      } else {
        op.axes.push_back(static_cast<int>(d));
      }
    }
    if (op.axes.empty()) return;
    values_[i] = c_.emit(std::move(op), {values_[i]});
    operands_[i] = left;
  }

  ValueId ordered(ValueId x, const Labels& from, const Labels& to) {
    if (from == to) return x;
    Transpose op;
    for (const char label : to) op.permutation.push_back(static_cast<int>(from.find(label)));
    return c_.emit(std::move(op), {x});
  }

  Shape extentsOf(const Labels& labels) const {
    Shape shape;
    for (const char label : labels) shape.push_back(extents_.at(label));
    return shape;
  }

  /// The two operands' product [batch..., rows..., columns...] becomes the only operand.
  void multiply() {
    Labels batch, rows, columns, inner;
    for (const char label : operands_[0]) {
      const bool shared = has(operands_[1], label);
      (!shared ? rows : has(result_, label) ? batch : inner) += label;
    }
    for (const char label : operands_[1]) {
      if (!has(operands_[0], label)) columns += label;
    }
    const auto matrix = [&](std::size_t i, const Labels& first, const Labels& second) {
      Shape shape = extentsOf(batch);
      shape.push_back(elementCount(extentsOf(first)));
      shape.push_back(elementCount(extentsOf(second)));
      return reshapeTo(c_, ordered(values_[i], operands_[i], batch + first + second), shape);
    };
    const ValueId product =
        c_.emit(MatMul{}, {matrix(0, rows, inner), matrix(1, inner, columns), kNoValue});
    operands_ = {batch + rows + columns};
    values_ = {reshapeTo(c_, product, extentsOf(operands_[0]))};
  }

  NodeContext& c_;
  std::string equation_;
  std::vector<Labels> operands_;
  std::vector<ValueId> values_;
  Labels result_;
  std::size_t ellipsis_ = 0;  ///< most dimensions that '...' stands for
  std::map<char, std::int64_t> extents_;
};

void convertEinsum(NodeContext& c) { Einsum(c).convert(); }

constexpr std::array kConverters = {Converter{"Einsum", convertEinsum}};

}  // namespace

std::span<const Converter> einsumConverters() { return kConverters; }

}  // namespace npusim::onnx_import
