#pragma once

#include <cstdint>

#include "sim/array/pe/flags.h"
#include "sim/array/pe/lines.h"

namespace npusim {

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
void stepPes(const StepRegisters<std::int64_t>& registers, LineView<const FlagWord> arrived,
             std::int64_t words);

/// One level of adder trees: node i of `to` = node 2 i + node 2 i + 1 of `from`, in every lane.
void addPairs(const float* from, float* to, std::int64_t nodes, std::int64_t pitch);
void addPairs(const std::int32_t* from, std::int32_t* to, std::int64_t nodes, std::int64_t pitch);
void addPairs(const std::int64_t* from, std::int64_t* to, std::int64_t nodes, std::int64_t pitch);

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
