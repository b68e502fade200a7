#pragma once

#include <cstdint>

namespace npusim {

/// PEs of a row whose state lies side by side come in multiples of this.
constexpr std::int64_t kRowStationaryLanes = 16;

/// One MAC of every PE of a row: sums = from + inputs x weights; floats fused. `lanes` is a
/// multiple of kRowStationaryLanes. Integers wrap.
void multiplyLanes(const float* inputs, const float* weights, const float* from, float* sums,
                   std::int64_t lanes);
void multiplyLanes(const std::int32_t* inputs, const std::int32_t* weights,
                   const std::int32_t* from, std::int32_t* sums, std::int64_t lanes);
void multiplyLanes(const std::int64_t* inputs, const std::int64_t* weights,
                   const std::int64_t* from, std::int64_t* sums, std::int64_t lanes);

/// out = a + b, PE by PE.
void addLanes(const float* a, const float* b, float* out, std::int64_t lanes);
void addLanes(const std::int32_t* a, const std::int32_t* b, std::int32_t* out, std::int64_t lanes);
void addLanes(const std::int64_t* a, const std::int64_t* b, std::int64_t* out, std::int64_t lanes);

}  // namespace npusim
