#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::passes {

/// Tasks that make scores from two activations, and all that is made of the scores until products
/// take it up: a softmax among them. They are in one loop, or in none.
struct Attention {
  std::vector<int> tasks;            ///< in order; indices of the plan's tasks
  std::vector<plan::BlockId> inner;  ///< scores and what is made of them: only `tasks` touch them
};

/// Is one of the tasks, or of the inner blocks, `id`?
inline bool has(const std::vector<std::int32_t>& ids, std::int32_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// All of a plan, no task in two of them.
std::vector<Attention> findAttention(const plan::Plan& plan);

/// How an attention is cut.
struct AttentionCut {
  /// Passes of the loops, outermost first. Each loop goes over the outermost dimension of the
  /// scores of which more than one position is left: over the batch, the heads, blocks of rows.
  std::vector<std::int64_t> passes;
  /// Keys and values (the second factors) are copied on chip before the innermost loop that does
  /// not move them on: read there again and again, and keys not turned by the DMA each time.
  bool hold = false;
  bool operator==(const AttentionCut&) const = default;
};

/// The plan with loops around an attention's tasks, in each pass of which they work on an equal
/// part of the scores: one part is all that the inner blocks hold. Each result is computed as
/// before, so values stay the same to the bit. Tasks that stand between those of the attention come
/// before the loops. None where the tasks do not walk the scores alike, or loops would nest too
/// deep.
std::optional<plan::Plan> withCut(const plan::Plan& plan, const Attention& attention,
                                  const AttentionCut& cut);

/// The tasks of an attention as a plan of their own, first of all. It finds in memory what they
/// read; behind them a task reads what they leave, which takes part in whether that stays on chip.
plan::Plan alone(const plan::Plan& plan, const Attention& attention);

/// Cuts that leave parts of at most `bytes` of all inner blocks together, or the nearest to that.
AttentionCut cutTo(const plan::Plan& plan, const Attention& attention, std::int64_t bytes);

}  // namespace npusim::passes
