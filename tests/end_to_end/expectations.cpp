#include "tests/end_to_end/expectations.h"

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "tests/end_to_end/slowed.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {

std::optional<Compiled> compiledIfItFits(const Graph& graph, const ChipConfig& chip,
                                         DataType precision, const std::vector<Inputs>& samples,
                                         Partition partition) {
  try {
    return compileFor(graph, chip, precision, samples, partition);
  } catch (const NotPossible&) {
    return std::nullopt;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
    return std::nullopt;
  }
}

void expectRightValues(const Compiled& compiled, DataType precision, const Execution& execution,
                       const Inputs& stored, const Tolerance& tolerance) {
  const std::vector<Tensor> reference = evaluate(compiled.graph, stored);
  const Comparison difference = compare(execution.outputs, reference, tolerance);
  EXPECT_TRUE(difference.passed) << difference.maxRelError << " of max|ref|";
  EXPECT_TRUE(isFloat(precision) || sameBytes(execution.outputs, reference));
}

void expectSameOnOtherTiming(const isa::Program& program, const ChipConfig& chip, unsigned engines,
                             const Execution& first, const Inputs& stored) {
  const Slowed other = slowed(program, chip, engines);
  const Execution execution = execute(other.chip, other.program, stored);
  EXPECT_EQ(execution.error, "") << "slow engines " << engines;
  EXPECT_TRUE(sameBytes(execution.outputs, first.outputs)) << "slow engines " << engines;
}

}  // namespace npusim::end_to_end
