#pragma once

#include <cstdint>

namespace npusim {

/// Size of the block of C that multiplyBlock() works on.
constexpr std::int64_t kBlockRows = 8;
constexpr std::int64_t kPanelColumns = 32;

/// C[8 x 32] += A[8 x k] B[k x 32]: one fused multiply-add chain over ascending k for each
/// output. A's rows are `rowStride` elements apart; B is a packed panel (32 elements each k); C is
/// dense.
void multiplyBlock(const float* a, std::int64_t rowStride, const float* panel, std::int64_t k,
                   float* sums);
/// The same in integers modulo 2^32 or 2^64.
void multiplyBlock(const std::int32_t* a, std::int64_t rowStride, const std::int32_t* panel,
                   std::int64_t k, std::int32_t* sums);
void multiplyBlock(const std::int64_t* a, std::int64_t rowStride, const std::int64_t* panel,
                   std::int64_t k, std::int64_t* sums);

}  // namespace npusim
