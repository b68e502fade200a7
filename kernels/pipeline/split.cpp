#include "kernels/pipeline/split.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/core/error.h"

namespace npusim {
namespace {

/// Nodes [first, last) that stay together.
struct Unit {
  std::size_t first = 0, last = 0;
  bool onChip = true;
  bool named = false;  ///< holds a node that the chip cannot run
  bool done = false;
};

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

/// Values that a node reads: its inputs that are no constants, and the conditions around it.
std::vector<ValueId> readsOf(const Graph& graph, const Node& node) {
  std::vector<ValueId> reads = node.inputs;
  for (int loop = node.repeat; loop >= 0;) {
    const Repeat& repeat = graph.repeats[static_cast<std::size_t>(loop)];
    reads.push_back(repeat.condition);
    loop = repeat.parent;
  }
  std::erase_if(reads, [&](ValueId id) { return id == kNoValue || graph.isConstant(id); });
  return reads;
}

class Splitter {
 public:
  Splitter(const Graph& graph, const std::set<std::string>& offChip)
      : graph_(graph), producers_(graph.producers()) {
    for (std::size_t first = 0; first < graph.nodes.size();) {
      const int loop = outermost(graph.nodes[first].repeat);
      const std::size_t last = loop < 0 ? first + 1 : graph.endOf(loop, first);
      addUnit(first, last);
      first = last;
    }
    chooseMachines(offChip);
    followReaders();
  }

  /// The nodes of each part, in the order of the parts.
  std::vector<std::pair<bool, std::vector<std::size_t>>> parts() {
    std::vector<std::pair<bool, std::vector<std::size_t>>> parts;
    std::size_t left = units_.size();
    int idle = 0;  // turns without work
    for (bool onChip = true; left > 0; onChip = !onChip) {
      std::vector<std::size_t> nodes;
      // In the order of the network one sweep finds all that is ready.
      for (Unit& unit : units_) {
        if (unit.done || unit.onChip != onChip || !isReady(unit)) continue;
        for (std::size_t n = unit.first; n < unit.last; ++n) nodes.push_back(n);
        unit.done = true;
        --left;
      }
      idle = nodes.empty() ? idle + 1 : 0;
      ensure(idle < 2, "one of the machines can always go on");
      if (!nodes.empty()) parts.emplace_back(onChip, std::move(nodes));
    }
    return parts;
  }

 private:
  int outermost(int loop) const {
    int found = -1;
    for (; loop >= 0; loop = graph_.repeats[static_cast<std::size_t>(loop)].parent) found = loop;
    return found;
  }

  /// A Merge stays with the branches that write its inputs.
  void addUnit(std::size_t first, std::size_t last) {
    const Node& head = graph_.nodes[first];
    if (head.repeat < 0 && std::holds_alternative<Merge>(head.operation)) {
      for (const std::size_t branch : {1U, 2U}) {
        const int producer = producers_[at(head.inputs[branch])];
        if (producer < 0 || graph_.nodes[static_cast<std::size_t>(producer)].repeat < 0) continue;
        first = std::min(first, static_cast<std::size_t>(producer));
      }
    }
    for (; !units_.empty() && units_.back().last > first; units_.pop_back()) {
      first = std::min(first, units_.back().first);
    }
    units_.push_back({first, last});
  }

  void chooseMachines(const std::set<std::string>& offChip) {
    for (std::size_t u = 0; u < units_.size(); ++u) {
      Unit& unit = units_[u];
      unitOf_.insert(unitOf_.end(), unit.last - unit.first, u);
      for (std::size_t n = unit.first; n < unit.last; ++n) {
        unit.named = unit.named || offChip.contains(graph_.nodes[n].name);
      }
      unit.onChip = !unit.named;
      const Node& node = graph_.nodes[unit.first];
      const bool view = std::holds_alternative<Reshape>(node.operation) && node.steps.empty();
      if (!view || unit.named || unit.last != unit.first + 1) continue;
      const int producer = producers_[at(node.inputs.front())];
      if (producer >= 0) unit.onChip = unitAt(producer).onChip;
    }
  }

