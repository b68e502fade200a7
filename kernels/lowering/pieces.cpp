#include "kernels/lowering/pieces.h"

#include <algorithm>

namespace npusim::lowering {
namespace {

using List = std::vector<std::int64_t>;
using Lists = std::span<const List* const>;

/// Assumed: pieces multiply over dimensions and readers, and each is a task with its own issue and
/// edges; beyond these one copy is cheaper. Linear interpolation needs three (both ends and
/// between).
constexpr std::size_t kMostPieces = 4;  ///< of one dimension, by all of a reader's lists
constexpr std::size_t kMostReaders = 2;
/// Assumed: positions that show the same element stay together in every tile.
constexpr std::int64_t kMostRepeats = 64;

/// Do positions i + step and i differ as positions j + step and j do, in every list?
bool movesAlike(Lists lists, std::size_t i, std::size_t j, std::size_t step) {
  return std::all_of(lists.begin(), lists.end(), [&](const List* list) {
    return (*list)[i + step] - (*list)[i] == (*list)[j + step] - (*list)[j];
  });
}

bool same(Lists lists, std::size_t i, std::size_t j) {
  return std::all_of(lists.begin(), lists.end(),
                     [&](const List* list) { return (*list)[i] == (*list)[j]; });
}

bool goesForwards(Lists lists, std::size_t i, std::size_t step) {
  return std::all_of(lists.begin(), lists.end(),
                     [&](const List* list) { return (*list)[i + step] >= (*list)[i]; });
}

/// How many positions from i on find the same elements.
std::size_t runAt(Lists lists, std::size_t i) {
  const std::size_t count = lists.front()->size();
  std::size_t run = 1;
  while (i + run < count && same(lists, i, i + run)) ++run;
  return run;
}

/// The piece that begins at position i: runs of one length, one step apart.
Piece pieceAt(Lists lists, std::size_t i) {
  const std::size_t count = lists.front()->size();
  std::size_t repeat = runAt(lists, i);
  std::size_t length = repeat;
  while (i + length < count && goesForwards(lists, i, repeat) &&
         runAt(lists, i + length) == repeat && movesAlike(lists, i, i + length - repeat, repeat)) {
    length += repeat;
  }
  if (length == repeat) repeat = 1;  // they all read one element
  const auto number = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return {number(i), number(length), number(repeat)};
}

/// The index lists by which a node finds its inputs along dimension d.
std::vector<const List*> selectedBy(const Lowering& lowering, const Node& node, std::size_t d) {
  std::vector<const List*> lists;
  for (const ValueId input : node.inputs) {
    const Lowering::Selection* selection = lowering.selection(input);
    if (selection && !selection->source[d].empty()) lists.push_back(&selection->source[d]);
  }
  return lists;
}

/// Does a node that is to find one more input by `source` read all its inputs in few pieces?
bool findsInFewPieces(const Lowering& lowering, const Node& node, const std::vector<List>& source) {
  for (std::size_t d = 0; d < source.size(); ++d) {
    const List& list = source[d];
    if (list.empty()) continue;
    if (std::any_of(list.begin(), list.end(), [](auto i) { return i < 0; })) return false;
    std::vector<const List*> lists = selectedBy(lowering, node, d);
    lists.push_back(&list);
    const std::vector<Piece> pieces = commonPieces(lists);
    const bool fewRepeats = std::all_of(pieces.begin(), pieces.end(),
                                        [](const Piece& p) { return p.repeat <= kMostRepeats; });
    if (pieces.size() > kMostPieces || !fewRepeats) return false;
  }
  return true;
}

}  // namespace

std::vector<Piece> commonPieces(Lists lists) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < lists.front()->size()) {
    pieces.push_back(pieceAt(lists, at));
    at += static_cast<std::size_t>(pieces.back().length);
  }
  return pieces;
}

bool canSelect(const Lowering& lowering, const Node& node, const plan::View& from) {
  const Graph& graph = lowering.graph();
  const std::vector<int>& readers = lowering.readers(node.output);
  if (lowering.mustWrite(node.output) || readers.empty() || readers.size() > kMostReaders) {
    return false;
  }
  const Shape& shape = graph.value(node.output).shape;
  if (from.shape.size() != shape.size()) return false;
  return std::all_of(readers.begin(), readers.end(), [&](int reader) {
    const Node& next = graph.nodes[static_cast<std::size_t>(reader)];
    return std::holds_alternative<Elementwise>(next.operation) && next.repeat == node.repeat &&
           graph.value(next.output).shape == shape &&
           findsInFewPieces(lowering, next, std::get<Remap>(node.operation).source);
  });
}

std::vector<std::vector<Piece>> piecesOf(const Lowering& lowering, const Node& node) {
  const Shape& shape = lowering.graph().value(node.output).shape;
  std::vector<std::vector<Piece>> result;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::vector<const List*> lists = selectedBy(lowering, node, d);
    result.push_back(lists.empty() ? std::vector<Piece>{{0, shape[d], 1}} : commonPieces(lists));
  }
  return result;
}

plan::View seenThrough(const plan::View& view, const std::vector<List>* source,
                       std::span<const Piece> pieces) {
  plan::View seen = view;
  seen.shape.clear();
  seen.strides.clear();
  const std::size_t missing = pieces.size() - view.shape.size();
  for (std::size_t own = 0; own < view.shape.size(); ++own) {
    const Piece& piece = pieces[own + missing];
    const std::int64_t groups = piece.length / piece.repeat;
    const std::int64_t stride = view.strides[own];
    const bool selects = source != nullptr && !(*source)[own].empty();
    const bool broadcast = !selects && view.shape[own] == 1;
    const auto add = [&](std::int64_t extent, std::int64_t step) {
      seen.shape.push_back(step == 0 || broadcast ? 1 : extent);
      seen.strides.push_back(step == 0 ? stride : step * stride);
    };
    std::int64_t first = broadcast ? 0 : piece.first, step = piece.repeat;
    if (selects) {
      const List& list = (*source)[own];
      const auto at = static_cast<std::size_t>(piece.first);
      first = list[at];
      step = groups > 1 ? list[at + static_cast<std::size_t>(piece.repeat)] - first : 0;
    }
    seen.offset += first * stride;
    add(groups, step);
    if (piece.repeat > 1) add(piece.repeat, selects ? 0 : 1);
  }
  return seen;
}

}  // namespace npusim::lowering
