#include "sim/network/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "tests/sim/network/link_simulator.h"
#include "tests/sim/network/random_messages.h"

namespace npusim {
namespace {

constexpr Topology kTopologies[] = {Topology::Crossbar, Topology::Mesh, Topology::Ring,
                                    Topology::Exchange};

NetworkConfig config(Topology topology, std::int64_t linkBytes = 8, std::int64_t hopCycles = 1) {
  NetworkConfig network;
  network.topology = topology;
  network.linkBytes = linkBytes;
  network.hopCycles = hopCycles;
  return network;
}

std::string describe(unsigned seed, const NetworkConfig& network, std::int64_t cores) {
  return "seed " + std::to_string(seed) + ", " + std::string(name(network.topology)) + " of " +
         std::to_string(cores) + " cores, " + std::to_string(network.columns) + " columns, " +
         std::to_string(network.memoryPorts) + " ports, " + std::to_string(network.linkBytes) +
         " bytes, " + std::to_string(network.hopCycles) + " cycles a hop";
}

/// Sends everything and returns all deliveries in order.
std::vector<Delivery> sendAll(Network& network, const std::vector<TestMessage>& messages) {
  std::vector<Delivery> all;
  for (const TestMessage& message : messages) {
    const auto some = network.multicast(message.start, message.from, message.to, message.bytes);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

struct RandomNetwork {
  NetworkConfig network;
  std::int64_t cores = 1;
};

RandomNetwork randomNetwork(std::mt19937& random, Topology topology) {
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  RandomNetwork made{config(topology, pick(1, 16), pick(0, 4)), pick(1, 18)};
  made.network.memoryPorts = pick(1, 5);
  if (topology == Topology::Mesh) made.network.columns = pick(1, made.cores);
  return made;
}

TEST(Network, LatencyOfAFreeWayIsHopsAndBytes) {
  for (const Topology topology : kTopologies) {
    for (const std::int64_t bytes : {1, 8, 9, 1000}) {
      const auto network = Network::make(config(topology, 8, 3), 12);
      const std::int64_t hops = network->hops(1, 10);
      const Delivery delivery = network->send(100, 1, 10, bytes);
      EXPECT_EQ(delivery.firstByte, 100 + 3 * hops) << name(topology);
      EXPECT_EQ(delivery.lastByte, 100 + 3 * hops + ceilDiv(bytes, 8)) << name(topology);
      EXPECT_EQ(delivery.byteHops, hops * bytes) << name(topology);
    }
  }
}

TEST(Network, MessageToItselfTakesNoTime) {
  for (const Topology topology : kTopologies) {
    const auto network = Network::make(config(topology), 4);
    const Delivery delivery = network->send(7, 2, 2, 100);
    EXPECT_EQ(delivery.lastByte, 7);
    EXPECT_EQ(delivery.byteHops, 0);
    EXPECT_EQ(network->send(7, 2, 3, 8).firstByte, 7 + network->hops(2, 3)) << "its link is free";
  }
}

TEST(Network, HopsOfEachTopology) {
  const auto crossbar = Network::make(config(Topology::Crossbar), 16);
  EXPECT_EQ(crossbar->hops(0, 15), 2);
  const auto ring = Network::make(config(Topology::Ring), 16);
  EXPECT_EQ(ring->hops(0, 15), 1);
  EXPECT_EQ(ring->hops(2, 10), 8);
  const auto mesh = Network::make(config(Topology::Mesh), 16);
  EXPECT_EQ(mesh->hops(0, 15), 6);
  EXPECT_EQ(mesh->hops(4, 6), 2);
}

TEST(Network, MeshIsAsSquareAsPossible) {
  const auto widest = [](std::int64_t cores) {
    const auto mesh = Network::make(config(Topology::Mesh), cores);
    std::int64_t columns = 1;
    while (columns < cores && mesh->hops(0, columns) == columns) ++columns;
    return columns;
  };
  EXPECT_EQ(widest(2), 2);
  EXPECT_EQ(widest(4), 2);
  EXPECT_EQ(widest(8), 4);
  EXPECT_EQ(widest(16), 4);
  EXPECT_EQ(widest(64), 8);
  EXPECT_EQ(widest(354), 19);
  EXPECT_EQ(widest(13), 4);
}

TEST(Network, PortsServeEquallyManyCoresFromTheFirstColumn) {
  NetworkConfig four = config(Topology::Mesh);
  four.memoryPorts = 4;
  const auto mesh = Network::make(four, 64);
  std::map<std::int64_t, int> served;
  for (std::int64_t core = 0; core < 64; ++core) ++served[mesh->portOf(core)];
  EXPECT_THAT(served, testing::ElementsAre(testing::Pair(64, 16), testing::Pair(65, 16),
                                           testing::Pair(66, 16), testing::Pair(67, 16)));
  EXPECT_EQ(mesh->hops(64, 8), 1) << "rows 0 and 1 are served from row 1, column 0";
  EXPECT_EQ(mesh->hops(64, 0), 2);
  EXPECT_EQ(mesh->hops(67, 56), 1);
}

using BytesByLink = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;

BytesByLink bytesByLink(const Network& network) {
  BytesByLink bytes;
  for (const LinkUse& link : network.usedLinks()) bytes[{link.from, link.to}] += link.bytes;
  return bytes;
}

TEST(Network, EqualsTheLinkSimulator) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] =
        randomNetwork(random, seed % 2 == 0 ? Topology::Mesh : Topology::Ring);
    const auto messages = randomMessages(random, 30, cores + network.memoryPorts);
    const auto tested = Network::make(network, cores);
    LinkSimulator simulator(network, cores, network.columns);
    for (const TestMessage& m : messages) simulator.add(m.start, m.from, m.to, m.bytes);
    simulator.run();
    for (std::size_t m = 0; m < messages.size(); ++m) {
      const TestMessage& sent = messages[m];
      const auto got = tested->multicast(sent.start, sent.from, sent.to, sent.bytes);
      for (std::size_t t = 0; t < got.size(); ++t) {
        ASSERT_EQ(got[t].lastByte, simulator.arrival(m, t))
            << describe(seed, network, cores) << ", message " << m << " from " << sent.from
            << " to " << sent.to[t];
      }
    }
    EXPECT_EQ(bytesByLink(*tested), simulator.bytesByLink()) << describe(seed, network, cores);
  }
}

/// Of a crossbar nothing but what each node sends and receives counts.
TEST(Network, EachEndOfACrossbarPassesItsOwnBytes) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] =
        randomNetwork(random, seed % 2 == 0 ? Topology::Crossbar : Topology::Exchange);
    const std::int64_t hub = cores + network.memoryPorts;
    const auto tested = Network::make(network, cores);
    BytesByLink expected;
    for (const TestMessage& sent : randomMessages(random, 50, hub)) {
      tested->multicast(sent.start, sent.from, sent.to, sent.bytes);
      const bool leaves = sent.to.size() > 1 || sent.to[0] != sent.from;
      if (leaves) expected[{sent.from, hub}] += sent.bytes;
      for (const std::int64_t to : sent.to) {
        if (to != sent.from) expected[{hub, to}] += sent.bytes;
      }
    }
    EXPECT_EQ(bytesByLink(*tested), expected) << describe(seed, network, cores);
  }
}

