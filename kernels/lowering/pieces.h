#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::lowering {

/// Positions [first, first + length) of one dimension of a result, in which all that is read moves
/// evenly: by one step every `repeat` positions, or where it is read in order, every position.
struct Piece {
  std::int64_t first = 0, length = 0, repeat = 1;
};

/// Cuts positions that find their elements by index lists of equal length, one an operand, into as
/// few pieces as going on from the first finds. Indices may not be negative.
std::vector<Piece> commonPieces(std::span<const std::vector<std::int64_t>* const> lists);

/// Can what the node (a Remap of `from`) selects be found by its readers, so that nobody writes it?
/// They must be few, element by element in the same loop, and find it in few pieces, together with
/// what else they find so by now.
bool canSelect(const Lowering& lowering, const Node& node, const plan::View& from);

/// The pieces of an Elementwise node's result, one entry a dimension each: their product is all of
/// it. A single piece a dimension unless it reads selections.
std::vector<std::vector<Piece>> piecesOf(const Lowering& lowering, const Node& node);

/// `view`, broadcast to the dimensions of `pieces`, as that piece of the result sees it: a
/// dimension with repeats becomes two. `source` are index lists as of Lowering::Selection; null:
/// all in order.
plan::View seenThrough(const plan::View& view, const std::vector<std::vector<std::int64_t>>* source,
                       std::span<const Piece> pieces);

}  // namespace npusim::lowering
