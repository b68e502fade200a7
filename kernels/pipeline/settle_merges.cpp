#include <algorithm>
#include <set>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

constexpr std::size_t kThen = 1, kElse = 2;  ///< inputs of a Merge

bool isMerge(const Node& node) { return std::holds_alternative<Merge>(node.operation); }

/// Does the operation write its result wherever that is to lie? The others see it elsewhere.
bool writesResult(const Operation& operation) {
  return !std::holds_alternative<Reshape>(operation) &&
         !std::holds_alternative<Transpose>(operation) &&
         !std::holds_alternative<Carried>(operation);
}

class Settler {
 public:
  explicit Settler(Graph& graph) : graph_(graph), producers_(graph.producers()) {
    needed_.insert(graph.outputs.begin(), graph.outputs.end());
    for (const Node& node : graph.nodes) {
      names_.insert(node.name);
      if (std::holds_alternative<Carried>(node.operation)) needed_.insert(node.inputs[1]);
      if (isMerge(node)) merged_.insert(node.inputs.begin() + kThen, node.inputs.end());
    }
  }

  void run() {
    for (std::size_t first = 0; first < graph_.nodes.size();) {
      const std::size_t last = endOfGroup(first);
      for (const std::size_t branch : {kThen, kElse}) copyFor(first, last, branch);
      for (; first < last; ++first) nodes_.push_back(graph_.nodes[first]);
    }
    graph_.nodes = std::move(nodes_);
  }

 private:
  /// Merges that follow one another on one condition, none of which reads another; or one node.
  std::size_t endOfGroup(std::size_t first) const {
    const Node& head = graph_.nodes[first];
    std::size_t last = first + 1;
    std::set<ValueId> results = {head.output};
    for (; isMerge(head) && last < graph_.nodes.size(); ++last) {
      const Node& next = graph_.nodes[last];
      const bool alike = isMerge(next) && next.inputs[0] == head.inputs[0] &&
                         next.repeat == head.repeat && !results.contains(next.inputs[kThen]) &&
                         !results.contains(next.inputs[kElse]);
      if (!alike) break;
      results.insert(next.output);
    }
    return last;
  }

  void copyFor(std::size_t first, std::size_t last, std::size_t branch) {
    int made = -1;
    for (std::size_t n = first; n < last; ++n) {
      Node& merge = graph_.nodes[n];
      if (!isMerge(merge) || isWrittenFor(merge, branch)) continue;
      if (made < 0) made = addBranch(merge, branch);
      merge.inputs[branch] = addCopy(merge, branch, made);
    }
  }

  /// Is the input written in the branch that the Merge is about, for nothing else to be kept?
  bool isWrittenFor(const Node& merge, std::size_t branch) const {
    const ValueId id = merge.inputs[branch];
    const int producer = producers_[static_cast<std::size_t>(id)];
    if (producer < 0 || graph_.isConstant(id) || needed_.contains(id) || merged_.count(id) > 1) {
      return false;
    }
    const Node& writer = graph_.nodes[static_cast<std::size_t>(producer)];
    int outermost = -1;
    for (int r = writer.repeat; r >= 0 && r != merge.repeat;) {
      outermost = r;
      r = graph_.repeats[static_cast<std::size_t>(r)].parent;
    }
    if (outermost < 0 || !writesResult(writer.operation)) return false;
    const Repeat& repeat = graph_.repeats[static_cast<std::size_t>(outermost)];
    return repeat.parent == merge.repeat && repeat.condition == merge.inputs[0] &&
           repeat.runsIf == (branch == kThen);
  }

  int addBranch(const Node& merge, std::size_t branch) {
    graph_.repeats.push_back(
        {merge.name + suffix(branch), 1, merge.repeat, merge.inputs[0], branch == kThen});
    return static_cast<int>(graph_.repeats.size()) - 1;
  }

  ValueId addCopy(const Node& merge, std::size_t branch, int repeat) {
    Node copy;
    copy.name = merge.name + suffix(branch);
    while (!names_.insert(copy.name).second) copy.name += "'";
    copy.opName = merge.opName;
    copy.operation = Elementwise{};
    copy.inputs = {merge.inputs[branch]};
    copy.repeat = repeat;
    Value value = graph_.value(merge.output);
    value.name = copy.name;
    value.constant.reset();
    copy.output = graph_.addValue(std::move(value));
    const ValueId result = copy.output;
    nodes_.push_back(std::move(copy));
    return result;
  }

  static const char* suffix(std::size_t branch) { return branch == kThen ? "/then" : "/else"; }

  Graph& graph_;
  const std::vector<int> producers_;
  std::set<ValueId> needed_;       ///< where they are written
  std::multiset<ValueId> merged_;  ///< inputs of Merges
  std::set<std::string> names_;
  std::vector<Node> nodes_;
};

}  // namespace

void settleMerges(Graph& graph) {
  if (std::any_of(graph.nodes.begin(), graph.nodes.end(), isMerge)) Settler(graph).run();
}

}  // namespace npusim::passes
