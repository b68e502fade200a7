#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// What a row-stationary array did, event by event; words unless named otherwise.
struct RowStationaryCounts {
  std::int64_t cycles = 0;
  std::int64_t macCycles = 0;     ///< in which the first row of a column had MACs to do
  std::int64_t macs = 0;          ///< each reads both operands and its sum, and writes the sum
  std::int64_t zeroMacs = 0;      ///< of them, with an input of zero
  std::int64_t filters = 0;       ///< over the filter bus
  std::int64_t filterCopies = 0;  ///< written into PEs' stores
  std::int64_t inputs = 0;        ///< over the input bus
  std::int64_t inputCopies = 0;   ///< written into PEs' stores
  std::int64_t sumsIn = 0;        ///< over the sum bus to the PEs
  std::int64_t biasIn = 0;        ///< of them, biases
  std::int64_t sumsOut = 0;       ///< over the sum bus back
  std::int64_t handedOn = 0;      ///< from a PE to the next or to the bus

  RowStationaryCounts& operator+=(const RowStationaryCounts& other);
};

/// What the words of an array are in bytes, and its size.
struct RowStationaryWidths {
  std::int64_t operand = 0, sum = 0;                           ///< on buses and links
  std::int64_t filterStore = 0, inputStore = 0, sumStore = 0;  ///< moved by a PE's store for one
  std::int64_t pes = 0;
  double macsPerCycle = 1;
  bool zeroGating = false;
};

RowStationaryWidths widthsOf(const ArrayConfig& array, DataType format);

ArrayWork workOf(const RowStationaryCounts& counts, const RowStationaryWidths& widths);
ZeroWork zerosOf(const RowStationaryCounts& counts, const RowStationaryWidths& widths);

}  // namespace npusim
