#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "workloads/graph/graph.h"
#include "workloads/onnx/folding.h"
#include "workloads/onnx/model.h"

namespace npusim::onnx_import {

/// The canonical graph while it grows: folds constants, keeps names unique, and knows which value
/// each ONNX name stands for.
class GraphBuilder {
 public:
  /// Takes the graph's initialisers, which become constants when first used.
  explicit GraphBuilder(OnnxGraph& graph);

  /// Names bound from here to closeScope() are those of a node's body, which ends there.
  void openScope(OnnxGraph& body);
  void closeScope() { scopes_.pop_back(); }

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }

  /// Adds a node called `hint` (made unique), or its folded result. `type` overrides the output's
  /// type. Throws BadInput (without node name) when shapes do not fit or are absurd.
  ValueId emit(const std::string& hint, Operation operation, std::vector<ValueId> inputs,
               std::vector<ElementStep> steps, std::optional<DataType> type);
  /// What is emitted until endRepeat() is in a loop of so many passes, inside those open already.
  void beginRepeat(const std::string& hint, std::int64_t passes);
  /// Likewise in a branch, which runs if `condition` (one element) is `runsIf`.
  void beginBranch(const std::string& hint, ValueId condition, bool runsIf);
  void endRepeat();
  /// Where bodies and loops stand; rollBack() leaves those that were opened since. What was emitted
  /// in them reaches no output and goes with removeDead().
  struct Mark {
    std::size_t scopes = 0;
    int repeat = -1;
  };
  Mark mark() const { return {scopes_.size(), repeat_}; }
  void rollBack(const Mark& mark);
  /// What a value will be, by what was offered for the inputs that it follows from: these become
  /// constants then. Empty where that does not tell.
  std::optional<Tensor> offered(ValueId id);
  /// The branches on a condition that run if it is `runsIf` always run.
  void always(ValueId condition, bool runsIf);
  /// State of the innermost loop, to be emitted before all else in it: `initial`, then what
  /// carryOn() says.
  ValueId emitCarried(const std::string& hint, ValueId initial);
  void carryOn(ValueId carried, ValueId next);

  ValueId addConstant(const std::string& hint, Tensor tensor);
  ValueId addSplat(const std::string& hint, DataType type, Shape shape, double value);
  /// An input; one without elements is known already, and so a constant.
  ValueId addInput(const std::string& name, DataType type, Shape shape);
  /// What an input will be; see OnnxOptions::offeredInputs.
  void offer(const std::string& name, const Tensor& tensor) { offers_.emplace(name, tensor); }
  /// Makes an input constant that has been offered; leaves any other value as it is.
  void settle(ValueId id);

  /// The value of an ONNX name; throws BadInput when nothing before has written it and NotPossible
  /// when it is an output that was refused.
  ValueId lookup(const std::string& name);
  /// Lets an ONNX name stand for a value; throws BadInput when it does already.
  void bind(const std::string& name, ValueId id);
  /// Whether bind() or refuse() has met the name.
  bool isKnown(const std::string& name) const;
  /// Marks an ONNX name as an output that is not supported, should anyone read it.
  void refuse(const std::string& name, const std::string& reason);

  /// Gives a value that emit() or add...() just made, and the node that writes it, a name of the
  /// network's own; numbered where bodies of nodes have it too.
  void rename(ValueId id, const std::string& valueName, const std::string& nodeName);
  /// Declares a graph output; copies where another input, output or constant stands for it.
  void addOutput(const std::string& name);
  std::string uniqueName(const std::string& hint);

 private:
  /// ONNX names of a graph or body.
  struct Scope {
    std::unordered_map<std::string, Tensor>* initializers = nullptr;
    std::unordered_map<std::string, ValueId> bound;
    std::unordered_map<std::string, std::string> refused;
    bool knows(const std::string& name) const {
      return bound.contains(name) || refused.contains(name);
    }
  };

  bool isPlain(ValueId id) const;
  std::unordered_set<ValueId> ancestors(ValueId id) const;
  void settleAs(ValueId id, Tensor tensor);
  void requireNew(const std::string& name) const;
  void openRepeat(Repeat repeat);
  /// Throws NotPossible when Remaps hold more indices than any sound model needs.
  void countIndices(const Node& node);

  Graph graph_;
  FoldBudget budget_;
  std::size_t indices_ = 0;  ///< that all Remaps hold
  int repeat_ = -1;          ///< the innermost open loop
  std::unordered_map<std::string, Tensor> offers_;
  std::vector<ValueId> inputs_;  ///< all that were added, in order
  std::vector<Scope> scopes_;    ///< innermost last
  std::unordered_set<std::string> taken_;
  /// By name: all from NAME.2 to NAME.number are taken.
  std::unordered_map<std::string, int> numbers_;
};

}  // namespace npusim::onnx_import
