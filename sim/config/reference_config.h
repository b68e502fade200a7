#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/core/data_type.h"

namespace npusim {

struct ReferenceCacheLevel {
  std::string name;
  std::int64_t capacityBytes = 0;  ///< of all cores together where private
  std::int64_t copies = 1;         ///< equal private parts that the capacity is made of
  double bytesPerCycle = 0;        ///< all cores together
  double pjPerByte = 0;
};

/// A CPU or GPU that the same network is set beside; see sim/reference.
struct ReferenceConfig {
  enum class Kind : std::uint8_t { Cpu, Gpu };
  std::string name;
  Kind kind = Kind::Cpu;
  double clockMhz = 0;
  std::int64_t cores = 1;                          ///< cores or SMs
  std::map<DataType, double> macsPerCyclePerCore;  ///< peak, by format (matrix units included)
  double vectorOpsPerCyclePerCore = 0;             ///< fp32 element operations
  double transcendentalCost = 10;                  ///< in element operations
  double divideCost = 4;
  std::int64_t tileM = 1, tileN = 1, tileK = 1;  ///< what one core computes at once
  double matrixEfficiency = 1;                   ///< of peak, large product
  double convolutionEfficiency = 0;              ///< of peak, large convolution; 0: as products
  double winogradGain = 1;                       ///< of dense 3 x 3 convolutions over their MACs
  /// Share of the shorter of computing and moving that hides behind the longer.
  double overlap = 1;
  std::vector<ReferenceCacheLevel> caches;  ///< nearest first
  double memoryGbPerS = 0;
  double memoryEfficiency = 1;
  double memoryPjPerByte = 0;
  double launchUs = 0;         ///< fixed cost of one operator
  double launchOverlapUs = 0;  ///< part of it that the host does ahead, while operators run
  std::map<DataType, double> macPj;
  double elementOpPj = 0;
  double idleW = 0;
  double busyW = 0;  ///< cap on average power, 0: none
};

}  // namespace npusim
