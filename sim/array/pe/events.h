#pragma once

#include <cstdint>

#include "sim/array/pe/controller.h"
#include "sim/array/pe/fold_plan.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// What happened in the array while one product ran, counted one by one.
struct Events {
  std::int64_t steps = 0;                           ///< of single PEs
  std::int64_t products = 0;                        ///< multiply-accumulates
  std::int64_t zeroProducts = 0;                    ///< of them, with an input that is zero
  std::int64_t streamed = 0;                        ///< cycles in which operands streamed
  std::int64_t acrossEntered = 0, downEntered = 0;  ///< operands at the array's edges
  std::int64_t filled = 0;        ///< PEs that got their held operand, or sum, from a column bus
  std::int64_t operandsHeld = 0;  ///< operands they got
  std::int64_t sumsEntered = 0;   ///< sums from the accumulators
  std::int64_t sumsLeft = 0;      ///< sums and results to them
  std::int64_t lastLeft = 0;      ///< end of the cycle in which the last one left
};

/// The counted events in the bytes and cycles of the machine's counters.
ArrayTiming timingOf(const FoldPlan& plan, const Controller& controller, const Events& events);
ArrayWork workOf(const FoldPlan& plan, const Events& events, std::int64_t totalCycles);
ZeroWork zeroWorkOf(const FoldPlan& plan, const Events& events);

}  // namespace npusim
