#include "sim/network/routes.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Columns of a mesh of `cores` that is at least as wide as high: a full rectangle where there is
/// one no wider than twice its height, else the smallest square that has room.
std::int64_t nearSquareColumns(std::int64_t cores) {
  std::int64_t side = 1;
  while (side * side < cores) ++side;
  for (std::int64_t columns = side; columns * columns <= 2 * cores; ++columns) {
    if (cores % columns == 0) return columns;
  }
  return side;
}

std::int64_t columnsOf(const NetworkConfig& config, std::int64_t cores) {
  if (config.columns == 0) return nearSquareColumns(cores);
  if (config.columns > cores) {
    throw BadInput("network.columns is " + std::to_string(config.columns) + " for " +
                   std::to_string(cores) + " cores; it must be 1.." + std::to_string(cores) +
                   ", or 0 for a mesh that is as square as possible");
  }
  return config.columns;
}

}  // namespace

CrossbarRoutes::CrossbarRoutes(const NetworkConfig& config, std::int64_t cores)
    : ports_(config.memoryPorts), ends_(cores + config.memoryPorts) {}

RouteStep CrossbarRoutes::before(std::int64_t source, std::int64_t node) const {
  const std::int64_t hub = ends_;
  return node == hub ? RouteStep{source, source} : RouteStep{ends_ + node, hub};
}

std::int64_t CrossbarRoutes::hops(std::int64_t from, std::int64_t to) const {
  return from == to ? 0 : 2;
}

MeshRoutes::MeshRoutes(const NetworkConfig& config, std::int64_t cores)
    : spread_{cores, config.memoryPorts},
      columns_(columnsOf(config, cores)),
      rows_(ceilDiv(cores, columns_)) {}

std::int64_t MeshRoutes::routerOf(std::int64_t node) const {
  if (!isPort(node)) return node;
  return spread_.middleCore(node - places()) / columns_ * columns_;
}

RouteStep MeshRoutes::before(std::int64_t source, std::int64_t node) const {
  enum Direction : std::int64_t { West, East, North, South };
  const std::int64_t portLinks = kDirections * places();
  const std::int64_t start = routerOf(source);
  if (isPort(node)) return {portLinks + 2 * (node - places()), routerOf(node)};
  if (node == start) return {portLinks + 2 * (source - places()) + 1, source};
  const auto from = [](std::int64_t neighbour, Direction direction) {
    return RouteStep{kDirections * neighbour + direction, neighbour};
  };
  const std::int64_t row = node / columns_;
  const std::int64_t startRow = start / columns_;
  if (row > startRow) return from(node - columns_, South);
  if (row < startRow) return from(node + columns_, North);
  return node > start ? from(node - 1, East) : from(node + 1, West);
}

std::int64_t MeshRoutes::hops(std::int64_t from, std::int64_t to) const {
  if (from == to) return 0;
  const std::int64_t a = routerOf(from);
  const std::int64_t b = routerOf(to);
  return std::abs(a / columns_ - b / columns_) + std::abs(a % columns_ - b % columns_) +
         (isPort(from) ? 1 : 0) + (isPort(to) ? 1 : 0);
}

RingRoutes::RingRoutes(const NetworkConfig& config, std::int64_t cores)
    : spread_{cores, config.memoryPorts} {}

std::int64_t RingRoutes::coreOf(std::int64_t node) const {
  return isPort(node) ? spread_.middleCore(node - spread_.cores) : node;
}

std::int64_t RingRoutes::ascending(std::int64_t from, std::int64_t to) const {
  return to >= from ? to - from : to - from + spread_.cores;
}

RouteStep RingRoutes::before(std::int64_t source, std::int64_t node) const {
  const std::int64_t start = coreOf(source);
  if (isPort(node)) return {2 * node, coreOf(node)};
  if (node == start) return {2 * source + 1, source};
  const bool up = 2 * ascending(start, node) <= spread_.cores;
  const std::int64_t neighbour =
      up ? (node == 0 ? spread_.cores - 1 : node - 1) : (node + 1 == spread_.cores ? 0 : node + 1);
  return {2 * neighbour + (up ? 0 : 1), neighbour};
}

std::int64_t RingRoutes::hops(std::int64_t from, std::int64_t to) const {
  if (from == to) return 0;
  const std::int64_t up = ascending(coreOf(from), coreOf(to));
  return std::min(up, spread_.cores - up) + (isPort(from) ? 1 : 0) + (isPort(to) ? 1 : 0);
}

}  // namespace npusim
