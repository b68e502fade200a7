#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"

namespace npusim {

/// When a message arrives, in core cycles, and what it used.
struct Delivery {
  std::int64_t firstByte = 0, lastByte = 0;
  std::int64_t bytes = 0;     ///< that left the network there; 0 at the message's own node
  std::int64_t byteHops = 0;  ///< bytes x links passed
};

/// What one link did. Nodes are numbered as in Network; beyond its ports lie a crossbar's switch
/// and routers without a core.
struct LinkUse {
  std::int64_t from = 0, to = 0;
  std::int64_t bytes = 0, busyCycles = 0;
};

/// The network between the cores of a chip and its memory ports. Nodes 0 .. cores - 1 are cores,
/// the ones after them memory ports. Messages of one source stay in order; a link is taken by one
/// message at a time, in the order of the calls, which come in non-decreasing order of start.
class Network {
 public:
  static std::unique_ptr<Network> make(const NetworkConfig& config, std::int64_t cores);
  virtual ~Network() = default;

  /// Moves bytes, leaving `from` no earlier than `start`. A message to its own node takes no time.
  virtual Delivery send(std::int64_t start, std::int64_t from, std::int64_t to,
                        std::int64_t bytes) = 0;
  /// The same bytes to many nodes; where the network has multicast each link passes them once.
  virtual std::vector<Delivery> multicast(std::int64_t start, std::int64_t from,
                                          std::span<const std::int64_t> to, std::int64_t bytes) = 0;

  /// The memory port that serves a core.
  virtual std::int64_t portOf(std::int64_t core) const = 0;
  /// Links between two nodes.
  virtual std::int64_t hops(std::int64_t from, std::int64_t to) const = 0;

  virtual void reset() = 0;
  /// Bytes that reached the nodes they were sent to since reset().
  virtual std::int64_t deliveredBytes() const = 0;
  /// Every link that has passed anything since reset().
  virtual std::vector<LinkUse> usedLinks() const = 0;

  /// Bytes that all links passed since reset().
  std::int64_t byteHops() const;
  /// Cycles in which the busiest link moved data since reset().
  std::int64_t busiestLinkCycles() const;
};

}  // namespace npusim
