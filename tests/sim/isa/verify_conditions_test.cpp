#include <gmock/gmock.h>

#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

using testing::HasSubstr;

/// The example, whose store runs in a loop, with a condition on that.
Program withCondition(const Condition& condition) {
  Program program = exampleProgram();
  std::get<Loop>(program.queue(Engine::Store).at(0).body).condition = condition;
  return program;
}

Condition byteAt(std::int64_t address) {
  Condition condition;
  condition.byte.address.base = address;
  condition.byte.type = DataType::Bool;
  return condition;
}

/// Every loop of the example on a condition, but for the one within another.
Program allUnder(const Condition& condition) {
  Program program = exampleProgram();
  for (auto& queue : program.queues) {
    for (Instruction& each : queue) {
      if (std::holds_alternative<Loop>(each.body)) {
        std::get<Loop>(each.body).condition = condition;
        break;
      }
    }
  }
  return program;
}

TEST(VerifyConditions, TokensBelongToOneCondition) {
  EXPECT_THAT(refusal(withCondition(byteAt(5))),
              HasSubstr("is signalled and waited for under other conditions"));
  EXPECT_EQ(refusal(allUnder(byteAt(5))), "");
}

TEST(VerifyConditions, AByteThatIsThere) {
  Condition wide = byteAt(0);
  wide.byte.type = DataType::Int32;
  EXPECT_THAT(refusal(withCondition(wide)), HasSubstr("the condition is int32; it must be bool"));
  EXPECT_THAT(refusal(withCondition(byteAt(std::int64_t{1} << 40))),
              HasSubstr("condition: touches bytes"));
  Condition moving = byteAt(0);
  moving.byte.address.terms = {{0, 8, 0}};
  EXPECT_THAT(refusal(withCondition(moving)), HasSubstr("but 0 loops are open here"));
}

TEST(VerifyConditions, TextAndContainerKeepThem) {
  Condition condition = byteAt(7);
  condition.inverted = true;
  const Program program = allUnder(condition);
  EXPECT_THAT(toText(program), HasSubstr("loop 4 if not "));
  EXPECT_EQ(parse(toText(program), "t"), program);
  EXPECT_EQ(unpack(pack(program), "t"), program);
  EXPECT_GT(toText(program).size(), toText(exampleProgram()).size());
}

}  // namespace
}  // namespace npusim::isa
