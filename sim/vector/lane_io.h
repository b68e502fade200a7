#pragma once

#include <cstdint>

#include "sim/memory/storage.h"
#include "sim/vector/vector_tile.h"

namespace npusim {

/// Lanes that are worked on together.
constexpr std::int64_t kLaneBlock = 256;

/// Reads `lanes` (at most kLaneBlock) elements from `address` on, `stride` bytes apart. float: the
/// reals that they stand for; double, int64 and uint64: plain numbers, without scaling.
template <typename T>
void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, T* x);

/// Writes lanes as the output's type, rounding or (from float) quantising.
template <typename T>
void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const T* x);

}  // namespace npusim
