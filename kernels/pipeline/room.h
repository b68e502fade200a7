#pragma once

#include <cstdint>
#include <vector>

#include "kernels/plan/plan.h"
#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"

namespace npusim::passes {

/// Share of the activation buffer that tiles may count on when activations are kept, beyond what
/// they need at least: as found best for convolutional networks, and for large products, whose
/// tiles gain more by room than their results by staying.
constexpr double kTileShare = 0.25, kLargeTileShare = 0.6;

/// What is free of a core's activation buffer during each task, beside the tiles that the task
/// needs at least and a share of the buffer that tiles may count on.
class Room {
 public:
  Room(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
       double tileShare = kTileShare);

  /// Takes `bytes` for the life of a block, if there are as many.
  bool take(const plan::Block& block, std::int64_t bytes);

  /// Bytes that are free during every task.
  std::int64_t always() const;

 private:
  void add(const plan::Block& block, std::int64_t bytes);

  std::int64_t capacity_;
  std::vector<std::int64_t> used_;  ///< by task
};

/// By block: how often tasks come back to the same byte, in all passes of the loops around them, at
/// most; 0 where none touches it.
std::vector<std::int64_t> comingsBack(const plan::Plan& plan);

/// Activations that may stay on chip in the order in which they are offered a place: those first
/// that loops come back to most often, then of the shortest life, then the largest.
std::vector<plan::BlockId> byLife(const plan::Plan& plan);

}  // namespace npusim::passes