TEST(Network, CountsWhatItDelivers) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] = randomNetwork(random, kTopologies[seed % 4]);
    const auto tested = Network::make(network, cores);
    const auto messages = randomMessages(random, 50, cores + network.memoryPorts);
    std::int64_t wanted = 0, bytes = 0, byteHops = 0;
    for (const TestMessage& sent : messages) {
      for (const std::int64_t to : sent.to) wanted += to == sent.from ? 0 : sent.bytes;
    }
    for (const Delivery& delivery : sendAll(*tested, messages)) {
      bytes += delivery.bytes;
      byteHops += delivery.byteHops;
    }
    EXPECT_EQ(bytes, wanted) << describe(seed, network, cores);
    EXPECT_EQ(tested->deliveredBytes(), wanted) << describe(seed, network, cores);
    EXPECT_EQ(tested->byteHops(), byteHops) << describe(seed, network, cores);
    tested->reset();
    EXPECT_EQ(tested->byteHops() + tested->deliveredBytes() + tested->busiestLinkCycles(), 0);
  }
}

TEST(Network, NoLinkPassesMoreThanItsWidth) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] = randomNetwork(random, kTopologies[seed % 4]);
    const std::int64_t nodes = cores + network.memoryPorts;
    const auto tested = Network::make(network, cores);
    std::map<std::int64_t, std::int64_t> into;
    std::int64_t end = 0;
    for (const TestMessage& sent : randomMessages(random, 80, nodes)) {
      const auto got = tested->multicast(sent.start, sent.from, sent.to, sent.bytes);
      for (std::size_t t = 0; t < got.size(); ++t) {
        end = std::max(end, got[t].lastByte);
        if (sent.to[t] != sent.from) into[sent.to[t]] += sent.bytes;
      }
    }
    EXPECT_LE(tested->busiestLinkCycles(), end) << describe(seed, network, cores);
    const std::int64_t linksInto = network.topology == Topology::Mesh   ? 5
                                   : network.topology == Topology::Ring ? 3
                                                                        : 1;
    for (const auto& [node, bytes] : into) {
      EXPECT_LE(bytes, end * network.linkBytes * linksInto) << describe(seed, network, cores);
    }
  }
}

