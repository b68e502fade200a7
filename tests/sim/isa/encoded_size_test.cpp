#include "sim/isa/encoded_size.h"

#include <gtest/gtest.h>

#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

TEST(EncodedSize, CountsOpcodesNumbersAndReferences) {
  Program program;
  program.queue(Engine::Matrix).push_back({Loop{4}, 0, {}, {}});
  EXPECT_EQ(encodedBytes(program), 2 + 2 + 4);  // opcode, layer, count
  program.queue(Engine::Matrix).push_back({Sync{}, 0, {1}, {2, 3}});
  EXPECT_EQ(encodedBytes(program), 8 + 4 + 3 * 2);
}

TEST(EncodedSize, GrowsWithEveryInstruction) {
  Program program = exampleProgram();
  std::int64_t before = encodedBytes(program);
  EXPECT_GT(before, 0);
  for (auto& queue : program.queues) {
    while (!queue.empty()) {
      queue.pop_back();
      const std::int64_t now = encodedBytes(program);
      EXPECT_LT(now, before);
      before = now;
    }
  }
  EXPECT_EQ(before, 0);
}

}  // namespace
}  // namespace npusim::isa
