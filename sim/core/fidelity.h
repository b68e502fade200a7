#pragma once

#include <cstdint>
#include <string_view>

namespace npusim {

/// How closely the array is simulated. For the deterministic dataflows cycles, counters and values
/// are the same at all three.
enum class Fidelity : std::uint8_t {
  Tile,    ///< the law of a whole tile, values by a vectorised product
  Pe,      ///< every PE every cycle
  Module,  ///< one SystemC module per PE
};

constexpr std::string_view name(Fidelity fidelity) {
  if (fidelity == Fidelity::Tile) return "tile";
  return fidelity == Fidelity::Pe ? "pe" : "module";
}

}  // namespace npusim
