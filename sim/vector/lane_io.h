#pragma once

#include <cstdint>

#include "sim/memory/storage.h"
#include "sim/vector/vector_tile.h"

namespace npusim {

/// Lanes that are worked on together.
constexpr std::int64_t kLaneBlock = 256;

/// Reads `lanes` (at most kLaneBlock) elements from `address` on, `stride` bytes apart, as the
/// reals that they stand for.
void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, float* x);
/// The same as plain integers, without scaling.
void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, std::int64_t* x);

/// Writes lanes as the output's type, rounding or quantising.
void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const float* x);
void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const std::int64_t* x);

}  // namespace npusim
