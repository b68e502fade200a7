#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sim/config/chip_config.h"

namespace npusim {

/// The naive picture of a mesh or ring: every cycle every message tries to move one more flit (what
/// a link passes in a cycle) onto each link of its way. A link passes one flit a cycle and belongs
/// to one message until its last flit is in; the next one is the message that was added next. A
/// flit may go on `hopCycles` after it entered the link before.
class LinkSimulator {
 public:
  LinkSimulator(const NetworkConfig& config, std::int64_t cores, std::int64_t columns);

  /// A message to some nodes; each link on the way to several of them passes it once.
  void add(std::int64_t start, std::int64_t from, const std::vector<std::int64_t>& to,
           std::int64_t bytes);
  /// Steps until everything has arrived.
  void run();

  /// Of the `message`-th one added: when all of it is at its `target`-th node.
  std::int64_t arrival(std::size_t message, std::size_t target) const;

  using LinkKey = std::pair<std::int64_t, std::int64_t>;  ///< from node, to node
  const std::map<LinkKey, std::int64_t>& bytesByLink() const { return bytesByLink_; }

 private:
  struct Hop {
    LinkKey link;
    int before = -1;                    ///< hop over which the message comes; -1: starts here
    std::vector<std::int64_t> entries;  ///< cycle at which each flit entered the link
  };
  struct Message {
    std::int64_t start = 0, flits = 0;
    std::vector<Hop> hops;
    std::vector<int> last;  ///< hop that ends at each target
  };
  struct LinkState {
    std::vector<std::size_t> queue;  ///< messages in the order in which they get it
    std::size_t owner = 0;
    std::int64_t lastEntry = -1;
  };

  std::vector<std::int64_t> route(std::int64_t from, std::int64_t to) const;
  std::int64_t routerOf(std::int64_t node) const;
  bool tryEnter(std::size_t number, Hop& hop, std::int64_t now);

  const NetworkConfig config_;
  const std::int64_t cores_, columns_;
  std::vector<Message> messages_;
  std::map<LinkKey, LinkState> links_;
  std::map<LinkKey, std::int64_t> bytesByLink_;
};

}  // namespace npusim
