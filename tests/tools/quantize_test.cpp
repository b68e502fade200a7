#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kNetwork = NPUSIM_SOURCE_DIR "/tests/models/reference/mlp_autoenc";
const std::string kData = kNetwork + "/test_data_set_0";
const std::string kOldOpset = NPUSIM_SOURCE_DIR "/workloads/zoo/blazeface_front.onnx";

/// The network's output in int8 on the machine.
std::string int8Output(const std::string& model, const std::string& folder) {
  const Finished ran = npusim({"run", "--workload", model, "--data", kData, "--precision", "int8",
                               "--reference", "none", "--outputs", folder});
  EXPECT_EQ(ran.exitCode, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("int8 equals the evaluation of the quantised network"));
  return readText(folder + "/y.npy");
}

TEST(Quantize, TheWrittenModelComputesTheSameBytesOnTheMachine) {
  const TemporaryFolder folder;
  const std::string file = folder / "quantized.onnx";
  const Finished wrote =
      npusim({"quantize", "--workload", kNetwork + "/model.onnx", "--data", kData, "-o", file});
  ASSERT_EQ(wrote.exitCode, 0) << wrote.err;
  EXPECT_THAT(wrote.out, HasSubstr("4 products with int8 weights, 4 int8 tensors; read back, its "
                                   "int8 results are equal"));
  const std::string own = int8Output(kNetwork + "/model.onnx", folder / "own");
  EXPECT_GT(own.size(), 128U);
  EXPECT_EQ(int8Output(file, folder / "written"), own);
}

TEST(Quantize, TheWrittenModelIsAFloatNetworkToAnyoneElse) {
  const TemporaryFolder folder;
  const std::string file = folder / "quantized.onnx";
  npusim({"quantize", "--workload", kNetwork + "/model.onnx", "--data", kData, "-o", file});
  const Finished ran = npusim({"run", "--workload", file, "--data", kData, "--precision", "fp32",
                               "--tolerance", "0.02", "--reference", "none"});
  EXPECT_EQ(ran.exitCode, 0) << ran.out << ran.err;
}

TEST(Quantize, TheWrittenWeightsStayEncodedWhereADecoderIs) {
  const TemporaryFolder folder;
  const std::string file = folder / "quantized.onnx";
  npusim({"quantize", "--workload", kNetwork + "/model.onnx", "--data", kData, "-o", file});
  const auto run = [&](const std::string& more) {
    return shell("\"$NPUSIM\" run --workload " + quoted(file) + " --data " + quoted(kData) +
                 " --precision fp16 --tolerance 0.02 --reference none " + more);
  };
  const Finished dense = run("--chip edge");
  EXPECT_EQ(dense.exitCode, 0) << dense.out << dense.err;
  EXPECT_THAT(dense.err, HasSubstr("4 of 4 weights that the file has encoded lie as values"));
  const Finished encoded = run("--chip edge --set decoder.formats=[int8]");
  EXPECT_EQ(encoded.exitCode, 0) << encoded.out << encoded.err;
  EXPECT_THAT(encoded.err, Not(HasSubstr("lie as values")));
  const Finished again = run("--chip edge --set decoder.formats=[int8] --weights int4");
  EXPECT_EQ(again.exitCode, 3);
  EXPECT_THAT(again.err, HasSubstr("the file's own encoding of its weights is kept (4 of them)"));
}

TEST(Quantize, EncodedWeightsAreForFloats) {
  const Finished ran = npusim({"run", "--workload", kNetwork + "/model.onnx", "--chip", "edge",
                               "--precision", "int8", "--weights", "int8"});
  EXPECT_EQ(ran.exitCode, 3);
  EXPECT_EQ(ran.err,
            "npusim: --weights encodes weights of fp32, fp16 and bf16 runs (--precision); this one "
            "computes int8\n");
}

TEST(Quantize, SaysWhatItNeeds) {
  const TemporaryFolder folder;
  const Finished nowhere = npusim({"quantize", "--workload", kOldOpset});
  EXPECT_EQ(nowhere.exitCode, 2);
  EXPECT_EQ(nowhere.err, "npusim: quantize needs -o FILE.onnx\n");
  const std::string text = folder / "x.txt";
  const Finished named = npusim({"quantize", "--workload", kNetwork + "/model.onnx", "-o", text});
  EXPECT_EQ(named.exitCode, 2);
  EXPECT_EQ(named.err, "npusim: -o " + text + ": must end in .onnx\n");
  EXPECT_FALSE(std::filesystem::exists(text));
  const Finished zoo = npusim({"quantize", "--workload", "resnet50", "-o", folder / "q.onnx"});
  EXPECT_EQ(zoo.exitCode, 2);
  EXPECT_EQ(zoo.err, "npusim: --workload resnet50: quantize takes a FILE.onnx\n");
  const Finished old = npusim({"quantize", "--workload", kOldOpset, "-o", folder / "q.onnx"});
  EXPECT_EQ(old.exitCode, 3);
  EXPECT_THAT(old.err, HasSubstr("is of opset 12; a scale for each channel needs opset 13"));
}

TEST(StudyPrecision, ShowsHowFarANetworkIsFromItsReference) {
  const Finished ran =
      npusim({"study", "precision", NPUSIM_SOURCE_DIR "/tests/models/reference", "--markdown"});
  EXPECT_EQ(ran.exitCode, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("| mlp_autoenc | 1 | 0.99998 |"));
}

TEST(StudyPrecision, IsRefusedWhereTheChipHasNoSuchFormat) {
  const Finished ran = npusim(
      {"study", "precision", NPUSIM_SOURCE_DIR "/tests/models/reference", "--precision", "int16"});
  EXPECT_EQ(ran.exitCode, 3);
  EXPECT_EQ(ran.err, "npusim: chip 'edge' does not compute int16; it computes fp32 fp16 int8\n");
}

}  // namespace
}  // namespace npusim::tools
