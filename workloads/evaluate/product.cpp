#include "workloads/evaluate/product.h"

#include <cmath>
#include <type_traits>

namespace npusim {
namespace {

/// Rows of a product that share the loads of a panel's row.
constexpr std::int64_t kBlockRows = 6;

float step(float a, float b, float acc) { return std::fma(a, b, acc); }

template <typename Integer>
Integer step(Integer a, Integer b, Integer acc) {
  using Modulo = std::make_unsigned_t<Integer>;
  return static_cast<Integer>(static_cast<Modulo>(a) * static_cast<Modulo>(b) +
                              static_cast<Modulo>(acc));
}

/// The product of a fixed number of rows, so that the sums stay in registers.
template <std::int64_t Rows, typename T>
[[gnu::always_inline]] inline void multiplyRows(const T* a, std::int64_t strideA, const T* panel,
                                                std::int64_t k, T* acc) {
  T sum[Rows][kPanelColumns];
  for (std::int64_t r = 0; r < Rows; ++r) {
    for (std::int64_t c = 0; c < kPanelColumns; ++c) sum[r][c] = acc[r * kPanelColumns + c];
  }
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t r = 0; r < Rows; ++r) {
      for (std::int64_t c = 0; c < kPanelColumns; ++c) {
        sum[r][c] = step(a[r * strideA + i], panel[i * kPanelColumns + c], sum[r][c]);
      }
    }
  }
  for (std::int64_t r = 0; r < Rows; ++r) {
    for (std::int64_t c = 0; c < kPanelColumns; ++c) acc[r * kPanelColumns + c] = sum[r][c];
  }
}

template <typename T>
[[gnu::always_inline]] inline void multiplyBlocks(const T* a, std::int64_t strideA,
                                                  std::int64_t rows, const T* panel, std::int64_t k,
                                                  T* acc) {
  std::int64_t r = 0;
  for (; r + kBlockRows <= rows; r += kBlockRows) {
    multiplyRows<kBlockRows>(a + r * strideA, strideA, panel, k, acc + r * kPanelColumns);
  }
  for (; r < rows; ++r) {
    multiplyRows<1>(a + r * strideA, strideA, panel, k, acc + r * kPanelColumns);
  }
}

template <typename T>
[[gnu::always_inline]] inline void multiplyAddEach(const T* x, const T* w, std::int64_t count,
                                                   T* acc) {
  for (std::int64_t c = 0; c < count; ++c) acc[c] = step(x[c], w[c], acc[c]);
}

}  // namespace

// One version for each x86-64 level: the widest that the machine has is taken at run time. All give
// the same bits, because every product is one chain of single steps.
#if defined(__x86_64__)
[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#endif
void multiplyPanel(const float* a, std::int64_t strideA, std::int64_t rows, const float* panel,
                   std::int64_t k, float* acc) {
  multiplyBlocks(a, strideA, rows, panel, k, acc);
}

#if defined(__x86_64__)
[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#endif
void multiplyPanel(const std::int32_t* a, std::int64_t strideA, std::int64_t rows, const std::int32_t* panel,
                   std::int64_t k, std::int32_t* acc) {
  multiplyBlocks(a, strideA, rows, panel, k, acc);
}

void multiplyPanel(const std::int64_t* a, std::int64_t strideA, std::int64_t rows,
                   const std::int64_t* panel, std::int64_t k, std::int64_t* acc) {
  multiplyBlocks(a, strideA, rows, panel, k, acc);
}

#if defined(__x86_64__)
[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#endif
void multiplyAdd(const float* x, const float* w, std::int64_t count, float* acc) {
  multiplyAddEach(x, w, count, acc);
}

#if defined(__x86_64__)
[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#endif
void multiplyAdd(const std::int32_t* x, const std::int32_t* w, std::int64_t count, std::int32_t* acc) {
  multiplyAddEach(x, w, count, acc);
}

void multiplyAdd(const std::int64_t* x, const std::int64_t* w, std::int64_t count,
                 std::int64_t* acc) {
  multiplyAddEach(x, w, count, acc);
}

}  // namespace npusim
