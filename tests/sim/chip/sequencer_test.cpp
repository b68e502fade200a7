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

/// A queue and a walk of it by one core.
struct Walk {
  explicit Walk(std::vector<isa::Instruction> instructions, std::int64_t core = 0)
      : queue(std::move(instructions)), ends(rangeEnds(queue)), sequencer(queue, ends, core) {}
  std::vector<isa::Instruction> queue;
  std::vector<std::size_t> ends;
  Sequencer sequencer;
};

TEST(Sequencer, WalksNestedLoopsWithIndexAndFlatCount) {
  Walk walk(queueOf({isa::Sync{}, isa::Loop{2}, isa::Loop{3}, isa::Sync{}, isa::EndLoop{},
                     isa::Sync{}, isa::EndLoop{}, isa::Sync{}}));
  Sequencer& sequencer = walk.sequencer;
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

TEST(Sequencer, StopsAtConditionsAndSkipsWhatIsNotTaken) {
  const isa::Loop decided{1, isa::Condition{}};
  Walk walk(queueOf({isa::Loop{2}, decided, isa::Loop{3}, isa::Sync{}, isa::EndLoop{},
                     isa::EndLoop{}, isa::EndLoop{}, isa::Sync{}}));
  Sequencer& sequencer = walk.sequencer;
  ASSERT_NE(sequencer.condition(), nullptr);
  EXPECT_EQ(sequencer.number(), 1U);
  sequencer.decide(true);
  for (std::int64_t pass = 0; pass < 3; ++pass, sequencer.advance()) {
    EXPECT_EQ(sequencer.number(), 3U);
    EXPECT_EQ(sequencer.indices().index[2], pass);
    EXPECT_EQ(sequencer.condition(), nullptr);
  }
  EXPECT_EQ(sequencer.number(), 1U);
  EXPECT_EQ(sequencer.indices().index[0], 1);
  sequencer.decide(false);
  EXPECT_EQ(sequencer.number(), 7U);
  EXPECT_EQ(sequencer.depth(), 0U);
}

TEST(Sequencer, RestartsAtTheBeginning) {
  Walk walk(queueOf({isa::Loop{2}, isa::Sync{}, isa::EndLoop{}}));
  Sequencer& sequencer = walk.sequencer;
  sequencer.advance();
  sequencer.restart();
  EXPECT_EQ(sequencer.indices().index[0], 0);
  sequencer.advance();
  sequencer.advance();
  EXPECT_EQ(sequencer.current(), nullptr);
}

TEST(Sequencer, RefusesLoopsThatVerifyWouldRefuse) {
  EXPECT_THROW(Walk(queueOf({isa::Loop{0}, isa::Sync{}, isa::EndLoop{}})), InternalError);
  EXPECT_THROW(Walk(queueOf({isa::EndLoop{}})), InternalError);
}

/// Positions that a core visits, with its number among those that run the instruction.
std::vector<std::pair<std::size_t, std::int64_t>> visits(const std::vector<isa::Instruction>& queue,
                                                         std::int64_t core) {
  Walk walk(queue, core);
  std::vector<std::pair<std::size_t, std::int64_t>> seen;
  for (Sequencer& at = walk.sequencer; at.current(); at.advance()) {
    seen.emplace_back(at.number(), at.indices().core);
  }
  return seen;
}

TEST(Sequencer, SkipsWhatOtherCoresRun) {
  auto queue =
      queueOf({isa::Sync{}, isa::Loop{2}, isa::Sync{}, isa::EndLoop{}, isa::Sync{}, isa::Sync{},
               isa::Loop{3}, isa::Loop{2}, isa::Sync{}, isa::EndLoop{}, isa::EndLoop{}});
  for (std::size_t i = 1; i <= 4; ++i) queue[i].cores = {2, 2};
  for (std::size_t i = 6; i < queue.size(); ++i) queue[i].cores = {3, 5};
  EXPECT_EQ(rangeEnds(queue), (std::vector<std::size_t>{1, 5, 5, 5, 5, 6, 11, 11, 11, 11, 11}));
  using Visits = std::vector<std::pair<std::size_t, std::int64_t>>;
  EXPECT_EQ(visits(queue, 0), (Visits{{0, 0}, {5, 0}}));
  EXPECT_EQ(visits(queue, 2), (Visits{{0, 2}, {2, 0}, {2, 0}, {4, 0}, {5, 2}}));
  EXPECT_EQ(
      visits(queue, 3),
      (Visits{
          {0, 3}, {2, 1}, {2, 1}, {4, 1}, {5, 3}, {8, 0}, {8, 0}, {8, 0}, {8, 0}, {8, 0}, {8, 0}}));
  EXPECT_EQ(visits(queue, 7),
            (Visits{{0, 7}, {5, 7}, {8, 4}, {8, 4}, {8, 4}, {8, 4}, {8, 4}, {8, 4}}));
}

}  // namespace
}  // namespace npusim
