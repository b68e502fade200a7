#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

/// An input of 1.2 MB, more than edge's buffer holds, of whose rows and columns a copy makes
/// something that lies the other way round in memory.
struct TurnedCopy {
  const char* name;
  Operation operation;
};

constexpr std::int64_t kRows = 600, kColumns = 500;

class TurnedCopies : public testing::TestWithParam<TurnedCopy> {
 protected:
  TurnedCopies() {
    const ValueId x = net_.input({1, kRows, kColumns});
    const ValueId turned = net_.add(Transpose{{0, 2, 1}}, {x});
    net_.graph().outputs = {net_.add(GetParam().operation, {turned})};
    net_.graph().verify();
  }
  const Graph& graph() { return net_.graph(); }

  GraphBuilder net_;
};

TEST_P(TurnedCopies, HaveTheRightValues) {
  Random random(3);
  const Inputs inputs = {
      {graph().value(graph().inputs[0]).name, random.floats({1, kRows, kColumns}, 1)}};
  const Compiled compiled = compileFor(graph(), loadChip("edge", {}), DataType::Float32, {});
  const Execution execution = execute(compiled.program, inputs);
  EXPECT_EQ(execution.error, "");
  EXPECT_TRUE(sameBytes(execution.outputs, evaluate(graph(), inputs)));
}

/// Neither side moves a burst for a single element.
TEST_P(TurnedCopies, MoveLittleMoreThanTheyMust) {
  const ChipConfig chip = loadChip("edge", {});
  const isa::Program program =
      compile(graph(), chip, {DataType::Float32, Objective::Latency, false});
  const ReadWrite bytes = dramBytesOf(chip, program);
  const std::int64_t read = kRows * kColumns * 4;
  const std::int64_t written = elementCount(graph().value(graph().outputs[0]).shape) * 4;
  EXPECT_LE(bytes.read + bytes.write, (read + written) * 5 / 4);
}

std::vector<std::int64_t> twice(std::int64_t extent) {
  std::vector<std::int64_t> source;
  for (std::int64_t i = 0; i < 2 * extent; ++i) source.push_back(i / 2);
  return source;
}

INSTANTIATE_TEST_SUITE_P(Copies, TurnedCopies,
                         testing::Values(TurnedCopy{"all", Reshape{{1, kColumns, kRows}}},
                                         TurnedCopy{"rows_twice", Remap{{{}, twice(kColumns), {}}}},
                                         TurnedCopy{"columns_twice",
                                                    Remap{{{}, {}, twice(kRows)}}}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace npusim::end_to_end
