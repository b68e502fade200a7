#pragma once

#include <cstdint>

namespace npusim {

/// Which cores a memory port serves: port p the cores [p x cores / ports, (p + 1) x cores / ports)
/// in the order of their numbers, so that every port serves equally many (+-1).
struct PortSpread {
  std::int64_t cores = 1, ports = 1;

  std::int64_t portOf(std::int64_t core) const { return core * ports / cores; }
  /// The core in the middle of those that port `port` serves: it is attached at that core's place.
  std::int64_t middleCore(std::int64_t port) const { return (2 * port + 1) * cores / (2 * ports); }
};

}  // namespace npusim
