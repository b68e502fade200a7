#pragma once

#include <optional>
#include <vector>

#include "tests/end_to_end/execution.h"
#include "workloads/evaluate/compare.h"

namespace npusim::end_to_end {

/// The compiled network; nothing where it does not fit. Any other error fails the test.
std::optional<Compiled> compiledIfItFits(const Graph& graph, const ChipConfig& chip,
                                         DataType precision, const std::vector<Inputs>& samples,
                                         Partition partition = Partition::Auto);

/// The outputs are those of evaluate() within `tolerance`; in int8 and int16 to the byte.
void expectRightValues(const Compiled& compiled, DataType precision, const Execution& execution,
                       const Inputs& stored, const Tolerance& tolerance);

/// The same values as `first` when some of the engines are slow (bits of `engines`): nothing is
/// right only by its timing.
void expectSameOnOtherTiming(const isa::Program& program, const ChipConfig& chip, unsigned engines,
                             const Execution& first, const Inputs& stored);

constexpr unsigned bitOf(isa::Engine engine) { return 1U << static_cast<unsigned>(engine); }

}  // namespace npusim::end_to_end
