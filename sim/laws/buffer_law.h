#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"
#include "sim/laws/product_places.h"

namespace npusim {

/// Cycles by which bank conflicts stretch the stream of one matrix instruction; 0 with ideal
/// memory. A pure function of addresses and shape, the same for all fidelities; the array has
/// priority at the buffers, so nothing else counts.
///
/// Address x lies in word x / width of its buffer, the word in bank word mod banks; a bank serves
/// `ports` words a cycle. A word that PEs share in a step is accessed once.
///
/// Streamed operands (A, B or both). Every PE row (or column) keeps the word that it works on: with
/// a stride of s bytes a step it fetches one every p = max(1, floor(width / |s|)) steps, counted
/// from the start of each line of the innermost loop that streams; the skew of the array is made
/// behind these registers. A fetch is due within the p (at a line's end fewer) steps of I cycles
/// until the next one, so it costs
///     max(0, ceil(words in its busiest bank / ports) - p I)     conflict cycles
/// Held operands and sums are fetched ahead and written behind the stream through queues: each word
/// of each contiguous run once in every pass over the operand, in any free cycle.
///     stretch = max(conflict cycles of A's stream, those of B's,
///                   ceil(all words of the busiest bank / ports) - stream cycles)
/// Padding counts as if it were read. In the dataflows row_stationary and cached, which bring their
/// words over buses of their own, accesses spread over all banks.
///
/// `timing` is that of one array, `work` that of the whole product; dealt as `dealing` says, all
/// arrays fetch at the same time.
std::int64_t bufferConflictCycles(const ChipConfig& chip, DataType format,
                                  const ProductPlaces& product, const Dealing& dealing,
                                  const ArrayTiming& timing, const ArrayWork& work);

}  // namespace npusim
