#include <gtest/gtest.h>

#include <string>

#include "kernels/emit/placement.h"

namespace npusim::emit {
namespace {

/// Tasks over whole blocks that lie on chip: copies run on LoadInputs, passes on Vector.
class DependenciesTest : public testing::Test {
 protected:
  static constexpr std::int64_t kBytes = 64;

  plan::BlockId block(std::int64_t address, bool weights = false) {
    plan::Block made;
    made.bytes = kBytes;
    made.kind = weights ? plan::Block::Kind::Weights : plan::Block::Kind::Activation;
    made.storage = 0;
    made.address = address;
    plan_.blocks.push_back(made);
    return static_cast<plan::BlockId>(plan_.blocks.size() - 1);
  }
  void copy(plan::BlockId from, plan::BlockId to, isa::CoreRange cores = {}) {
    add(from, to, plan::CopyWork{}, cores);
  }
  void pass(plan::BlockId from, plan::BlockId to, isa::CoreRange cores = {}) {
    add(from, to, plan::VectorWork{}, cores);
  }
  /// A branch on a block's first byte, for `tasks` from the next one on.
  int branch(plan::BlockId condition) {
    plan::Repeat repeat;
    repeat.condition = plan::View{condition, 0, DataType::Bool, {}, {}};
    plan_.repeats.push_back(repeat);
    return repeat_ = static_cast<int>(plan_.repeats.size()) - 1;
  }
  void endBranch() { repeat_ = -1; }
  void useCores(std::int64_t cores) { plan_.cores = cores; }
  void useSupersteps() { plan_.supersteps = true; }

  /// "0 load_inputs -> 1 vector", one a line.
  std::string found() {
    std::vector<PlacedTask> placed;
    for (const plan::Task& task : plan_.tasks) {
      PlacedTask each;
      each.task = &task;
      each.mapping.operands.resize(task.operands.size());
      each.operandAddress.assign(task.operands.size(), 0);
      placed.push_back(each);
    }
    std::string text;
    for (const Dependency& d : dependencies(plan_, placed)) {
      text += std::to_string(d.fromTask) + " " + std::string(name(d.from)) + " -> " +
              std::to_string(d.toTask) + " " + std::string(name(d.to)) + "\n";
    }
    return text;
  }

 private:
  static plan::Operand whole(plan::BlockId id) {
    return {id, 0, DataType::Int8, {}, {plan::Axis{kBytes, 1, {1}, 0, 0, 0}}};
  }
  template <typename Work>
  void add(plan::BlockId from, plan::BlockId to, Work work, isa::CoreRange cores) {
    plan::Task task;
    task.dims = {{kBytes}};
    task.operands = {whole(from)};
    task.output = whole(to);
    task.work = work;
    task.cores = cores;
    task.repeat = repeat_;
    plan_.tasks.push_back(task);
  }

