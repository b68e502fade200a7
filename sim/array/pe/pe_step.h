#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "sim/array/pe/flags.h"
#include "sim/array/pe/lines.h"

namespace npusim {

/// What a PE does with one product: `across` came along its line, `stationary` lies in its store or
/// came down its lane, `sum` came from its neighbour or lies in its store. One rounding in fp32;
/// int32 modulo 2^32.
template <typename T>
[[gnu::always_inline]] inline T multiplyAdd(T across, T stationary, T sum) {
  if constexpr (std::is_same_v<T, float>) {
    return std::fma(across, stationary, sum);
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(across) * static_cast<Bits>(stationary) +
                          static_cast<Bits>(sum));
  }
}

/// Addition in T, for adder trees.
template <typename T>
[[gnu::always_inline]] inline T add(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    return a + b;
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(a) + static_cast<Bits>(b));
  }
}

/// What stands in a register where there is no operand. Their product is -0.0, which leaves every
/// sum as it is, -0.0 too.
template <typename T>
constexpr T kNoAcross = T{};
template <typename T>
constexpr T kNoStationary = static_cast<T>(-0.0F);

/// The registers of all PEs that a step works on. A step has `depth` products, whose operands lie
/// in planes.
template <typename T>
struct StepRegisters {
  LineView<T> across, stationary, sums;
  std::int64_t acrossPlane, stationaryPlane;  ///< elements from plane to plane
  std::int64_t depth, lanes;
};

/// One step of every PE of the lines that got operands (`arrived`, by line): sum = the step's
/// products added one after the other. In the other lines sums pass unchanged.
void stepPes(const StepRegisters<float>& registers, LineView<const FlagWord> arrived,
             std::int64_t words);
void stepPes(const StepRegisters<std::int32_t>& registers, LineView<const FlagWord> arrived,
             std::int64_t words);

/// One level of adder trees: node i of `to` = node 2 i + node 2 i + 1 of `from`, in every lane.
void addPairs(const float* from, float* to, std::int64_t nodes, std::int64_t pitch);
void addPairs(const std::int32_t* from, std::int32_t* to, std::int64_t nodes, std::int64_t pitch);

/// The flags of one plane of products.
struct ProductFlags {
  LineView<const FlagWord> across, acrossZero, stationary, stationaryZero;
  LineView<const FlagWord> busy;  ///< the PE has a place in the fold
};

struct ProductCount {
  std::int64_t products = 0, zeros = 0;
};

/// How many PEs multiply, and how many of them a zero input.
ProductCount countProducts(const ProductFlags& flags, std::int64_t words);

}  // namespace npusim
