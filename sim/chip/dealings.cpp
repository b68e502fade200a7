#include "sim/chip/dealings.h"

#include <algorithm>

#include "sim/chip/places.h"
#include "sim/laws/lockstep_law.h"

namespace npusim {

Dealing Dealings::of(const MatrixTile& tile) {
  if (arraysInStep(chip_) == 1) return {};
  const ProductPlaces places = placesOf(tile);
  const DataType format = arrayFormat(tile.a.type);
  const auto known = std::ranges::find_if(
      known_, [&](const Known& other) { return other.format == format && other.places == places; });
  if (known != known_.end()) return known->dealing;
  if (known_.size() == kRemembered) known_.pop_back();
  known_.push_front({places, format, dealt(chip_, format, places)});
  return known_.front().dealing;
}

}  // namespace npusim
