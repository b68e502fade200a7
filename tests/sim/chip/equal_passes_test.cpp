#include "sim/chip/equal_passes.h"

#include <gtest/gtest.h>

#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using isa::EndLoop;
using isa::Engine;
using isa::Loop;

constexpr std::int64_t kPasses = 12;
constexpr std::int64_t kUnits[] = {1, 64};

isa::Transfer load(std::vector<isa::LoopTerm> source, std::vector<isa::LoopTerm> target = {}) {
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, 256);
  transfer.source.address.terms = std::move(source);
  transfer.target.address.terms = std::move(target);
  return transfer;
}

/// Two layers in a loop; the second loads in two steps.
isa::Program loopOf(const isa::Transfer& first, const isa::Transfer& second,
                    std::vector<isa::SemaphoreId> signals = {}) {
  ProgramBuilder builder(smallChip());
  builder.semaphore("token");
  builder.layer("block.one", 0);
  builder.add(Engine::LoadInputs, Loop{kPasses});
  builder.add(Engine::LoadInputs, first, {}, std::move(signals));
  builder.layer("block.two", 0);
  builder.add(Engine::LoadInputs, Loop{2});
  builder.add(Engine::LoadInputs, second);
  builder.add(Engine::LoadInputs, EndLoop{});
  builder.add(Engine::LoadInputs, EndLoop{});
  return builder.program();
}

std::vector<EqualPasses> find(const isa::Program& program) {
  const Turns turns(program);
  return equalPasses(program, turns, 1, kUnits);
}

TEST(EqualPasses, ALoopIsDescribed) {
  const isa::Transfer any = load({{.depth = 0, .stride = 1024}});
  const std::vector<EqualPasses> loops = find(loopOf(any, any));
  ASSERT_EQ(loops.size(), 1U);
  EXPECT_EQ(loops[0].name, "block");
  EXPECT_EQ(loops[0].shared.layers, (std::vector<int>{0, 1}));
  EXPECT_EQ(loops[0].shared.passes, kPasses);
  EXPECT_EQ(loops[0].period, 1);
  EXPECT_EQ(loops[0].completions, 3);
  EXPECT_EQ(loops[0].bytes, 3 * 256 * kPasses);
  ASSERT_EQ(loops[0].parts.size(), 1U);
  EXPECT_EQ(loops[0].parts[0].begin, 0U);
  EXPECT_EQ(loops[0].parts[0].end, 5U);
}

TEST(EqualPasses, ThePeriodIsThatOfSlotsAndBurstsOfMemories) {
  const isa::Transfer plain = load({});
  const auto period = [&](const isa::Transfer& second) {
    const std::vector<EqualPasses> loops = find(loopOf(plain, second));
    return loops.empty() ? 0 : loops[0].period;
  };
  EXPECT_EQ(period(load({{.depth = 0, .stride = 256, .modulo = 2}})), 2);
  EXPECT_EQ(period(load({{.depth = 1, .stride = 256, .modulo = 2}})), 1);
  EXPECT_EQ(period(load({{.depth = 1, .stride = 256, .modulo = 3}})), 3);
  EXPECT_EQ(period(load({{.depth = 0, .stride = 96}})), 2);
  EXPECT_EQ(period(load({{.depth = 0, .stride = 80}})), 4);
  EXPECT_EQ(period(load({{.depth = 0, .stride = 2}})), 0) << "32 passes are more than there are";
  isa::Transfer number = load({{.depth = 0, .stride = 2}});
  number.run.size = 2;
  EXPECT_EQ(period(number), 1) << "always within one burst";
  number.source.address.base = 1;
  EXPECT_EQ(period(number), 0) << "across two of them in one pass of 32";
  EXPECT_EQ(period(load({}, {{.depth = 0, .stride = 2}})), 1) << "on chip";
  EXPECT_EQ(period(load({}, {{.depth = 0, .stride = 256, .modulo = 2}})), 1) << "on chip";
}

TEST(EqualPasses, WhatDependsOnThePassMakesItNone) {
  const isa::Transfer plain = load({});
  isa::Transfer shrinks = plain, cut = plain;
  shrinks.run = {.size = 256, .limit = 3000, .terms = {{.depth = 0, .stride = 256}}};
  cut.dims = {extent(1)};
  cut.source.strides = cut.target.strides = {0};
  cut.source.bounds = {{{0, {{.depth = 0, .stride = 1}}}, {1}, 4}};
  EXPECT_EQ(find(loopOf(plain, plain)).size(), 1U);
  EXPECT_TRUE(find(loopOf(plain, shrinks)).empty());
  EXPECT_TRUE(find(loopOf(plain, cut)).empty());
  EXPECT_TRUE(find(loopOf(plain, plain, {0})).empty()) << "each pass leaves a token";
}

TEST(EqualPasses, NorIsOneWithAConditionOrWithWorkOutside) {
  const isa::Transfer plain = load({});
  isa::Program conditional = loopOf(plain, plain);
  std::get<Loop>(conditional.queue(Engine::LoadInputs)[0].body).condition =
      isa::Condition{access(kBuffer, 0, {}, DataType::Bool)};
  EXPECT_TRUE(find(conditional).empty());
  isa::Program outside = loopOf(plain, plain);
  outside.queue(Engine::Store).push_back({plain, 1, {}, {}, {}});
  EXPECT_TRUE(find(outside).empty());
  isa::Program waits = loopOf(plain, plain);
  waits.queue(Engine::Store).push_back({isa::Sync{}, 1, {}, {}, {}});
  EXPECT_EQ(find(waits).size(), 1U);
}

}  // namespace
}  // namespace npusim
