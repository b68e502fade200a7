#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>

#include "sim/core/error.h"
#include "tests/workloads/onnx/model_builder.h"
#include "workloads/onnx/data_set.h"

namespace npusim {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_onnx::elements;
using testing_onnx::floats;
using testing_onnx::ModelBuilder;
using testing_onnx::tensorBytes;

/// A folder of its own for every test, removed at the end.
class TensorFile : public ::testing::Test {
 protected:
  TensorFile() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("npusim_") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~TensorFile() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  Tensor read(const onnx::TensorProto& message) const {
    return readTensorProto(write("t.pb", message.SerializeAsString()));
  }
  std::string error(const onnx::TensorProto& message) const {
    try {
      read(message);
    } catch (const Error& thrown) {
      return thrown.what();
    }
    return "read without an error";
  }

  fs::path folder_;
};

onnx::TensorProto message(int type, const Shape& shape) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  return tensor;
}

TEST_F(TensorFile, RawDataOfEveryType) {
  for (int type = 0; type <= static_cast<int>(DataType::Bool); ++type) {
    Tensor tensor(static_cast<DataType>(type), {2, 1});
    tensor.set(0, 1);
    const Tensor back = readTensorProto(write("raw.pb", tensorBytes(tensor)));
    EXPECT_EQ(back.type(), tensor.type());
    EXPECT_EQ(back.shape(), tensor.shape());
    EXPECT_THAT(elements(back), ElementsAre(1, 0)) << name(tensor.type());
  }
}

TEST_F(TensorFile, TypedDataOfEveryType) {
  using T = onnx::TensorProto;
  for (const int type : {T::INT8, T::UINT8, T::INT16, T::UINT16, T::INT32, T::BOOL}) {
    T tensor = message(type, {2});
    tensor.add_int32_data(1);
    tensor.add_int32_data(0);
    EXPECT_THAT(elements(read(tensor)), ElementsAre(1, 0)) << "ONNX type " << type;
  }
  for (const int type : {T::UINT32, T::UINT64}) {
    T tensor = message(type, {1});
    tensor.add_uint64_data(3000000000u);
    EXPECT_THAT(elements(read(tensor)), ElementsAre(3e9)) << "ONNX type " << type;
  }
  T half = message(T::FLOAT16, {1});
  half.add_int32_data(0x3e00);
  EXPECT_THAT(elements(read(half)), ElementsAre(1.5));
  T brain = message(T::BFLOAT16, {1});
  brain.add_int32_data(0x3fc0);
  EXPECT_THAT(elements(read(brain)), ElementsAre(1.5));
  T whole = message(T::INT64, {1});
  whole.add_int64_data(-5);
  EXPECT_THAT(elements(read(whole)), ElementsAre(-5));
  T wide = message(T::DOUBLE, {1});
  wide.add_double_data(0.1);
  EXPECT_THAT(elements(read(wide)), ElementsAre(0.1));
  T negative = message(T::INT8, {1});
  negative.add_int32_data(-7);
  EXPECT_THAT(elements(read(negative)), ElementsAre(-7));
}

TEST_F(TensorFile, DamageIsNamed) {
  using T = onnx::TensorProto;
  T few = message(T::FLOAT, {3});
  few.add_float_data(1);
  EXPECT_THAT(error(few), HasSubstr("t.pb: holds 1 values, its shape needs 3"));
  T raw = message(T::FLOAT, {3});
  raw.set_raw_data("abc");
  EXPECT_THAT(error(raw), HasSubstr("holds 3 bytes, its shape needs 12"));
  EXPECT_THAT(error(message(T::FLOAT, {-1})), HasSubstr("a negative dimension -1"));
  EXPECT_THAT(error(message(T::FLOAT, {1 << 30, 1 << 30})), HasSubstr("more than 2^40 elements"));
  EXPECT_THAT(error(message(T::FLOAT, {INT64_MAX, 3})), HasSubstr("no sensible number"));
  EXPECT_THAT(error(message(T::STRING, {1})), HasSubstr("string tensors are not supported"));
  EXPECT_THAT(error(message(T::COMPLEX64, {1})), HasSubstr("complex tensors are not supported"));
  EXPECT_THAT(error(message(99, {1})), HasSubstr("element type 99 is none of ONNX's"));
  T external = message(T::FLOAT, {1});
  external.set_data_location(T::EXTERNAL);
  EXPECT_THAT(error(external), HasSubstr("external data names no file"));
  EXPECT_THROW(readTensorProto(write("bad.pb", "\xff\xff\xff")), BadInput);
}

