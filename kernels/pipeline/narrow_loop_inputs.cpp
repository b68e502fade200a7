#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/quantized_values.h"

namespace npusim::passes {
namespace {

/// Half of what fp16 holds: room for inputs that calibration did not see.
constexpr float kLargest = 0x1p15F;

class Narrower {
 public:
  Narrower(Graph& graph, const Calibration& calibration)
      : graph_(graph), calibration_(calibration), consumers_(graph.consumers()) {}

  void run() {
    for (const Node& node : graph_.nodes) {
      if (!isProduct(node)) continue;
      const std::optional<std::vector<ValueId>> copies = copiesOf(node.output);
      if (!copies) continue;
      for (const ValueId id : *copies) graph_.value(id).type = DataType::Float16;
    }
  }

 private:
  const std::vector<int>& readersOf(ValueId id) const {
    return consumers_[static_cast<std::size_t>(id)];
  }
  const Node& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }

  bool mayNarrow(ValueId id) const {
    const Value& value = graph_.value(id);
    const Calibration::Observation* seen = calibration_.find(value.name);
    const bool small = seen == nullptr || std::max(-seen->low, seen->high) < kLargest;
    const bool output = std::ranges::find(graph_.outputs, id) != graph_.outputs.end();
    return value.type == DataType::Float32 && !output && small;
  }

  bool isTaken(ValueId id) const {
    const std::vector<int>& readers = readersOf(id);
    return !readers.empty() && std::ranges::all_of(readers, [&](int reader) {
      return std::holds_alternative<Take>(node(reader).operation);
    });
  }

  /// The product's result and what is moved of it, where nothing but a loop takes it; none
  /// otherwise.
  std::optional<std::vector<ValueId>> copiesOf(ValueId result) const {
    if (!isTaken(result)) return std::nullopt;
    std::vector<ValueId> copies{result};
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (!mayNarrow(copies[i])) return std::nullopt;
      for (const int reader : readersOf(copies[i])) {
        if (!movesValues(node(reader))) continue;
        if (node(reader).inputs.size() != 1) return std::nullopt;
        copies.push_back(node(reader).output);
      }
    }
    return copies;
  }

  Graph& graph_;
  const Calibration& calibration_;
  std::vector<std::vector<int>> consumers_;
};

}  // namespace

void narrowLoopInputs(Graph& graph, const Calibration& calibration) {
  Narrower(graph, calibration).run();
}

}  // namespace npusim::passes
