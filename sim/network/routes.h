#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/network/port_spread.h"

namespace npusim {

/// The routes of each topology. Nodes are numbered 0 .. nodes() - 1, cores first and from node
/// firstPort() on the memory ports; links 0 .. links() - 1, one each way between two neighbours.
/// All routes from one source form a tree: before(source, node) is the last link on the way from
/// `source` to `node` and the node that it leaves, never asked with node = source.
struct RouteStep {
  std::int64_t link = 0, node = 0;
};

/// Every node has a link to and a link from one switch (node `nodes() - 1`). A compiled exchange is
/// the same: what a node sends and what it receives are all that limits it.
class CrossbarRoutes {
 public:
  CrossbarRoutes(const NetworkConfig& config, std::int64_t cores);

  std::int64_t nodes() const { return ends_ + 1; }
  std::int64_t links() const { return 2 * ends_; }
  std::int64_t firstPort() const { return ends_ - ports_; }
  RouteStep before(std::int64_t source, std::int64_t node) const;
  std::int64_t hops(std::int64_t from, std::int64_t to) const;

 private:
  std::int64_t ports_, ends_;
};

/// A grid of routers, one a core, numbered row by row. Routers of a last row that is not full of
/// cores only route. Messages go along the row first, then along the column. A port hangs on the
/// router of the first column in the row of the middle one of the cores that it serves.
class MeshRoutes {
 public:
  /// Throws BadInput for more columns than cores.
  MeshRoutes(const NetworkConfig& config, std::int64_t cores);

  std::int64_t columns() const { return columns_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t nodes() const { return places() + spread_.ports; }
  std::int64_t links() const { return kDirections * places() + 2 * spread_.ports; }
  std::int64_t firstPort() const { return places(); }
  RouteStep before(std::int64_t source, std::int64_t node) const;
  std::int64_t hops(std::int64_t from, std::int64_t to) const;

 private:
  static constexpr std::int64_t kDirections = 4;

  std::int64_t places() const { return rows_ * columns_; }
  bool isPort(std::int64_t node) const { return node >= places(); }
  /// The router that a node is or hangs on.
  std::int64_t routerOf(std::int64_t node) const;

  PortSpread spread_;
  std::int64_t columns_, rows_;
};

/// Cores in a circle, each with a link to both neighbours. Messages take the shorter way, of two
/// equal ones the ascending. A port hangs on the middle one of the cores that it serves.
class RingRoutes {
 public:
  RingRoutes(const NetworkConfig& config, std::int64_t cores);

  std::int64_t nodes() const { return spread_.cores + spread_.ports; }
  std::int64_t links() const { return 2 * nodes(); }
  std::int64_t firstPort() const { return spread_.cores; }
  RouteStep before(std::int64_t source, std::int64_t node) const;
  std::int64_t hops(std::int64_t from, std::int64_t to) const;

 private:
  bool isPort(std::int64_t node) const { return node >= spread_.cores; }
  std::int64_t coreOf(std::int64_t node) const;
  /// Steps from one core to another in ascending order.
  std::int64_t ascending(std::int64_t from, std::int64_t to) const;

  PortSpread spread_;
};

}  // namespace npusim
