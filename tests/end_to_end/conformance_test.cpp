#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/process.h"

namespace npusim::end_to_end {
namespace {

const std::string kNodeTests = "/usr/share/libonnx-testdata/data/node";
const std::string kTargetList = NPUSIM_SOURCE_DIR "/tests/workloads/onnx/conformance.txt";

TEST(Conformance, TheMachineGivesTheReferenceOutputs) {
  if (!std::filesystem::exists(kNodeTests)) {
    GTEST_SKIP() << kNodeTests << " is missing: install the package libonnx-testdata";
  }
  const tools::Finished run =
      tools::npusim({"conformance", kNodeTests, "--list", kTargetList, "--jobs", "2"});
  EXPECT_EQ(run.exitCode, 0) << run.err;
  EXPECT_EQ(run.out, "385 passed, 0 failed, 0 not supported\n");
}

}  // namespace
}  // namespace npusim::end_to_end