  /// What reads constants alone is the host's where nothing but the host reads it.
  void followReaders() {
    const std::vector<std::vector<int>> consumers = graph_.consumers();
    for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
      const Node& node = graph_.nodes[unit->first];
      const std::vector<int>& readers = consumers[at(node.output)];
      const bool single = unit->last == unit->first + 1 && !unit->named;
      if (!single || readers.empty() || !readsOf(graph_, node).empty()) continue;
      const bool output = std::find(graph_.outputs.begin(), graph_.outputs.end(), node.output) !=
                          graph_.outputs.end();
      unit->onChip = output || std::any_of(readers.begin(), readers.end(),
                                           [&](int reader) { return unitAt(reader).onChip; });
    }
  }

  Unit& unitAt(int node) { return units_[unitOf_[static_cast<std::size_t>(node)]]; }

  bool isReady(const Unit& unit) {
    for (std::size_t n = unit.first; n < unit.last; ++n) {
      for (const ValueId id : readsOf(graph_, graph_.nodes[n])) {
        const int producer = producers_[at(id)];
        if (producer < 0) continue;
        const Unit& source = unitAt(producer);
        if (&source != &unit && !source.done) return false;
      }
    }
    return true;
  }

  const Graph& graph_;
  const std::vector<int> producers_;
  std::vector<Unit> units_;
  std::vector<std::size_t> unitOf_;  ///< by node
};

/// Copies some nodes of a graph into one of their own.
class Extractor {
 public:
  Extractor(const Graph& whole, const std::vector<std::size_t>& nodes) : whole_(whole) {
    part_.name = whole.name;
    for (const std::size_t n : nodes) own_.insert(whole.nodes[n].output);
    for (const std::size_t n : nodes) addNode(whole.nodes[n]);
    addOutputs(std::set<std::size_t>(nodes.begin(), nodes.end()));
  }
  Graph take() { return std::move(part_); }

 private:
  void addNode(Node node) {
    for (ValueId& input : node.inputs) input = valueOf(input);
    node.output = valueOf(node.output);
    node.repeat = loopOf(node.repeat);
    part_.nodes.push_back(std::move(node));
  }

  ValueId valueOf(ValueId id) {
    if (id == kNoValue) return id;
    const auto known = values_.find(id);
    if (known != values_.end()) return known->second;
    const ValueId made = part_.addValue(whole_.value(id));
    values_[id] = made;
    if (!whole_.isConstant(id) && !own_.contains(id)) part_.inputs.push_back(made);
    return made;
  }

  int loopOf(int loop) {
    if (loop < 0) return loop;
    const auto known = loops_.find(loop);
    if (known != loops_.end()) return known->second;
    Repeat repeat = whole_.repeats[static_cast<std::size_t>(loop)];
    repeat.parent = loopOf(repeat.parent);
    repeat.condition = valueOf(repeat.condition);
    part_.repeats.push_back(std::move(repeat));
    return loops_[loop] = static_cast<int>(part_.repeats.size()) - 1;
  }

  void addOutputs(const std::set<std::size_t>& nodes) {
    std::set<ValueId> read(whole_.outputs.begin(), whole_.outputs.end());
    for (std::size_t n = 0; n < whole_.nodes.size(); ++n) {
      if (nodes.contains(n)) continue;
      for (const ValueId id : readsOf(whole_, whole_.nodes[n])) read.insert(id);
    }
    for (const ValueId id : read) {
      if (own_.contains(id)) part_.outputs.push_back(values_.at(id));
    }
  }

  const Graph& whole_;
  Graph part_;
  std::set<ValueId> own_;  ///< of the whole, written by the part's nodes
  std::map<ValueId, ValueId> values_;
  std::map<int, int> loops_;
};

}  // namespace

std::vector<GraphPart> splitByMachine(const Graph& graph, const std::set<std::string>& offChip) {
  std::vector<GraphPart> parts;
  for (const auto& [onChip, nodes] : Splitter(graph, offChip).parts()) {
    parts.push_back({onChip, Extractor(graph, nodes).take()});
    parts.back().graph.verify();
  }
  return parts;
}

}  // namespace npusim
