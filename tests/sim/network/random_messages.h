#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace npusim {

struct TestMessage {
  std::int64_t start = 0, from = 0;
  std::vector<std::int64_t> to;
  std::int64_t bytes = 0;
};

/// Messages between `nodes` nodes in the order of their starts, some of them to several nodes.
inline std::vector<TestMessage> randomMessages(std::mt19937& random, int count,
                                               std::int64_t nodes) {
  const auto pick = [&](std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random);
  };
  std::vector<TestMessage> messages;
  std::int64_t start = 0;
  for (int i = 0; i < count; ++i) {
    start += pick(4) == 0 ? pick(20) : 0;
    TestMessage message{start, pick(nodes), {pick(nodes)}, 1 + pick(pick(3) == 0 ? 200 : 20)};
    for (std::int64_t more = pick(3) == 0 ? pick(4) : 0; more > 0; --more) {
      const std::int64_t node = pick(nodes);
      if (std::ranges::find(message.to, node) == message.to.end()) message.to.push_back(node);
    }
    messages.push_back(message);
  }
  return messages;
}

}  // namespace npusim
