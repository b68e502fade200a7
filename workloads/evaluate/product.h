#pragma once

#include <cstdint>
#include <span>

namespace npusim {

/// Columns of a product that are computed side by side.
constexpr std::int64_t kPanelColumns = 32;

/// Copies columns [first, first + 32) of the k x n matrix whose element (i, j) is
/// b[rows[i] + j * strideN] to panel[i * 32 + j - first]; columns past n become zero.
template <typename T>
void packPanel(const T* b, std::span<const std::int64_t> rows, std::int64_t n, std::int64_t strideN,
               std::int64_t first, T* panel) {
  for (const std::int64_t row : rows) {
    for (std::int64_t j = first; j < first + kPanelColumns; ++j) {
      *panel++ = j < n ? b[row + j * strideN] : T{0};
    }
  }
}

/// acc[r][c] (32 columns a row) takes a chain over ascending i < k of
/// acc[r][c] = a[r * strideA + i] * panel[i][c] + acc[r][c]:
/// one fused multiply-add a step in fp32, modulo 2^32 or 2^64 for integers.
void multiplyPanel(const float* a, std::int64_t strideA, std::int64_t rows, const float* panel,
                   std::int64_t k, float* acc);
void multiplyPanel(const std::int32_t* a, std::int64_t strideA, std::int64_t rows,
                   const std::int32_t* panel, std::int64_t k, std::int32_t* acc);
void multiplyPanel(const std::int64_t* a, std::int64_t strideA, std::int64_t rows,
                   const std::int64_t* panel, std::int64_t k, std::int64_t* acc);

/// acc[c] = x[c] * w[c] + acc[c] for c < count, in the arithmetic of multiplyPanel.
void multiplyAdd(const float* x, const float* w, std::int64_t count, float* acc);
void multiplyAdd(const std::int32_t* x, const std::int32_t* w, std::int64_t count,
                 std::int32_t* acc);
void multiplyAdd(const std::int64_t* x, const std::int64_t* w, std::int64_t count,
                 std::int64_t* acc);

}  // namespace npusim
