#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

/// What `npusim` with these words says at a fidelity: its result without what differs from one
/// process to the next.
Json resultAt(const std::string& fidelity, std::vector<std::string> words) {
  const TemporaryFolder folder;
  words.insert(words.end(), {"--fidelity", fidelity, "--json", folder / "r.json"});
  const Finished finished = npusim(words);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr(fidelity + " fidelity"));
  Json result = Json::parse(readText(folder / "r.json"), nullptr, false);
  EXPECT_EQ(result["fidelity"], fidelity);
  result.erase("fidelity");
  result.erase("simulation");
  return result;
}

/// The same result at all three.
void expectSame(const std::vector<std::string>& words) {
  SCOPED_TRACE(testing::PrintToString(words));
  const Json tile = resultAt("tile", words);
  EXPECT_GT(tile["predict"]["macs"], 0);
  EXPECT_EQ(resultAt("pe", words), tile);
  EXPECT_EQ(resultAt("module", words), tile);
}

TEST(Fidelity, ProductsGiveTheSameResultAtAll) {
  expectSame({"gemm", "20", "17", "33"});
  expectSame({"gemm", "20", "17", "33", "--precision", "int8", "--set", "array.rows=5", "--set",
              "array.cols=7", "--set", "array.zero_gating=true"});
}

TEST(Fidelity, ConvolutionsGiveTheSameResultUnderEveryDataflow) {
  for (const char* dataflow :
       {"weight_stationary", "output_stationary", "input_stationary", "dot_product",
        "{rows: [K], cols: [FX, C], weights: hold, inputs: forward, outputs: chain}"}) {
    expectSame({"conv", "--input", "1,3,9,9", "--kernel", "4,3,3", "--pad", "1", "--set",
                std::string("array.dataflow=") + dataflow, "--set", "array.rows=8", "--set",
                "array.cols=6"});
  }
  expectSame(
      {"conv", "--chip", "eyeriss", "--input", "2,5,9,9", "--kernel", "6,3,3", "--pad", "1"});
}

TEST(Fidelity, ProgramsAreExecutedAtAll) {
  const TemporaryFolder folder;
  writeText(folder / "chip.yaml", "base: edge\nname: small\narray: {rows: 8, cols: 8}\n");
  writeText(folder / "net.yaml",
            "name: net\ninputs: {image: [1, 3, 12, 12]}\nlayers:\n"
            "  - conv: {channels: 4, kernel: 3, activation: relu}\n"
            "  - max_pool: {kernel: 2, stride: 2}\n  - flatten\n  - gemm: {features: 5}\n");
  const Finished compiled = npusim({"compile", "--workload", folder / "net.yaml", "--chip",
                                    folder / "chip.yaml", "-o", folder / "net.npu"});
  ASSERT_EQ(compiled.exitCode, 0) << compiled.err;
  expectSame({"exec", folder / "net.npu"});
}

}  // namespace
}  // namespace npusim::tools
