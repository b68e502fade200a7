#pragma once

#include <algorithm>
#include <vector>

#include "sim/core/rounding.h"
#include "sim/network/network.h"
#include "sim/network/port_spread.h"
#include "sim/network/routes.h"

namespace npusim {

/// A network whose links pass `linkBytes` a cycle and belong to one message at a time. The head of
/// a message leaves over a link as soon as it is there and the link is free, and is at the link's
/// other end `hopCycles` later; the body follows without gaps. Where the head has to wait, routers
/// have room for the body: it does not hold the links behind. A message over h free links has
/// arrived h x hopCycles + bytes / linkBytes (rounded up) after its start.
template <typename Routes>
class LinkNetwork : public Network {
 public:
  LinkNetwork(const NetworkConfig& config, std::int64_t cores)
      : linkBytes_(config.linkBytes),
        hopCycles_(config.hopCycles),
        multicasts_(config.multicast),
        spread_{cores, config.memoryPorts},
        routes_(config, cores),
        links_(static_cast<std::size_t>(routes_.links())),
        nodes_(static_cast<std::size_t>(routes_.nodes())) {
    path_.reserve(nodes_.size());
  }

  Delivery send(std::int64_t start, std::int64_t from, std::int64_t to,
                std::int64_t bytes) override {
    const Message message = begin(start, from, bytes);
    return deliver(message, inside(to));
  }

  std::vector<Delivery> multicast(std::int64_t start, std::int64_t from,
                                  std::span<const std::int64_t> to, std::int64_t bytes) override {
    std::vector<Delivery> deliveries;
    deliveries.reserve(to.size());
    if (multicasts_) {
      const Message message = begin(start, from, bytes);
      for (const std::int64_t node : to) deliveries.push_back(deliver(message, inside(node)));
    } else {
      for (const std::int64_t node : to) deliveries.push_back(send(start, from, node, bytes));
    }
    return deliveries;
  }

  std::int64_t portOf(std::int64_t core) const override {
    return spread_.cores + spread_.portOf(core);
  }
  std::int64_t hops(std::int64_t from, std::int64_t to) const override {
    return routes_.hops(inside(from), inside(to));
  }

  void reset() override {
    std::fill(links_.begin(), links_.end(), Link{});
    std::fill(nodes_.begin(), nodes_.end(), Node{});
    number_ = 0;
    deliveredBytes_ = 0;
  }

  std::int64_t deliveredBytes() const override { return deliveredBytes_; }
  std::vector<LinkUse> usedLinks() const override {
    std::vector<LinkUse> used;
    for (const Link& link : links_) {
      if (link.use.bytes == 0) continue;
      used.push_back(link.use);
      used.back().from = outside(link.use.from);
      used.back().to = outside(link.use.to);
    }
    return used;
  }

 private:
  struct Link {
    std::int64_t free = 0;  ///< from this cycle on
    LinkUse use;            ///< ends by the numbers of routes
  };
  struct Node {
    std::int64_t message = 0;  ///< the last one that came here
    std::int64_t arrival = 0;  ///< of its head
  };
  struct Message {
    std::int64_t from = 0, bytes = 0, cycles = 0;
  };
  struct Passage {
    RouteStep step;  ///< the link and the node that it leaves
    std::int64_t to = 0;
  };

  /// The number by which routes know a node of Network's numbering.
  std::int64_t inside(std::int64_t node) const {
    return node < spread_.cores ? node : node - spread_.cores + routes_.firstPort();
  }
  /// Inverse of inside(). Places between cores and ports, and the one behind them, are no nodes of
  /// Network's numbering: they follow its ports.
  std::int64_t outside(std::int64_t node) const {
    if (node < spread_.cores) return node;
    const std::int64_t port = node - routes_.firstPort();
    return port >= 0 ? spread_.cores + port : node + spread_.ports;
  }
  Link& link(std::int64_t number) { return links_[static_cast<std::size_t>(number)]; }
  Node& node(std::int64_t number) { return nodes_[static_cast<std::size_t>(number)]; }

  Message begin(std::int64_t start, std::int64_t from, std::int64_t bytes) {
    const Message message{inside(from), bytes, ceilDiv(bytes, linkBytes_)};
    ++number_;
    node(message.from).message = number_;
    node(message.from).arrival = start;
    return message;
  }

  /// Takes the links from where the message already is to node `to`.
  Delivery deliver(const Message& message, std::int64_t to) {
    path_.clear();
    std::int64_t at = to;
    while (node(at).message != number_) {
      const RouteStep step = routes_.before(message.from, at);
      path_.push_back({step, at});
      at = step.node;
    }
    std::int64_t time = node(at).arrival;
    for (auto step = path_.rbegin(); step != path_.rend(); ++step) {
      time = pass(message, *step, time);
      node(step->to) = {number_, time};
    }
    if (to == message.from) return {.firstByte = time, .lastByte = time};
    deliveredBytes_ += message.bytes;
    return {time, time + message.cycles, message.bytes,
            static_cast<std::int64_t>(path_.size()) * message.bytes};
  }

  /// The head comes to a link at `time`; returns when it is at the other end.
  std::int64_t pass(const Message& message, const Passage& passage, std::int64_t time) {
    Link& taken = link(passage.step.link);
    const std::int64_t entry = std::max(time, taken.free);
    taken.free = entry + message.cycles;
    taken.use = {passage.step.node, passage.to, taken.use.bytes + message.bytes,
                 taken.use.busyCycles + message.cycles};
    return entry + hopCycles_;
  }

  const std::int64_t linkBytes_, hopCycles_;
  const bool multicasts_;
  const PortSpread spread_;
  const Routes routes_;
  std::vector<Link> links_;
  std::vector<Node> nodes_;
  std::int64_t number_ = 0;  ///< of the present message
  std::int64_t deliveredBytes_ = 0;
  std::vector<Passage> path_;  ///< backwards
};

}  // namespace npusim
