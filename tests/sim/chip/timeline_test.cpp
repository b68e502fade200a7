#include "sim/chip/timeline.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "sim/chip/idle_walk.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using isa::Engine;
using npusim::testing::ProgramBuilder;
using Activity = Timeline::Activity;

/// Inputs are loaded by LoadInputs, which waits for what Vector makes.
class TimelineTest : public ::testing::Test {
 protected:
  TimelineTest() : builder_(npusim::testing::smallChip()) {
    builder_.layer("layer", 0);
    made_ = builder_.semaphore("made");
    loaded_ = builder_.semaphore("loaded");
    builder_.add(Engine::Vector, isa::Sync{}, {}, {made_});
    builder_.add(Engine::LoadInputs, isa::Sync{}, {made_}, {loaded_});
    builder_.add(Engine::Matrix, isa::Sync{}, {loaded_});
  }

  /// One core's timeline, with the semaphores that its waits are found by.
  struct Core {
    explicit Core(const isa::Program& program)
        : table(program),
          collectives(program, 1, 0),
          semaphores(table, collectives, 0),
          timeline(semaphores) {}
    SemaphoreTable table;
    Collectives collectives;
    Semaphores semaphores;
    Timeline timeline;
  };

  ProgramBuilder builder_;
  isa::SemaphoreId made_ = 0, loaded_ = 0;
};

TEST_F(TimelineTest, IdleCyclesGoToTheEngineAtWorkAtTheEndOfTheChain) {
  Core core(builder_.program());
  Timeline& timeline = core.timeline;
  timeline.set(Engine::LoadInputs, {Activity::Waiting, made_}, 0);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 0);
  timeline.set(Engine::Vector, {Activity::Done}, 30);
  timeline.set(Engine::LoadInputs, {Activity::Busy}, 30);
  timeline.set(Engine::Matrix, {Activity::Busy}, 50);
  timeline.idle(51, IdleCause::Overhead);
  timeline.busy(90, 90);
  timeline.set(Engine::LoadInputs, {Activity::Done}, 60);
  timeline.set(Engine::Store, {Activity::Busy}, 80);
  timeline.set(Engine::Matrix, {Activity::Done}, 90);
  timeline.finish(100);
  const auto& found = timeline.intervals();
  ASSERT_EQ(found.size(), 4U);
  const IdleInterval expected[] = {{0, 30, IdleCause::Vector},
                                   {30, 50, IdleCause::Dram},
                                   {50, 51, IdleCause::Overhead},
                                   {90, 100, IdleCause::Dram}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(found[i].begin, expected[i].begin) << i;
    EXPECT_EQ(found[i].end, expected[i].end) << i;
    EXPECT_EQ(found[i].cause, expected[i].cause) << i;
  }
}

/// While the next tile waits for DRAM the array waits for DRAM, draining or not; with nobody at
/// work it drains.
TEST_F(TimelineTest, DrainingCountsOnlyWhereNothingElseIsAwaited) {
  Core core(builder_.program());
  Timeline& timeline = core.timeline;
  timeline.set(Engine::LoadInputs, {Activity::Busy}, 0);
  timeline.busy(40, 60);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 10);
  timeline.set(Engine::Matrix, {Activity::Busy}, 50);
  timeline.busy(90, 110);
  for (const Engine engine :
       {Engine::LoadWeights, Engine::LoadInputs, Engine::Matrix, Engine::Vector, Engine::Store}) {
    timeline.set(engine, {Activity::Done}, 80);
  }
  timeline.finish(115);
  const auto& found = timeline.intervals();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].cause, IdleCause::Dram);
  EXPECT_EQ(found[0].end - found[0].begin, 10);
  EXPECT_EQ(found[1].cause, IdleCause::Drain);
  EXPECT_EQ(found[1].end - found[1].begin, 20);
  EXPECT_EQ(found[2].cause, IdleCause::Dependency);
  EXPECT_EQ(found[2].end, 115);
}

TEST_F(TimelineTest, AWaitWhileTheArrayStillWorksIsNotIdle) {
  Core core(builder_.program());
  Timeline& timeline = core.timeline;
  timeline.busy(40, 40);
  timeline.set(Engine::LoadInputs, {Activity::Busy}, 0);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 10);
  timeline.set(Engine::Matrix, {Activity::Busy}, 45);
  ASSERT_EQ(timeline.intervals().size(), 1U);
  EXPECT_EQ(timeline.intervals()[0].begin, 40);
  EXPECT_EQ(timeline.intervals()[0].end, 45);
}

void expectIntervals(const std::vector<IdleInterval>& found,
                     const std::vector<IdleInterval>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].begin, expected[i].begin) << i;
    EXPECT_EQ(found[i].end, expected[i].end) << i;
    EXPECT_EQ(found[i].cause, expected[i].cause) << i;
  }
}

/// Two cores that wait for each other at the barrier `met`.
class TwoCores : public ::testing::Test {
 protected:
  static constexpr std::int64_t kSync = 8;

