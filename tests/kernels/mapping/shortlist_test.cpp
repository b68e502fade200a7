#include "kernels/mapping/shortlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace npusim::mapping {
namespace {

std::vector<double> costs(const Shortlist& list) {
  std::vector<double> result;
  for (const Shortlist::Entry& entry : list.entries()) result.push_back(entry.cost);
  return result;
}

TEST(Shortlist, KeepsTheCheapestInOrder) {
  Shortlist list(3);
  for (const std::int64_t tile : {5, 2, 8, 1, 4}) {
    list.offer(static_cast<double>(tile), {{tile}, {}}, true);
  }
  EXPECT_THAT(costs(list), testing::ElementsAre(1, 2, 4));
}

TEST(Shortlist, HoldsATilingOnce) {
  Shortlist list(4);
  list.offer(1, {{7}, {0}}, true);
  list.offer(1, {{7}, {0}}, true);
  list.offer(1, {{7}, {0}}, false);
  list.offer(1, {{9}, {0}}, true);
  EXPECT_THAT(costs(list), testing::ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace npusim::mapping
