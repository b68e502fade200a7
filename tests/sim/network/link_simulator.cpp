#include "tests/sim/network/link_simulator.h"

#include <algorithm>

namespace npusim {

LinkSimulator::LinkSimulator(const NetworkConfig& config, std::int64_t cores, std::int64_t columns)
    : config_(config), cores_(cores), columns_(columns) {}

std::int64_t LinkSimulator::routerOf(std::int64_t node) const {
  if (node < cores_) return node;
  const std::int64_t first = cores_ * (2 * (node - cores_) + 1) / (2 * config_.memoryPorts);
  return config_.topology == Topology::Mesh ? first - first % columns_ : first;
}

/// The nodes on the way, both ends included. Routers of a mesh without a core have numbers beyond
/// all ports.
std::vector<std::int64_t> LinkSimulator::route(std::int64_t from, std::int64_t to) const {
  std::vector<std::int64_t> places = {routerOf(from)};
  const std::int64_t end = routerOf(to);
  const std::int64_t up = ((end - places[0]) % cores_ + cores_) % cores_;
  while (places.back() != end) {
    const std::int64_t at = places.back();
    if (config_.topology == Topology::Ring) {
      places.push_back((at + (up <= cores_ - up ? 1 : cores_ - 1)) % cores_);
    } else if (at % columns_ != end % columns_) {
      places.push_back(at + (at % columns_ < end % columns_ ? 1 : -1));
    } else {
      places.push_back(at + (at < end ? columns_ : -columns_));
    }
  }
  for (std::int64_t& place : places) place += place >= cores_ ? config_.memoryPorts : 0;
  if (from >= cores_) places.insert(places.begin(), from);
  if (to >= cores_) places.push_back(to);
  return places;
}

void LinkSimulator::add(std::int64_t start, std::int64_t from, const std::vector<std::int64_t>& to,
                        std::int64_t bytes) {
  Message message{start, (bytes + config_.linkBytes - 1) / config_.linkBytes, {}, {}};
  for (const std::int64_t target : to) {
    const std::vector<std::int64_t> nodes =
        target == from ? std::vector{from} : route(from, target);
    int before = -1;
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      const LinkKey key{nodes[i - 1], nodes[i]};
      auto hop = std::ranges::find(message.hops, key, &Hop::link);
      if (hop == message.hops.end()) {
        message.hops.push_back({key, before, {}});
        hop = message.hops.end() - 1;
        links_[key].queue.push_back(messages_.size());
        bytesByLink_[key] += bytes;
      }
      before = static_cast<int>(hop - message.hops.begin());
    }
    message.last.push_back(before);
  }
  messages_.push_back(message);
}

bool LinkSimulator::tryEnter(std::size_t number, Hop& hop, std::int64_t now) {
  const Message& message = messages_[number];
  const std::size_t flit = hop.entries.size();
  if (now < message.start || std::ssize(hop.entries) == message.flits) return false;
  LinkState& link = links_[hop.link];
  if (link.queue[link.owner] != number || link.lastEntry == now) return false;
  if (hop.before >= 0) {
    const Hop& before = message.hops[static_cast<std::size_t>(hop.before)];
    if (before.entries.size() <= flit || before.entries[flit] + config_.hopCycles > now) {
      return false;
    }
  }
  hop.entries.push_back(now);
  link.lastEntry = now;
  if (std::ssize(hop.entries) == message.flits) ++link.owner;
  return true;
}

void LinkSimulator::run() {
  std::int64_t left = 0;
  for (const Message& message : messages_) left += message.flits * std::ssize(message.hops);
  for (std::int64_t now = 0; left > 0; ++now) {
    for (std::size_t m = 0; m < messages_.size(); ++m) {
      for (Hop& hop : messages_[m].hops) left -= tryEnter(m, hop, now) ? 1 : 0;
    }
  }
}

std::int64_t LinkSimulator::arrival(std::size_t message, std::size_t target) const {
  const Message& sent = messages_[message];
  const int last = sent.last[target];
  if (last < 0) return sent.start;
  return sent.hops[static_cast<std::size_t>(last)].entries.back() + 1 + config_.hopCycles;
}

}  // namespace npusim
