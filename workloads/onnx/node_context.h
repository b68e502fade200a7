#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/onnx/builder.h"
#include "workloads/onnx/model.h"

namespace npusim::onnx_import {

/// One ONNX node as its converter sees it: inputs, attributes, and the graph to write to. Every
/// method throws BadInput or NotPossible without the node's name; the importer adds it.
class NodeContext {
 public:
  /// Converts a node's body into the graph; the values of its outputs.
  using BodyConverter = std::function<std::vector<ValueId>(OnnxGraph&)>;

  NodeContext(const OnnxNode& node, int opset, std::string name, GraphBuilder& builder,
              BodyConverter convertBody);

  int opset() const { return opset_; }
  std::string_view op() const { return node_.op; }

  // --- Inputs ---
  std::size_t inputCount() const { return node_.inputs.size(); }
  bool hasInput(std::size_t index) const;
  ValueId input(std::size_t index);
  /// kNoValue when the input is left out.
  ValueId optionalInput(std::size_t index);
  Shape shape(ValueId id) const { return builder_.graph().value(id).shape; }
  DataType type(ValueId id) const { return builder_.graph().value(id).type; }
  bool isConstant(ValueId id) const { return builder_.graph().isConstant(id); }
  /// The elements of a value; throws NotPossible saying that `what` must be constant.
  Tensor constantValue(ValueId id, const char* what) const;
  /// A constant list (or scalar) of integers.
  std::vector<std::int64_t> integers(std::size_t index, const char* what);
  /// A constant with one element.
  double scalar(std::size_t index, const char* what);

  // --- Attributes: a missing one gives `otherwise`, one of another type throws. ---
  bool hasAttribute(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t otherwise);
  float real(std::string_view name, float otherwise);
  std::string text(std::string_view name, const std::string& otherwise);
  std::vector<std::int64_t> integers(std::string_view name,
                                     const std::vector<std::int64_t>& otherwise);
  std::vector<float> reals(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  std::optional<Tensor> tensor(std::string_view name);
  /// A body; throws BadInput when there is none.
  OnnxGraph& body(std::string_view name);
  /// Throws BadInput when the node has an attribute that no call above has asked for and that is
  /// not in `ignored` (names separated by spaces).
  void finishAttributes(std::string_view ignored) const;

  // --- Results ---
  ValueId emit(Operation operation, std::vector<ValueId> inputs,
               std::vector<ElementStep> steps = {}, std::optional<DataType> type = {});
  /// One unary step on a value.
  ValueId emitStep(ElementStep step, ValueId x);
  std::vector<ValueId> convertBody(OnnxGraph& body) { return convertBody_(body); }
  /// A branch around what is emitted until endRepeat(); see GraphBuilder.
  void beginBranch(std::string_view what, ValueId condition, bool runsIf);
  GraphBuilder::Mark mark() const { return builder_.mark(); }
  void rollBack(const GraphBuilder::Mark& mark) { builder_.rollBack(mark); }
  std::optional<Tensor> offered(ValueId id) { return builder_.offered(id); }
  void always(ValueId condition, bool runsIf) { builder_.always(condition, runsIf); }
  /// A loop around what is emitted until endRepeat(), and its state; see GraphBuilder.
  void beginRepeat(std::int64_t passes) { builder_.beginRepeat(name_, passes); }
  void endRepeat() { builder_.endRepeat(); }
  ValueId emitCarried(ValueId initial);
  void carryOn(ValueId carried, ValueId next) { builder_.carryOn(carried, next); }
  ValueId constant(std::string_view what, Tensor tensor);
  /// fp32 weights that came encoded.
  ValueId constant(std::string_view what, Constant weights);
  ValueId splat(std::string_view what, DataType type, Shape shape, double value);
  std::size_t outputCount() const { return node_.outputs.size(); }
  bool hasOutput(std::size_t index) const;
  /// Declares what output `index` is. Values made for this node take the output's name.
  void output(std::size_t index, ValueId id);
  /// To be called last: every node made here takes the operator's name, and outputs that were not
  /// declared are refused should anyone read them.
  void finish();

 private:
  template <typename T>
  const T* find(std::string_view name, const char* kind);

  const OnnxNode& node_;
  int opset_;
  std::string name_;
  GraphBuilder& builder_;
  BodyConverter convertBody_;
  std::size_t firstNewNode_;
  std::set<ValueId> unnamed_;  ///< made here, and no output yet
  std::set<std::string, std::less<>> asked_;
};

/// `axis` counted from the end when negative; throws BadInput when it is not below `rank`.
int normalizeAxis(std::int64_t axis, std::size_t rank);
std::vector<int> normalizeAxes(const std::vector<std::int64_t>& axes, std::size_t rank);

}  // namespace npusim::onnx_import
