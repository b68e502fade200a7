#include "sim/array/pe/row_stationary_lanes.h"

#include "sim/array/pe/arithmetic.h"

namespace npusim {
namespace {

/// With a constant inner length the compiler uses whole vectors.
template <typename T>
[[gnu::always_inline]] inline void multiply(const T* inputs, const T* weights, const T* from,
                                            T* sums, std::int64_t lanes) {
  for (std::int64_t first = 0; first < lanes; first += kRowStationaryLanes) {
    T block[kRowStationaryLanes];
    for (std::int64_t i = 0; i < kRowStationaryLanes; ++i) {
      block[i] = multiplyAdd(inputs[first + i], weights[first + i], from[first + i]);
    }
    for (std::int64_t i = 0; i < kRowStationaryLanes; ++i) sums[first + i] = block[i];
  }
}

}  // namespace

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyLanes(
    const float* inputs, const float* weights, const float* from, float* sums, std::int64_t lanes) {
  multiply(inputs, weights, from, sums, lanes);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyLanes(
    const std::int32_t* inputs, const std::int32_t* weights, const std::int32_t* from,
    std::int32_t* sums, std::int64_t lanes) {
  multiply(inputs, weights, from, sums, lanes);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyLanes(
    const std::int64_t* inputs, const std::int64_t* weights, const std::int64_t* from,
    std::int64_t* sums, std::int64_t lanes) {
  multiply(inputs, weights, from, sums, lanes);
}

void addLanes(const float* a, const float* b, float* out, std::int64_t lanes) {
  for (std::int64_t i = 0; i < lanes; ++i) out[i] = add(a[i], b[i]);
}

void addLanes(const std::int32_t* a, const std::int32_t* b, std::int32_t* out, std::int64_t lanes) {
  for (std::int64_t i = 0; i < lanes; ++i) out[i] = add(a[i], b[i]);
}

void addLanes(const std::int64_t* a, const std::int64_t* b, std::int64_t* out, std::int64_t lanes) {
  for (std::int64_t i = 0; i < lanes; ++i) out[i] = add(a[i], b[i]);
}

}  // namespace npusim
