#include "sim/chip/sequencer.h"

#include <gmock/gmock.h>

#include "sim/core/error.h"

namespace npusim {
namespace {

std::vector<isa::Instruction> queueOf(std::vector<decltype(isa::Instruction::body)> bodies) {
  std::vector<isa::Instruction> queue;
  for (auto& body : bodies) queue.push_back({std::move(body), 0, {}, {}});
  return queue;
}

TEST(Sequencer, WalksNestedLoopsWithIndexAndFlatCount) {
  const auto queue = queueOf({isa::Sync{}, isa::Loop{2}, isa::Loop{3}, isa::Sync{}, isa::EndLoop{},
                              isa::Sync{}, isa::EndLoop{}, isa::Sync{}});
  Sequencer sequencer(queue);
  std::vector<std::vector<std::int64_t>> seen;
  for (; sequencer.current(); sequencer.advance()) {
    std::vector<std::int64_t> at = {static_cast<std::int64_t>(sequencer.number())};
    for (std::size_t d = 0; d < sequencer.depth(); ++d) {
      at.push_back(sequencer.indices().index[d]);
      at.push_back(sequencer.indices().flat[d]);
    }
    seen.push_back(at);
  }
  using Visits = std::vector<std::vector<std::int64_t>>;
  EXPECT_EQ(seen, (Visits{{0},
                          {3, 0, 0, 0, 0},
                          {3, 0, 0, 1, 1},
                          {3, 0, 0, 2, 2},
                          {5, 0, 0},
                          {3, 1, 1, 0, 3},
                          {3, 1, 1, 1, 4},
                          {3, 1, 1, 2, 5},
                          {5, 1, 1},
                          {7}}));
}

TEST(Sequencer, RestartsAtTheBeginning) {
  const auto queue = queueOf({isa::Loop{2}, isa::Sync{}, isa::EndLoop{}});
  Sequencer sequencer(queue);
  sequencer.advance();
  sequencer.restart();
  EXPECT_EQ(sequencer.indices().index[0], 0);
  sequencer.advance();
  sequencer.advance();
  EXPECT_EQ(sequencer.current(), nullptr);
}

TEST(Sequencer, RefusesLoopsThatVerifyWouldRefuse) {
  const auto empty = queueOf({isa::Loop{0}, isa::Sync{}, isa::EndLoop{}});
  EXPECT_THROW(Sequencer{empty}, InternalError);
  const auto unopened = queueOf({isa::EndLoop{}});
  EXPECT_THROW(Sequencer{unopened}, InternalError);
}

}  // namespace
}  // namespace npusim
