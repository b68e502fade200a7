#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::emit {

/// One level of a transfer's nest, before runs are merged.
struct MoveDim {
  isa::Extent extent;
  std::int64_t blockStride = 0, slotStride = 0;
  std::vector<std::int64_t> boundStrides;  ///< one a bound of the transfer
  std::int64_t indexStride = 0;            ///< of the gather indices
  bool gathered = false;
  /// Leaves only what the target needs.
  void forget() {
    blockStride = slotStride;
    boundStrides.clear();
  }
  bool mergeable() const {
    return !gathered && indexStride == 0 &&
           std::all_of(boundStrides.begin(), boundStrides.end(), [](auto s) { return s == 0; });
  }
};

/// Do a transfer's source coordinates stay below 0 along some bound: is it nothing but fill?
bool readsNothing(const isa::Transfer& transfer, const std::vector<MoveDim>& dims);

/// Turns the innermost contiguous dimensions (listed last) into the transfer's run and writes the
/// rest: strides of the block's and of the slot's side, which is the target when `toSlot`.
void finishTransfer(isa::Transfer& transfer, std::vector<MoveDim> dims, std::int64_t elementBytes,
                    bool toSlot);

}  // namespace npusim::emit
