#include "sim/chip/timeline.h"

#include <gtest/gtest.h>

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

  ProgramBuilder builder_;
  isa::SemaphoreId made_ = 0, loaded_ = 0;
};

TEST_F(TimelineTest, IdleCyclesGoToTheEngineAtWorkAtTheEndOfTheChain) {
  const Semaphores semaphores(builder_.program());
  Timeline timeline(semaphores);
  timeline.set(Engine::LoadInputs, {Activity::Waiting, made_}, 0);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 0);
  timeline.set(Engine::Vector, {Activity::Done, 0}, 30);
  timeline.set(Engine::LoadInputs, {Activity::Busy, 0}, 30);
  timeline.set(Engine::Matrix, {Activity::Busy, 0}, 50);
  timeline.idle(51, IdleCause::Overhead);
  timeline.busy(90, 90);
  timeline.set(Engine::LoadInputs, {Activity::Done, 0}, 60);
  timeline.set(Engine::Store, {Activity::Busy, 0}, 80);
  timeline.set(Engine::Matrix, {Activity::Done, 0}, 90);
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
  const Semaphores semaphores(builder_.program());
  Timeline timeline(semaphores);
  timeline.set(Engine::LoadInputs, {Activity::Busy, 0}, 0);
  timeline.busy(40, 60);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 10);
  timeline.set(Engine::Matrix, {Activity::Busy, 0}, 50);
  timeline.busy(90, 110);
  for (const Engine engine :
       {Engine::LoadWeights, Engine::LoadInputs, Engine::Matrix, Engine::Vector, Engine::Store}) {
    timeline.set(engine, {Activity::Done, 0}, 80);
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
  const Semaphores semaphores(builder_.program());
  Timeline timeline(semaphores);
  timeline.busy(40, 40);
  timeline.set(Engine::LoadInputs, {Activity::Busy, 0}, 0);
  timeline.set(Engine::Matrix, {Activity::Waiting, loaded_}, 10);
  timeline.set(Engine::Matrix, {Activity::Busy, 0}, 45);
  ASSERT_EQ(timeline.intervals().size(), 1U);
  EXPECT_EQ(timeline.intervals()[0].begin, 40);
  EXPECT_EQ(timeline.intervals()[0].end, 45);
}

}  // namespace
}  // namespace npusim