  plan::Plan plan_;
  int repeat_ = -1;
};

TEST_F(DependenciesTest, EveryEngineOfABranchWaitsForItsCondition) {
  const auto a = block(0), b = block(64), c = block(128), flag = block(192);
  copy(a, flag);
  branch(flag);
  copy(a, b);
  pass(b, c);
  // The vector unit would learn in the branch that the condition is there: too late to read it.
  EXPECT_EQ(found(), "0 load_inputs -> 2 vector\n1 load_inputs -> 2 vector\n");
}

TEST_F(DependenciesTest, AConditionIsNotOverwrittenBeforeAllHaveReadIt) {
  const auto a = block(0), b = block(64), flag = block(192);
  branch(flag);
  pass(a, b);
  endBranch();
  copy(a, flag);
  EXPECT_EQ(found(), "0 vector -> 1 load_inputs\n");
}

TEST_F(DependenciesTest, WhatABranchLearnsHoldsInItOnly) {
  const auto a = block(0), b = block(64), c = block(128), d = block(256), flag = block(192);
  copy(a, b);
  branch(flag);
  pass(b, c);
  endBranch();
  pass(b, d);
  EXPECT_EQ(found(), "0 load_inputs -> 1 vector\n0 load_inputs -> 2 vector\n");
}

TEST_F(DependenciesTest, ReadAfterWrite) {
  const auto a = block(0), b = block(64), c = block(128);
  copy(a, b);
  pass(b, c);
  EXPECT_EQ(found(), "0 load_inputs -> 1 vector\n");
}

TEST_F(DependenciesTest, WriteAfterRead) {
  const auto a = block(0), b = block(64), c = block(128);
  pass(a, b);
  copy(c, a);
  EXPECT_EQ(found(), "0 vector -> 1 load_inputs\n");
}

TEST_F(DependenciesTest, WriteAfterWrite) {
  const auto a = block(0), b = block(64), c = block(128);
  pass(a, c);
  copy(b, c);
  EXPECT_EQ(found(), "0 vector -> 1 load_inputs\n");
}

TEST_F(DependenciesTest, ReadersAndStrangersAreFree) {
  const auto a = block(0), b = block(64), c = block(128);
  copy(a, b);
  pass(a, c);
  EXPECT_EQ(found(), "");
}

TEST_F(DependenciesTest, OneEngineKeepsItsOwnOrder) {
  const auto a = block(0), b = block(64), c = block(128);
  copy(a, b);
  copy(b, c);
  copy(c, a);
  EXPECT_EQ(found(), "");
}

TEST_F(DependenciesTest, BlocksThatShareBytesConflict) {
  const auto a = block(0), b = block(64), c = block(100), d = block(200);
  copy(a, b);
  pass(c, d);
  EXPECT_EQ(found(), "0 load_inputs -> 1 vector\n");
}

TEST_F(DependenciesTest, ConstantsAreNeverWrittenSoNeverWaitedFor) {
  const auto w = block(0, true), b = block(64), same = block(0);
  pass(w, b);
  copy(b, same);
  EXPECT_EQ(found(), "0 vector -> 1 load_inputs\n");
}

TEST_F(DependenciesTest, WhatFollowsFromOthersIsLeftOut) {
  const auto a = block(0), b = block(64), c = block(128), d = block(192);
  copy(a, b);  // 0
  pass(b, c);  // 1 after 0
  copy(c, d);  // 2 after 1
  pass(d, b);  // 3 after 2; that 1 read b is its own engine's order
  copy(b, a);  // 4 after 3; that 0 read a is its own engine's order
  EXPECT_EQ(found(),
            "0 load_inputs -> 1 vector\n"
            "1 vector -> 2 load_inputs\n"
            "2 load_inputs -> 3 vector\n"
            "3 vector -> 4 load_inputs\n");
}

TEST_F(DependenciesTest, TheLatestOfSeveralConflictsIsEnough) {
  const auto a = block(0), b = block(64), c = block(128);
  copy(a, b);
  copy(a, b);
  pass(b, c);
  EXPECT_EQ(found(), "1 load_inputs -> 2 vector\n");
}

TEST_F(DependenciesTest, AnEngineWaitsForItselfOnOtherCores) {
  const auto a = block(0), b = block(64), c = block(128);
  useCores(4);
  copy(a, b);
  copy(b, c);
  EXPECT_EQ(found(), "0 load_inputs -> 1 load_inputs\n");
}

TEST_F(DependenciesTest, OneOfTheCoresKeepsItsOwnOrder) {
  const auto a = block(0), b = block(64), c = block(128);
  useCores(4);
  copy(a, b, {1, 1});
  copy(b, c, {1, 1});
  EXPECT_EQ(found(), "");
}

TEST_F(DependenciesTest, WhatOneCoreHasWaitedForTheOthersHaveNot) {
  const auto a = block(0), b = block(64), c = block(128), d = block(192);
  useCores(4);
  copy(a, b);          // 0
  pass(b, c, {0, 1});  // 1 after 0, on core 0 only
  pass(b, d);          // 2 after 0: the other cores have not waited yet
  EXPECT_EQ(found(),
            "0 load_inputs -> 1 vector\n"
            "0 load_inputs -> 2 vector\n");
}

TEST_F(DependenciesTest, WhatAllCoresHaveWaitedForIsKnown) {
  const auto a = block(0), b = block(64), c = block(128), d = block(192);
  useCores(4);
  copy(a, b);          // 0
  pass(b, c);          // 1 after 0
  pass(b, d, {0, 1});  // 2: known to core 0
  EXPECT_EQ(found(), "0 load_inputs -> 1 vector\n");
}

TEST_F(DependenciesTest, TheLastOfSomeCoresSaysNothingOfTheOthers) {
  const auto a = block(0), b = block(64), c = block(128), d = block(192), e = block(256);
  useCores(4);
  copy(a, b);          // 0 on all cores
  copy(a, c, {0, 1});  // 1 on core 0
  pass(c, d);          // 2 after 1: that says core 0 has done 0
  pass(b, e);          // 3 after 0
  EXPECT_EQ(found(),
            "1 load_inputs -> 2 vector\n"
            "0 load_inputs -> 3 vector\n");
}

TEST_F(DependenciesTest, SuperstepsFollowEachOther) {
  const auto a = block(0), b = block(64), c = block(128), d = block(192);
  useCores(4);
  useSupersteps();
  copy(a, b);
  copy(c, d);
  EXPECT_EQ(found(), "0 load_inputs -> 1 load_inputs\n");
}

}  // namespace
}  // namespace npusim::emit
