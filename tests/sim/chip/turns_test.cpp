#include "sim/chip/turns.h"

#include <gmock/gmock.h>

#include "sim/chip/sequencer.h"

namespace npusim {
namespace {

using isa::EndLoop;
using isa::Engine;
using isa::Loop;
using isa::Sync;
using testing::ElementsAre;

isa::Program programOf(std::size_t layers) {
  isa::Program program;
  program.layers.resize(layers);
  return program;
}

void add(isa::Program& program, Engine engine, int layer, decltype(isa::Instruction::body) body,
         std::vector<isa::SemaphoreId> waits = {}, std::vector<isa::SemaphoreId> signals = {}) {
  program.queue(engine).push_back(
      {std::move(body), layer, std::move(waits), std::move(signals), {}});
}

/// The turns of a queue's instructions in the order in which they run.
std::vector<std::int64_t> turnsOf(const isa::Program& program, Engine engine) {
  const Turns turns(program);
  const std::vector<isa::Instruction>& queue = program.queue(engine);
  const std::vector<std::size_t> ends = rangeEnds(queue);
  std::vector<std::int64_t> result;
  for (Sequencer at(queue, ends); at.current() != nullptr; at.advance()) {
    result.push_back(turns.of(engine, at.number(), at.indices()));
  }
  return result;
}

TEST(Turns, LoopsOverALayersOwnTilesMakeNone) {
  isa::Program program = programOf(2);
  add(program, Engine::Matrix, 0, Loop{3});
  add(program, Engine::Matrix, 0, Sync{});
  add(program, Engine::Matrix, 0, EndLoop{});
  add(program, Engine::Matrix, 1, Sync{});
  add(program, Engine::Vector, 1, Loop{5});
  add(program, Engine::Vector, 1, Sync{});
  add(program, Engine::Vector, 1, EndLoop{});
  EXPECT_THAT(turnsOf(program, Engine::Matrix), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(turnsOf(program, Engine::Vector), ElementsAre(1, 1, 1, 1, 1));
}

TEST(Turns, LayersOfALoopTakeTurnsInEveryPass) {
  isa::Program program = programOf(4);
  add(program, Engine::Matrix, 0, Sync{});
  add(program, Engine::Matrix, 1, Loop{2});
  add(program, Engine::Matrix, 1, Loop{2});
  add(program, Engine::Matrix, 1, Sync{});
  add(program, Engine::Matrix, 1, EndLoop{});
  add(program, Engine::Matrix, 2, Sync{});
  add(program, Engine::Matrix, 2, EndLoop{});
  add(program, Engine::Matrix, 3, Sync{});
  EXPECT_THAT(turnsOf(program, Engine::Matrix), ElementsAre(0, 1, 1, 2, 3, 3, 4, 5));
}

TEST(Turns, WhatWaitsBeforeOrSignalsBehindALoopBelongsToItsFirstOrLastPass) {
  isa::Program program = programOf(2);
  add(program, Engine::Matrix, 0, Sync{});
  add(program, Engine::Matrix, 0, Loop{3});
  add(program, Engine::Matrix, 0, Sync{});
  add(program, Engine::Matrix, 1, Sync{});
  add(program, Engine::Matrix, 1, EndLoop{});
  add(program, Engine::Matrix, 1, Sync{});
  EXPECT_THAT(turnsOf(program, Engine::Matrix), ElementsAre(0, 0, 1, 2, 3, 4, 5, 5));
}

TEST(Turns, NestedLoopsCountFromTheOutermost) {
  isa::Program program = programOf(3);
  add(program, Engine::Vector, 0, Loop{2});
  add(program, Engine::Vector, 0, Sync{});
  add(program, Engine::Vector, 1, Loop{3});
  add(program, Engine::Vector, 1, Sync{});
  add(program, Engine::Vector, 2, Sync{});
  add(program, Engine::Vector, 2, EndLoop{});
  add(program, Engine::Vector, 2, Sync{});
  add(program, Engine::Vector, 2, EndLoop{});
  EXPECT_THAT(turnsOf(program, Engine::Vector),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 13));
}

TEST(Turns, LayersOfDifferentQueuesShareALoopWhereTheyMeetInIt) {
  isa::Program program = programOf(2);
  program.semaphores.resize(1);
  add(program, Engine::LoadInputs, 0, Loop{3});
  add(program, Engine::LoadInputs, 0, Sync{}, {}, {0});
  add(program, Engine::LoadInputs, 0, EndLoop{});
  add(program, Engine::Vector, 1, Loop{3});
  add(program, Engine::Vector, 1, Sync{}, {0});
  add(program, Engine::Vector, 1, EndLoop{});
  EXPECT_THAT(turnsOf(program, Engine::LoadInputs), ElementsAre(0, 2, 4));
  EXPECT_THAT(turnsOf(program, Engine::Vector), ElementsAre(1, 3, 5));
}

TEST(Turns, LoopsOfDifferentCoresAreNotShared) {
  isa::Program program = programOf(2);
  program.semaphores.resize(1);
  add(program, Engine::Vector, 0, Loop{3});
  add(program, Engine::Vector, 0, Sync{}, {}, {0});
  add(program, Engine::Vector, 0, EndLoop{});
  add(program, Engine::Matrix, 1, Loop{3});
  add(program, Engine::Matrix, 1, Sync{}, {0});
  add(program, Engine::Matrix, 1, EndLoop{});
  for (isa::Instruction& instruction : program.queue(Engine::Matrix)) instruction.cores = {0, 2};
  EXPECT_THAT(turnsOf(program, Engine::Vector), ElementsAre(0, 0, 0));
  EXPECT_THAT(turnsOf(program, Engine::Matrix), ElementsAre(1, 1, 1));
}

TEST(Turns, TheLastOneOfALayerUpToAnother) {
  isa::Program program = programOf(3);
  add(program, Engine::Matrix, 0, Loop{4});
  add(program, Engine::Matrix, 0, Sync{});
  add(program, Engine::Matrix, 1, Sync{});
  add(program, Engine::Matrix, 1, EndLoop{});
  const Turns turns(program);  // 0 1 0 1 0 1 0 1 2
  EXPECT_EQ(turns.lastOf(0, 5), 4);
  EXPECT_EQ(turns.lastOf(1, 5), 5);
  EXPECT_EQ(turns.lastOf(1, 0), 1);  // its first
  EXPECT_EQ(turns.lastOf(1, 8), 7);
  EXPECT_EQ(turns.lastOf(2, 8), 8);
}

TEST(TurnEnds, KeepTheLatestEndOfEachTurn) {
  TurnEnds ends;
  ends.add(2, 1, 10);
  ends.add(2, 1, 7);
  ends.add(0, 4, 3);
  ASSERT_EQ(ends.all().size(), 3U);
  EXPECT_EQ(ends.all()[0].layer, 4);
  EXPECT_EQ(ends.all()[1].layer, -1);
  EXPECT_EQ(ends.all()[2].cycle, 10);
}

}  // namespace
}  // namespace npusim