// --- External data ---

using Entries = std::vector<std::pair<std::string, std::string>>;

ModelBuilder externalModel(const Entries& entries) {
  ModelBuilder builder(13);
  builder.external("w", {2}, entries).input("x", {"2"}).node("Add", {"x", "w"}, {"y"}).output("y");
  return builder;
}

TEST_F(TensorFile, ExternalDataIsReadFromBesideTheModel) {
  const float values[] = {9, 1.5, 2.5};
  write("deep/w.bin", std::string(reinterpret_cast<const char*>(values), sizeof values));
  const Entries entries = {{"location", "deep/w.bin"}, {"offset", "4"}, {"length", "8"}};
  const Graph graph = importOnnx(write("m.onnx", externalModel(entries).bytes()));
  EXPECT_THAT(graph.toText(), HasSubstr("%w = [1.5, 2.5] : fp32 2\n"));
}

TEST_F(TensorFile, ExternalDataOutsideOrTooShortIsRefused) {
  write("w.bin", std::string(8, 'x'));
  write("other/inside.bin", std::string(8, 'x'));
  fs::create_symlink(folder_ / "w.bin", folder_ / "other/link.bin");
  const std::string outside = "lies outside the model's folder";
  const std::vector<std::pair<Entries, std::string>> cases = {
      {{{"location", "../w.bin"}}, outside},
      {{{"location", (folder_ / "other/inside.bin").string()}}, outside},
      {{{"location", "link.bin"}}, outside},
      {{{"location", "missing.bin"}}, "'missing.bin' is not beside the model"},
      {{{"location", "."}}, "is not beside the model"},
      {{{"location", "inside.bin"}, {"offset", "4"}}, "needs bytes 4 to 4+8 of 'inside.bin'"},
      {{{"location", "inside.bin"}, {"offset", "-4"}}, "offset '-4', expected a number of bytes"},
      {{{"location", "inside.bin"}, {"offset", "9223372036854775807"}}, "which has 8"},
      {{{"location", "inside.bin"}, {"length", "4"}}, "holds 4 bytes of external data"},
      {{{"offset", "0"}}, "external data names no file"},
  };
  for (const auto& [entries, expected] : cases) {
    const std::string file = write("other/m.onnx", externalModel(entries).bytes());
    try {
      importOnnx(file);
      ADD_FAILURE() << "imported; expected: " << expected;
    } catch (const BadInput& error) {
      EXPECT_THAT(error.what(), HasSubstr("other/m.onnx: initialiser 'w': "));
      EXPECT_THAT(error.what(), HasSubstr(expected));
    }
  }
  EXPECT_THAT(testing_onnx::importError(externalModel({{"location", "w.bin"}})),
              HasSubstr("external data needs a model file with a folder"));
}

// --- Data sets ---

TEST_F(TensorFile, DataSetsAreReadInOrder) {
  for (int i = 0; i < 11; ++i) {
    write("input_" + std::to_string(i) + ".pb", tensorBytes(scalarTensor(static_cast<float>(i))));
  }
  write("output_0.pb", tensorBytes(floats({2})));
  const DataSet set = readDataSet(folder_.string());
  ASSERT_EQ(set.inputs.size(), 11u);
  EXPECT_EQ(set.inputs[10].at(0), 10);
  EXPECT_EQ(set.outputs.at(0).shape(), Shape{2});
}

TEST_F(TensorFile, IncompleteDataSetsAreRefused) {
  EXPECT_THROW(readDataSet((folder_ / "missing").string()), BadInput);
  EXPECT_THROW(readDataSet(folder_.string()), BadInput);
  write("input_0.pb", tensorBytes(floats({2})));
  write("input_2.pb", tensorBytes(floats({2})));
  try {
    readDataSet(folder_.string());
    FAIL() << "read";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("has 2 files input_*.pb but no input_1.pb"));
  }
}

}  // namespace
}  // namespace npusim
