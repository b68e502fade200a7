#pragma once

#include <string>
#include <vector>

#include "tools/run_options.h"

namespace npusim::tools {

/// A folder of an ONNX backend test: model.onnx, and data sets in test_data_set_0, ...
struct ConformanceCase {
  std::string name, folder;
};

/// The tests in `folder`, sorted by name: each of its folders that has a model.onnx, or itself.
/// Throws BadInput when there is none.
std::vector<ConformanceCase> conformanceCases(const std::string& folder);

/// Runs a test on the simulated machine, each data set in a process of its own, and holds every
/// output to the data set's: floats to |a - b| <= 1e-4 + 1e-3 max|ref| in fp32 and 1e-2 max|ref| in
/// 16 bits, all else exactly. Throws CheckFailed saying which output is wrong by how much, and what
/// a run throws.
void runConformanceCase(const ConformanceCase& test, const MachineOptions& machine,
                        DataType precision);

/// Throws CheckFailed unless `actual` is what the rule wants; `output` names it. To be used by
/// runConformanceCase(). Other shapes, and other types of integers, are wrong.
void expectConforming(const std::string& output, const Tensor& actual, const Tensor& expected,
                      DataType precision);

}  // namespace npusim::tools
