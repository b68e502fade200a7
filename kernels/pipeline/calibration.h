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
  /// of the graph shows them all. Numbers that stand for infinity, as masks have them, count as 0.
  void add(const std::string& valueName, const Tensor& tensor);

  /// Sets how a value is quantised, whatever is observed of it.
  void give(const std::string& valueName, Quantization quantization);

  /// What give() said of a value; null without.
  const Quantization* given(const std::string& valueName) const;

  /// Null for a value that was never observed.
  const Observation* find(const std::string& valueName) const;

 private:
  std::map<std::string, Observation> observations_;
  std::map<std::string, Quantization> given_;
};

}  // namespace npusim
