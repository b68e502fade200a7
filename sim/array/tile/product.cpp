#include "sim/array/tile/product.h"

#include <array>
#include <cmath>
#include <type_traits>

namespace npusim {
namespace {

template <typename T>
[[gnu::always_inline]] inline T multiplyAdd(T a, T b, T sum) {
  if constexpr (std::is_same_v<T, float>) {
    return std::fma(a, b, sum);
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(a) * static_cast<Bits>(b) + static_cast<Bits>(sum));
  }
}

/// With constant bounds the compiler keeps all sums in vector registers.
template <typename T>
[[gnu::always_inline]] inline void accumulate(const T* a, std::int64_t rowStride, const T* panel,
                                              std::int64_t k, T* sums) {
  T block[kBlockRows][kPanelColumns];
  for (int i = 0; i < kBlockRows; ++i) {
    for (int j = 0; j < kPanelColumns; ++j) block[i][j] = sums[i * kPanelColumns + j];
  }
  for (std::int64_t p = 0; p < k; ++p) {
    for (int i = 0; i < kBlockRows; ++i) {
      const T x = a[i * rowStride + p];
      for (int j = 0; j < kPanelColumns; ++j) {
        block[i][j] = multiplyAdd(x, panel[p * kPanelColumns + j], block[i][j]);
      }
    }
  }
  for (int i = 0; i < kBlockRows; ++i) {
    for (int j = 0; j < kPanelColumns; ++j) sums[i * kPanelColumns + j] = block[i][j];
  }
}

}  // namespace

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyBlock(
    const float* a, std::int64_t rowStride, const float* panel, std::int64_t k, float* sums) {
  accumulate(a, rowStride, panel, k, sums);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyBlock(
    const std::int32_t* a, std::int64_t rowStride, const std::int32_t* panel, std::int64_t k,
    std::int32_t* sums) {
  accumulate(a, rowStride, panel, k, sums);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyBlock(
    const std::int64_t* a, std::int64_t rowStride, const std::int64_t* panel, std::int64_t k,
    std::int64_t* sums) {
  accumulate(a, rowStride, panel, k, sums);
}

}  // namespace npusim
