#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/plan/plan.h"
#include "sim/config/chip_config.h"
#include "workloads/graph/graph.h"

namespace npusim::lowering {

/// Where one logical dimension of a tensor comes from: position = sum of coefficient x position
/// of a task dimension.
struct DimTerm {
  int dim = 0;
  std::int64_t coefficient = 1;
};
using DimMap = std::vector<std::vector<DimTerm>>;  ///< one entry a logical dimension

/// State of turning a graph into a plan: where every value lies, and the tasks so far. The
/// operator families add to it, one call a node.
class Lowering {
 public:
  Lowering(const Graph& graph, const ChipConfig& chip, DataType precision, bool values);

  const Graph& graph() const { return graph_; }
  const ChipConfig& chip() const { return chip_; }
  bool withValues() const { return plan_.values; }
  plan::Plan take() { return std::move(plan_); }
  /// The tasks so far.
  const std::vector<plan::Task>& tasks() const { return plan_.tasks; }

  /// Where a value lies. Constants get a block in weight memory on first use, in the layout of
  /// their shape's channels-last order when `channelsLast`.
  plan::View view(ValueId value, bool channelsLast = false);
  bool hasView(ValueId value) const;
  void setView(ValueId value, plan::View view);

  /// Elements of another place: index source[d][i] of it along a dimension, or i where source[d] is
  /// empty.
  struct Selection {
    plan::View from;
    std::vector<std::vector<std::int64_t>> source;
  };
  /// A value that is written nowhere: its readers find its elements where they are selected from.
  void setSelection(ValueId value, Selection selection);
  /// Null for a value that has a view.
  const Selection* selection(ValueId value) const;
  /// Indices of the nodes that read a value.
  const std::vector<int>& readers(ValueId value) const {
    return readers_.at(static_cast<std::size_t>(value));
  }

  /// The view a node's result is to be written to: part of a concatenation, or a block of its own.
  plan::View outputView(const Node& node);

  /// The loop that what is lowered now is in: views are as seen from there.
  void enter(int repeat);
  int repeat() const { return repeat_; }

  /// Is the value state of a loop for the next pass, to be written where that reads it?
  bool isCarriedOn(ValueId value) const { return nextOf_.contains(value); }
  /// Is the value what a branch hands to a Merge, to be written where that has its result?
  bool isMerged(ValueId value) const { return mergedInto_.contains(value); }
  /// One of the two places that a state has by turns: where a pass finds it, `view` of the Carried
  /// node, or (`next`) where it writes it.
  static plan::View stateSlot(const plan::View& state, bool next);
  /// How the slot in which a loop's first pass finds its state, or its last one leaves it, moves
  /// with the passes of a loop around that. The slots go by the passes since the outermost loop
  /// began (isa::LoopIndices::flat), so an odd number of passes turns them round; none: it stays.
  std::optional<plan::PassStride> aroundLoop(plan::PassStride pass) const;

  /// Must the value be written to a place of its own: a graph output or part of a concatenation?
  bool mustWrite(ValueId value) const;
  bool isOutput(ValueId value) const;

  /// Does the value's layout put channels innermost (N, spatial..., C)?
  bool channelsLast(ValueId value) const {
    return channelsLast_.at(static_cast<std::size_t>(value));
  }

  /// How a value's stored numbers stand for reals.
  isa::Scaling scaling(ValueId value) const;

  plan::BlockId addBlock(plan::Block block);
  plan::View addActivation(const std::string& name, DataType type, const Shape& shape,
                           bool lastChannels);
  /// A constant block and its contents, which are null without values.
  using Contents = std::shared_ptr<const std::vector<std::byte>>;
  plan::BlockId addConstant(const std::string& name, std::int64_t bytes, Contents contents);
  /// The same; `make` returns the bytes and is called only with values.
  template <std::invocable Make>
  plan::BlockId addConstant(const std::string& name, std::int64_t bytes, const Make& make) {
    const auto contents = [&] { return std::make_shared<const std::vector<std::byte>>(make()); };
    return addConstant(name, bytes, withValues() ? contents() : Contents());
  }

