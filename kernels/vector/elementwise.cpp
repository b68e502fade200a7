#include <functional>
#include <string>

#include "kernels/lowering/operands.h"
#include "kernels/lowering/pieces.h"
#include "kernels/vector/vector.h"

namespace npusim::vector {

using lowering::DimMap;
using lowering::Lowering;
using lowering::Piece;
using plan::View;

namespace {

/// Neighbouring dimensions to try to merge, innermost first.
std::vector<std::pair<int, int>> allPairs(int rank) {
  std::vector<std::pair<int, int>> pairs;
  for (int outer = rank - 2; outer >= 0; --outer) {
    for (int inner = rank - 1; inner > outer; --inner) pairs.emplace_back(outer, inner);
  }
  return pairs;
}

/// The value as a piece of the node's result sees it.
View seenBy(Lowering& lowering, const Node& node, ValueId value, const std::vector<Piece>& pieces) {
  const Lowering::Selection* selection = lowering.selection(value);
  if (selection) return lowering::seenThrough(selection->from, &selection->source, pieces);
  return lowering::seenThrough(lowering.viewFor(node, value), nullptr, pieces);
}

/// Which dimensions of what a piece sees are positions between two steps: tiles hold all of them,
/// so that they have no gaps.
std::vector<bool> repeatsOf(const std::vector<Piece>& pieces) {
  std::vector<bool> repeats;
  for (const Piece& piece : pieces) {
    repeats.push_back(false);
    if (piece.repeat > 1) repeats.push_back(true);
  }
  return repeats;
}

/// The task that computes one piece of the result.
void addPiece(Lowering& lowering, const Node& node, const std::vector<Piece>& pieces,
              const std::string& part) {
  const Lowering::Seen seen = [&](ValueId id) { return seenBy(lowering, node, id, pieces); };
  const View y = lowering::seenThrough(lowering.outputView(node), nullptr, pieces);
  const std::vector<int> order = lowering::physicalOrder(y);
  const std::vector<bool> repeats = repeatsOf(pieces);
  plan::Task task;
  DimMap map(order.size());
  for (const int logical : order) {
    const auto at = static_cast<std::size_t>(logical);
    map[at] = {{static_cast<int>(task.dims.size()), 1}};
    task.dims.push_back({y.shape[at], !repeats[at]});
  }
  if (task.dims.empty()) task.dims.push_back({1});
  const std::size_t rank = task.dims.size();
  const ValueId input = node.inputs.front();
  task.operands.push_back(lowering.operand(seen(input), lowering.scaling(input), map, order, rank));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, order, rank);
  plan::Pass pass;
  pass.dims = lowering::upTo(rank);
  pass.post = lowering.steps(node, task, map, order, seen);
  pass.operands = lowering::upTo(task.operands.size());
  task.work = plan::VectorWork{{std::move(pass)}, {}};
  lowering::simplify(task, allPairs(static_cast<int>(rank)));
  lowering.addTask(node, std::move(task), node.opName, part);
}

}  // namespace

void lowerElementwise(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const ValueId input = node.inputs.front();
  const Value& in = graph.value(input);
  const Value& out = graph.value(node.output);
  const bool identity = node.steps.empty() && in.type == out.type && in.shape == out.shape &&
                        !in.constant && !lowering.selection(input) &&
                        !lowering.mustWrite(node.output);
  if (identity) {
    lowering.setView(node.output, lowering.view(input));
    return;
  }
  const std::vector<std::vector<Piece>> pieces = lowering::piecesOf(lowering, node);
  std::vector<Piece> chosen(pieces.size());
  int part = 0;
  const std::function<void(std::size_t)> visit = [&](std::size_t d) {
    if (d == pieces.size()) {
      addPiece(lowering, node, chosen, part == 0 ? "" : "[" + std::to_string(part) + "]");
      ++part;
      return;
    }
    for (const Piece& piece : pieces[d]) {
      chosen[d] = piece;
      visit(d + 1);
    }
  };
  visit(0);
}

}  // namespace npusim::vector