  TwoCores() : builder_(npusim::testing::smallChip()) {
    builder_.layer("layer", 0);
    met_ = builder_.semaphore("met", 0, isa::CoreRange{});
    loaded_ = builder_.semaphore("loaded");
    builder_.add(Engine::LoadInputs, isa::Sync{}, {}, {loaded_});
    builder_.add(Engine::Store, isa::Sync{}, {}, {met_});
    builder_.add(Engine::Matrix, isa::Sync{}, {met_});
    table_.emplace(builder_.program());
    collectives_.emplace(builder_.program(), 2, kSync);
    for (std::int64_t core = 0; core < 2; ++core) {
      semaphores_.push_back(std::make_unique<Semaphores>(*table_, *collectives_, core));
      timelines_.push_back(std::make_unique<Timeline>(*semaphores_.back()));
      for (const Engine engine : {Engine::LoadWeights, Engine::LoadInputs, Engine::Vector}) {
        timelines_.back()->set(engine, {Activity::Done}, 0);
      }
    }
  }

  /// As the machine does it.
  void signal(std::size_t core, std::int64_t now) {
    timelines_[core]->settle(now);
    timelines_[1 - core]->follow(met_, static_cast<std::int64_t>(core), now);
    semaphores_[core]->signal(met_, now);
  }

  /// A core's idle time through both, equal neighbours as one.
  std::vector<IdleInterval> idleOf(std::size_t core) const {
    std::vector<IdleInterval> idle;
    const std::vector<const Timeline*> timelines = {timelines_[0].get(), timelines_[1].get()};
    IdleWalk(timelines, [&](std::int64_t begin, std::int64_t end, IdleCause cause) {
      if (!idle.empty() && idle.back().cause == cause && idle.back().end == begin) {
        idle.back().end = end;
      } else {
        idle.push_back({begin, end, cause});
      }
    }).walk(core);
    return idle;
  }

  ProgramBuilder builder_;
  isa::SemaphoreId met_ = 0, loaded_ = 0;
  std::optional<SemaphoreTable> table_;
  std::optional<Collectives> collectives_;
  std::vector<std::unique_ptr<Semaphores>> semaphores_;
  std::vector<std::unique_ptr<Timeline>> timelines_;
};

TEST_F(TwoCores, TheEarlyOneWaitsForWhatTheLateOneDoesThenForTheNews) {
  Timeline& early = *timelines_[0];
  Timeline& late = *timelines_[1];
  early.set(Engine::Matrix, {Activity::Waiting, met_}, 0);
  signal(0, 5);
  early.set(Engine::Store, {Activity::Done}, 5);
  late.set(Engine::LoadInputs, {Activity::Busy}, 0);
  late.set(Engine::Matrix, {Activity::Waiting, loaded_}, 0);
  late.set(Engine::Matrix, {Activity::Busy}, 30);
  late.set(Engine::LoadInputs, {Activity::Done}, 30);
  late.busy(50, 50);
  late.set(Engine::Matrix, {Activity::Waiting, met_}, 50);
  signal(1, 52);
  late.set(Engine::Store, {Activity::Done}, 52);
  for (Timeline* timeline : {&early, &late}) {
    timeline->settle(52 + kSync);
    timeline->set(Engine::Matrix, {Activity::Busy}, 52 + kSync);
  }
  using C = IdleCause;
  // Until its own signal the early one has its own store to wait for.
  expectIntervals(
      idleOf(0),
      {{0, 30, C::Dram}, {30, 50, C::Dependency}, {50, 52, C::Dram}, {52, 60, C::Network}});
  expectIntervals(idleOf(1), {{0, 30, C::Dram}, {50, 52, C::Dram}, {52, 60, C::Network}});
}

TEST_F(TwoCores, OneThatIsDoneWaitsForTheLastOne) {
  Timeline& early = *timelines_[0];
  Timeline& late = *timelines_[1];
  early.busy(10, 10);
  early.set(Engine::Store, {Activity::Done}, 5);
  early.set(Engine::Matrix, {Activity::Done}, 10);
  late.busy(40, 40);
  late.set(Engine::Matrix, {Activity::Done}, 40);
  late.set(Engine::Store, {Activity::Done}, 70);
  late.finish(70);
  early.finish(70, 1);
  using C = IdleCause;
  expectIntervals(idleOf(1), {{40, 70, C::Dram}});
  expectIntervals(idleOf(0), {{10, 40, C::Dependency}, {40, 70, C::Dram}});
}

TEST_F(TwoCores, ThatWaitForOneAnotherWaitForNobodyElse) {
  for (const std::size_t core : {0, 1}) {
    timelines_[core]->set(Engine::Store, {Activity::Done}, 0);
    timelines_[core]->set(Engine::Matrix, {Activity::Done}, 0);
    timelines_[core]->finish(20, static_cast<std::int64_t>(1 - core));
  }
  const std::vector<IdleInterval> idle = idleOf(0);
  ASSERT_EQ(idle.size(), 1U);
  EXPECT_EQ(idle[0].end, 20);
  EXPECT_EQ(idle[0].cause, IdleCause::Dependency);
}

TEST_F(TwoCores, MovingBetweenCoresIsTheNetwork) {
  Timeline& timeline = *timelines_[0];
  timeline.set(Engine::LoadInputs, {.activity = Activity::Busy, .exchanging = true}, 0);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 0);
  timeline.set(Engine::LoadInputs, {.activity = Activity::Busy, .exchanging = false}, 20);
  timeline.set(Engine::Matrix, {Activity::Busy}, 25);
  using C = IdleCause;
  expectIntervals(idleOf(0), {{0, 20, C::Network}, {20, 25, C::Dram}});
}

}  // namespace
}  // namespace npusim