TEST(Network, BisectionLimitsAMesh) {
  const auto mesh = Network::make(config(Topology::Mesh), 16);
  std::mt19937 random(5);
  std::int64_t bytes = 0;
  std::int64_t end = 0;
  for (int i = 0; i < 400; ++i) {
    const auto left = static_cast<std::int64_t>(random() % 4 * 4 + random() % 2);
    const auto right = static_cast<std::int64_t>(random() % 4 * 4 + 2 + random() % 2);
    end = std::max(end, mesh->send(0, left, right, 64).lastByte);
    bytes += 64;
  }
  constexpr std::int64_t kRows = 4;
  EXPECT_GE(end, bytes / (8 * kRows));
  EXPECT_LE(end, 2 * bytes / (8 * kRows)) << "the four links across the middle share the load";
}

TEST(Network, WiderLinksAndShorterHopsAreNeverSlower) {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    std::mt19937 random(seed);
    const auto [narrow, cores] = randomNetwork(random, kTopologies[seed % 4]);
    const auto messages = randomMessages(random, 60, cores + narrow.memoryPorts);
    NetworkConfig wide = narrow;
    wide.linkBytes += 1 + static_cast<std::int64_t>(random() % 8);
    NetworkConfig quick = narrow;
    quick.hopCycles = narrow.hopCycles / 2;
    const auto before = sendAll(*Network::make(narrow, cores), messages);
    for (const NetworkConfig& better : {wide, quick}) {
      const auto after = sendAll(*Network::make(better, cores), messages);
      for (std::size_t i = 0; i < before.size(); ++i) {
        ASSERT_LE(after[i].lastByte, before[i].lastByte) << describe(seed, narrow, cores);
      }
    }
  }
}

TEST(Network, MessagesBetweenTwoNodesStayInOrder) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] = randomNetwork(random, kTopologies[seed % 4]);
    const auto tested = Network::make(network, cores);
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> last;
    for (const TestMessage& sent : randomMessages(random, 80, cores + network.memoryPorts)) {
      if (sent.to[0] == sent.from) continue;
      const Delivery got = tested->send(sent.start, sent.from, sent.to[0], sent.bytes);
      std::int64_t& before = last[{sent.from, sent.to[0]}];
      EXPECT_GE(got.firstByte, before) << describe(seed, network, cores);
      before = got.lastByte;
    }
  }
}

