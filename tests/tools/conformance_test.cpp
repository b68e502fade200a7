#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/conformance_case.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;

const std::string kReference = NPUSIM_SOURCE_DIR "/tests/models/reference";
const std::string kNetwork = kReference + "/mlp_autoenc";

template <typename T>
Tensor filled(DataType type, const Shape& shape, const std::vector<T>& values) {
  Tensor tensor(type, shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.set(static_cast<std::int64_t>(i), static_cast<double>(values[i]));
  }
  return tensor;
}

/// What is said against an output; empty when it conforms.
std::string objection(const Tensor& actual, const Tensor& expected,
                      DataType precision = DataType::Float32) {
  try {
    expectConforming("y", actual, expected, precision);
    return {};
  } catch (const CheckFailed& wrong) {
    return wrong.what();
  }
}

TEST(ExpectConforming, FloatsWithinTheRuleOfTheFormat) {
  const Tensor expected = filled<double>(DataType::Float32, {2}, {10, 0});
  const Tensor near = filled<double>(DataType::Float32, {2}, {10, 0.01});
  const Tensor far = filled<double>(DataType::Float32, {2}, {10, 0.05});
  EXPECT_EQ(objection(near, expected), "");
  EXPECT_EQ(objection(far, expected), "output 'y' is wrong by 0.05, 0.005 of max|ref|");
  EXPECT_EQ(objection(far, expected, DataType::Float16), "");
}

TEST(ExpectConforming, IntegersAndBooleansExactly) {
  const Tensor expected = filled<int>(DataType::Int64, {3}, {1000000, 7, 8});
  EXPECT_EQ(objection(expected, expected), "");
  EXPECT_EQ(objection(filled<int>(DataType::Int64, {3}, {1000000, 6, 9}), expected),
            "2 of 3 elements of output 'y' are wrong, element 1 is 6, expected 7");
  EXPECT_THAT(objection(filled<int>(DataType::Int32, {3}, {1000000, 7, 8}), expected),
              HasSubstr("is int32, expected int64"));
  EXPECT_NE(objection(filled<int>(DataType::Bool, {1}, {1}), filled<int>(DataType::Bool, {1}, {0})),
            "");
}

TEST(ExpectConforming, ShapesExactly) {
  EXPECT_THAT(objection(filled<int>(DataType::Float32, {2, 1}, {1, 2}),
                        filled<int>(DataType::Float32, {2}, {1, 2})),
              HasSubstr("output 'y' is 2x1, expected 2"));
}

/// A folder with one test that passes, one that fails, one that the chip cannot do.
void makeTests(const TemporaryFolder& folder) {
  namespace fs = std::filesystem;
  for (const char* name : {"right", "wrong", "impossible"}) {
    fs::copy(kNetwork, folder / name, fs::copy_options::recursive);
  }
  for (const auto& set : fs::directory_iterator(folder / "wrong")) {
    if (set.is_directory())
      fs::copy_file(set.path() / "input_0.pb", set.path() / "output_0.pb",
                    fs::copy_options::overwrite_existing);
  }
  for (const auto& set : fs::directory_iterator(folder / "impossible")) {
    if (set.is_directory()) fs::remove_all(set.path());
  }
}

TEST(ConformanceCommand, CountsAndExplains) {
  const TemporaryFolder folder;
  makeTests(folder);
  const TemporaryFolder results;
  const Finished run =
      npusim({"conformance", folder.path(), "--jobs", "2", "--json", results / "result.json"});
  EXPECT_EQ(run.exitCode, 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("impossible: " + folder / "impossible" + ": has no data set"));
  EXPECT_THAT(run.out, HasSubstr("wrong: output '"));
  EXPECT_THAT(run.out, HasSubstr("1 passed, 2 failed, 0 not supported\n"));
  const auto json = nlohmann::json::parse(readText(results / "result.json"));
  EXPECT_EQ(json["passed"], 1);
  EXPECT_EQ(json["tests"].at(1)["name"], "right");
  EXPECT_EQ(json["tests"].at(1)["result"], "passed");
}

TEST(ConformanceCommand, OneFolderOrAList) {
  const Finished one = npusim({"conformance", kNetwork + "/"});
  EXPECT_EQ(one.exitCode, 0) << one.err;
  EXPECT_EQ(one.out, "1 passed, 0 failed, 0 not supported\n");
  const TemporaryFolder folder;
  writeText(folder / "list.txt", "# a comment\nmlp_autoenc\n");
  const Finished listed = npusim({"conformance", kReference, "--list", folder / "list.txt"});
  EXPECT_EQ(listed.out, "1 passed, 0 failed, 0 not supported\n") << listed.err;
  writeText(folder / "list.txt", "mlp_autoencoder\n");
  const Finished unknown = npusim({"conformance", kReference, "--list", folder / "list.txt"});
  EXPECT_EQ(unknown.exitCode, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there is no test 'mlp_autoencoder'"));
}

TEST(ConformanceCommand, WhatTheChipLacksIsNotSupported) {
  const Finished run = npusim({"conformance", kNetwork, "--chip", "tpu_v1"});
  EXPECT_EQ(run.exitCode, 0) << run.err;
  EXPECT_THAT(run.out,
              HasSubstr("mlp_autoenc: not supported: chip 'tpu_v1' does not compute fp32"));
  EXPECT_THAT(run.out, HasSubstr("0 passed, 0 failed, 1 not supported\n"));
}

TEST(ConformanceCommand, RefusesFoldersWithoutTests) {
  const TemporaryFolder folder;
  const Finished empty = npusim({"conformance", folder.path()});
  EXPECT_EQ(empty.exitCode, 2);
  EXPECT_THAT(empty.err, HasSubstr("holds no ONNX backend test"));
  EXPECT_EQ(npusim({"conformance", folder / "none"}).exitCode, 2);
  EXPECT_EQ(npusim({"conformance", folder.path(), "--precision", "int8"}).exitCode, 3);
}

}  // namespace
}  // namespace npusim::tools