  /// Lets a constant block lie encoded in memory.
  void encode(plan::BlockId block, plan::Encoding encoding) {
    plan_.block(block).encoding = std::move(encoding);
  }

  /// A scalar constant's value, when the value is one.
  std::optional<float> scalar(ValueId value) const;

  /// An operand that reads `view` (a shape broadcast to the dimensions of `map`), axes listed in
  /// the order of `layout` (logical dimensions, innermost last).
  plan::Operand operand(const plan::View& view, isa::Scaling scaling, const DimMap& map,
                        const std::vector<int>& layout, std::size_t taskDims) const;

  /// A value as an operand of `node`, element by element, sees it.
  plan::View viewFor(const Node& node, ValueId value);
  /// Translates a node's steps, adding their tensor operands to the task, each once: as `seen`
  /// gives it, otherwise as viewFor().
  using Seen = std::function<plan::View(ValueId)>;
  std::vector<isa::VectorStep> steps(const Node& node, plan::Task& task, const DimMap& map,
                                     const std::vector<int>& layout, const Seen& seen = {});

  /// Appends a task as a layer of its own.
  /// A node that takes several tasks names each by `part`; the first carries the node's work.
  void addTask(const Node& node, plan::Task task, const std::string& op,
               const std::string& part = {});

  /// Makes every graph output a port. Call once, when all nodes are lowered.
  void addOutputs();

 private:
  void chooseLayouts();
  void aliasConcatenations();
  void addInputs();
  plan::View fromHere(plan::View view) const;

  const Graph& graph_;
  const ChipConfig& chip_;
  plan::Plan plan_;
  std::vector<std::optional<plan::View>> views_;
  std::map<ValueId, Selection> selections_;
  std::vector<std::vector<int>> readers_;
  std::map<std::pair<ValueId, bool>, plan::View> constants_;  ///< by channelsLast too
  std::vector<bool> channelsLast_;
  std::set<ValueId> worked_;  ///< nodes (by output) whose work a layer carries
  /// Values that are written straight into a part of a concatenation: (its output, offset in
  /// elements along its axis, axis).
  struct Part {
    ValueId whole;
    std::int64_t offset;
    int axis;
  };
  std::vector<std::optional<Part>> partOf_;
  std::map<ValueId, const Node*> nextOf_;      ///< the Carried node that goes on from a value
  std::map<ValueId, const Node*> mergedInto_;  ///< the Merge node that a branch writes it for
  int repeat_ = -1;
};

/// Conversions that the vector unit does by rounding, and networks by truncating (ONNX Cast): do a
/// node's steps leave reals that may not be whole for an output of plain integers?
bool leavesFractions(const Graph& graph, const Node& node);
/// Is the step a division of plain integers some of which are too narrow for the vector unit to
/// divide as integers (sim/vector/vector_unit.h)?
bool dividesAsReal(const Graph& graph, const Node& node, const ElementStep& step);

/// How a constant with a WeightForm is to lie in memory, but for its layout, scales and zeros.
plan::Encoding encodingOf(const Value& value);

/// Strides in bytes of a dense tensor; with `channelsLast` dimension 1 is innermost.
Shape denseStrides(const Shape& shape, DataType type, bool channelsLast);

/// Logical dimensions ordered by a view's strides, outermost first.
std::vector<int> physicalOrder(const plan::View& view);

/// Is the view dense row-major?
bool isRowMajor(const plan::View& view);

/// Bytes of a tensor rewritten with its dimensions in the given order, outermost first.
std::vector<std::byte> permuted(const Tensor& tensor, const std::vector<int>& order);

/// Drops what single-position dimensions cannot influence, and merges neighbouring dimensions
/// (given as pairs outer, inner) that every operand walks as one.
void simplify(plan::Task& task, const std::vector<std::pair<int, int>>& pairs);

}  // namespace npusim::lowering