/// Whatever the order of the messages, here the worst: all send to core 0 first.
TEST(Network, BothEndsAloneLimitCrossbarAndExchange) {
  for (const Topology topology : {Topology::Crossbar, Topology::Exchange}) {
    constexpr std::int64_t kCores = 32;
    const auto network = Network::make(config(topology, 4, 3), kCores);
    std::int64_t end = 0;
    for (std::int64_t to = 0; to < kCores; ++to) {
      for (std::int64_t from = 0; from < kCores; ++from) {
        end = std::max(end, network->send(0, from, to, 40).lastByte);
      }
    }
    EXPECT_GE(end, 2 * 3 + (kCores - 1) * 10);
    EXPECT_LE(end, 2 * 3 + 2 * (kCores - 1) * 10);
    EXPECT_EQ(network->busiestLinkCycles(), (kCores - 1) * 10);
  }
}

TEST(Network, TurnsFillAllLinksOfAnExchange) {
  constexpr std::int64_t kCores = 32;
  const auto exchange = Network::make(config(Topology::Exchange, 4, 3), kCores);
  std::int64_t end = 0;
  for (std::int64_t round = 1; round < kCores; ++round) {
    for (std::int64_t core = 0; core < kCores; ++core) {
      end = std::max(end, exchange->send(0, core, (core + round) % kCores, 40).lastByte);
    }
  }
  EXPECT_EQ(end, 2 * 3 + (kCores - 1) * 10);
}

TEST(Network, MulticastPassesEachLinkOnce) {
  const std::vector<std::int64_t> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  NetworkConfig mesh = config(Topology::Mesh);
  const auto tree = Network::make(mesh, 16);
  std::int64_t last = 0;
  for (const Delivery& delivery : tree->multicast(0, 0, all, 80)) {
    last = std::max(last, delivery.lastByte);
  }
  EXPECT_EQ(tree->byteHops(), 15 * 80) << "a tree over 16 nodes has 15 links";
  EXPECT_EQ(last, 6 + 10);
  mesh.multicast = false;
  const auto separate = Network::make(mesh, 16);
  std::int64_t slow = 0;
  for (const Delivery& delivery : separate->multicast(0, 0, all, 80)) {
    slow = std::max(slow, delivery.lastByte);
  }
  EXPECT_EQ(separate->byteHops(), 48 * 80) << "the sum of all distances";
  EXPECT_GE(slow, 12 * 10) << "twelve messages leave over the link to the east";
}

TEST(Network, MulticastToOneIsAMessage) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto [network, cores] = randomNetwork(random, kTopologies[seed % 4]);
    const auto one = Network::make(network, cores);
    const auto many = Network::make(network, cores);
    for (const TestMessage& sent : randomMessages(random, 40, cores + network.memoryPorts)) {
      const auto a = one->send(sent.start, sent.from, sent.to[0], sent.bytes);
      const auto b = many->multicast(sent.start, sent.from, {sent.to.data(), 1}, sent.bytes);
      ASSERT_EQ(a.lastByte, b[0].lastByte) << describe(seed, network, cores);
      ASSERT_EQ(a.byteHops, b[0].byteHops) << describe(seed, network, cores);
    }
  }
}

TEST(Network, RefusesMoreColumnsThanCores) {
  NetworkConfig mesh = config(Topology::Mesh);
  mesh.columns = 9;
  try {
    Network::make(mesh, 8);
    FAIL() << "9 columns of 8 cores";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "network.columns is 9 for 8 cores; it must be 1..8, or 0 for a mesh that is as "
                 "square as possible");
  }
}

}  // namespace
}  // namespace npusim
