#include "sim/chip/collectives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "sim/core/error.h"

namespace npusim {
namespace {

using isa::Engine;

constexpr std::int64_t kSync = 7;
constexpr isa::SemaphoreId kBarrier = 1;  // after one that each core has of its own

isa::Program programWith(const isa::CoreRange& signallers, std::int64_t initial = 0) {
  isa::Program program;
  program.semaphores = {{"own", 0, {}}, {"barrier", initial, signallers}};
  return program;
}

TEST(Collectives, TheTokenArrivesWhenTheLastSignallerHasSignalled) {
  const isa::Program program = programWith({1, 2});
  Collectives collectives(program, 4, kSync);
  EXPECT_EQ(collectives.owed(kBarrier, 0), Owed::ByOtherCores);
  EXPECT_EQ(collectives.owed(kBarrier, 1), Owed::ByThisCore);
  collectives.signal(kBarrier, 1, 10);
  EXPECT_EQ(collectives.owed(kBarrier, 1), Owed::ByOtherCores);
  EXPECT_EQ(collectives.arrival(kBarrier, 3), Collectives::kNever);
  collectives.signal(kBarrier, 1, 12);
  collectives.signal(kBarrier, 2, 30);
  EXPECT_EQ(collectives.arrival(kBarrier, 3), 37);
  EXPECT_EQ(collectives.owed(kBarrier, 3), Owed::OnItsWay);
  EXPECT_FALSE(collectives.tryTake(kBarrier, 3, Engine::Matrix, 36));
  EXPECT_TRUE(collectives.tryTake(kBarrier, 3, Engine::Matrix, 37));
  EXPECT_FALSE(collectives.tryTake(kBarrier, 3, Engine::Matrix, 37)) << "one for each core";
  EXPECT_TRUE(collectives.tryTake(kBarrier, 0, Engine::Matrix, 99)) << "each takes its own";
  collectives.signal(kBarrier, 2, 40);
  EXPECT_EQ(collectives.arrival(kBarrier, 3), 47) << "core 1 had signalled for it before";
}

TEST(Collectives, InitialTokensAreThereForEveryCore) {
  const isa::Program program = programWith({0, 0}, 2);
  Collectives collectives(program, 3, kSync);
  for (std::int64_t core = 0; core < 3; ++core) {
    EXPECT_TRUE(collectives.tryTake(kBarrier, core, Engine::Store, 0));
    EXPECT_TRUE(collectives.tryTake(kBarrier, core, Engine::Store, 0));
    EXPECT_FALSE(collectives.tryTake(kBarrier, core, Engine::Store, 0));
  }
  collectives.reset();
  EXPECT_TRUE(collectives.tryTake(kBarrier, 1, Engine::Store, 0));
}

TEST(Collectives, OnlyThoseWhoWaitAreReleased) {
  const isa::Program program = programWith({0, 2});
  Collectives collectives(program, 4, kSync);
  std::vector<std::int64_t> released;
  collectives.onRelease([&](const Collectives::Release& release) {
    EXPECT_EQ(collectives.owed(kBarrier, release.core), Owed::ByOtherCores);
    EXPECT_EQ(release.lastCore, 1);
    EXPECT_EQ(release.engine, Engine::LoadInputs);
    EXPECT_EQ(release.cycles, kSync);
    released.push_back(release.core);
  });
  collectives.signal(kBarrier, 0, 5);
  for (const std::int64_t core : {3, 0, 3}) {
    EXPECT_FALSE(collectives.tryTake(kBarrier, core, Engine::LoadInputs, 6));
  }
  collectives.signal(kBarrier, 1, 9);
  EXPECT_EQ(released, (std::vector<std::int64_t>{3, 0}));
}

TEST(Collectives, RefuseSignalsOfOthers) {
  const isa::Program program = programWith({1, 2});
  Collectives collectives(program, 4, kSync);
  EXPECT_THROW(collectives.signal(kBarrier, 0, 1), InternalError);
  EXPECT_THROW(collectives.signal(kBarrier, 3, 1), InternalError);
  EXPECT_THROW(Collectives(program, 2, kSync), InternalError) << "a chip without core 2";
}

/// The n-th token arrives after the latest of all signallers' n-th signals, whatever their order.
TEST(Collectives, RandomOrdersOfSignals) {
  constexpr std::int64_t kCores = 9, kRounds = 12;
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const isa::Program program = programWith({2, 6});
  Collectives collectives(program, kCores, kSync);
  std::vector<std::int64_t> order, given(kCores, 0), last(kRounds, 0);
  for (std::int64_t round = 0; round < kRounds; ++round) {
    for (std::int64_t core = 2; core < 8; ++core) order.push_back(core);
  }
  std::shuffle(order.begin(), order.end(), random);
  std::int64_t now = 0;
  for (const std::int64_t core : order) {
    now += std::uniform_int_distribution<int>(0, 3)(random);
    collectives.signal(kBarrier, core, now);
    auto& round = given[static_cast<std::size_t>(core)];
    last[static_cast<std::size_t>(round++)] = now;
  }
  for (std::int64_t core = 0; core < kCores; ++core) {
    for (const std::int64_t cycle : last) {
      ASSERT_EQ(collectives.arrival(kBarrier, core), cycle + kSync);
      ASSERT_TRUE(collectives.tryTake(kBarrier, core, Engine::Vector, cycle + kSync));
    }
    ASSERT_EQ(collectives.arrival(kBarrier, core), Collectives::kNever);
  }
}

}  // namespace
}  // namespace npusim
