#pragma once

#include <deque>

#include "sim/array/matrix_tile.h"
#include "sim/config/chip_config.h"
#include "sim/laws/product_places.h"

namespace npusim {

/// How tiles are dealt over a chip's arrays in step (sim/laws/lockstep_law.h). A tile is asked
/// about when it is issued, when its conflicts are counted and when it is computed, so the last few
/// are remembered.
class Dealings {
 public:
  explicit Dealings(const ChipConfig& chip) : chip_(chip) {}

  Dealing of(const MatrixTile& tile);

 private:
  /// Those whose results are under way: the array takes one tile ahead.
  static constexpr std::size_t kRemembered = 4;

  struct Known {
    ProductPlaces places;
    DataType format;
    Dealing dealing;
  };

  const ChipConfig chip_;
  std::deque<Known> known_;  ///< the latest first
};

}  // namespace npusim
