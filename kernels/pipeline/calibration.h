#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// What calibration inputs showed of every value of a graph: what int8 scales are chosen from.
class Calibration {
 public:
  struct Observation {
    float low = 0, high = 0;  ///< always include 0
    /// Sum over all elements with the same index along dimension 1 and along the last one.
    std::vector<double> channelSums, lastSums;
    std::int64_t elements = 0;

    /// Mean by index of dimension 1 (`alongChannels`) or the last; empty before any observation.
    std::vector<double> means(bool alongChannels) const;
  };

  /// Adds one tensor of a value; passed over when it is empty or does not hold fp32. An evaluation
  /// of the graph shows them all.
  void add(const std::string& valueName, const Tensor& tensor);

  /// Null for a value that was never observed.
  const Observation* find(const std::string& valueName) const;

 private:
  std::map<std::string, Observation> observations_;
};

}  // namespace npusim
