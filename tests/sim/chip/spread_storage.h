#pragma once

#include <utility>
#include <vector>

#include "tests/sim/chip/tiled_product.h"

namespace npusim::testing {

/// smallChip() with several cores.
inline ChipConfig coresChip(std::int64_t cores, Topology topology = Topology::Crossbar) {
  ChipConfig chip = smallChip();
  chip.cores = cores;
  chip.network.topology = topology;
  return chip;
}

/// Adds a storage whose bytes lie in all cores' buffers from `address` on.
inline isa::StorageId addSpread(isa::Program& program, std::int64_t address, std::int64_t bytes,
                                std::vector<isa::Deal> levels) {
  isa::Storage storage{"spread", bytes, true};
  storage.distribution = isa::Distribution{kBuffer, address, 0, std::move(levels)};
  program.storages.push_back(storage);
  return static_cast<isa::StorageId>(program.storages.size()) - 1;
}

/// `bytes` times the core's number.
inline isa::LoopTerm ofCore(const ChipConfig& chip, std::int64_t bytes) {
  return {isa::kCoreDepth, bytes, chip.cores};
}

inline Tensor randomBytes(const Shape& shape, std::uint32_t seed) {
  Tensor tensor(DataType::UInt8, shape);
  std::mt19937 random(seed);
  for (std::uint8_t& x : tensor.as<std::uint8_t>()) x = static_cast<std::uint8_t>(random());
  return tensor;
}

}  // namespace npusim::testing
