#include "sim/network/network.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/network/link_network.h"

namespace npusim {

std::unique_ptr<Network> Network::make(const NetworkConfig& config, std::int64_t cores) {
  switch (config.topology) {
    case Topology::Crossbar:
    case Topology::Exchange:
      return std::make_unique<LinkNetwork<CrossbarRoutes>>(config, cores);
    case Topology::Mesh:
      return std::make_unique<LinkNetwork<MeshRoutes>>(config, cores);
    case Topology::Ring:
      return std::make_unique<LinkNetwork<RingRoutes>>(config, cores);
  }
  throw InternalError("a network without topology");
}

std::int64_t Network::byteHops() const {
  std::int64_t bytes = 0;
  for (const LinkUse& link : usedLinks()) bytes += link.bytes;
  return bytes;
}

std::int64_t Network::busiestLinkCycles() const {
  std::int64_t cycles = 0;
  for (const LinkUse& link : usedLinks()) cycles = std::max(cycles, link.busyCycles);
  return cycles;
}

}  // namespace npusim
