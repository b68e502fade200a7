#include "workloads/evaluate/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing::HasSubstr;
using testing_support::Random;

class Npy : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("npy_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return (folder_ / file).string(); }

  std::string write(const std::string& bytes) const {
    std::ofstream(path("x.npy"), std::ios::binary) << bytes;
    return path("x.npy");
  }

  static std::string contents(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  /// A version 1.0 file with the given dictionary and data.
  static std::string file(const std::string& dictionary, const std::string& data) {
    std::string bytes("\x93NUMPY\1\0", 8);
    bytes += static_cast<char>(dictionary.size());
    bytes += '\0';
    return bytes + dictionary + data;
  }

  std::string errorOf(const std::string& bytes) const {
    try {
      readNpy(write(bytes));
    } catch (const BadInput& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(path("x.npy") + ": "));
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path folder_;
};

TEST_F(Npy, RoundTripsEveryTypeAndRank) {
  Random random(6);
  for (const DataType type :
       {DataType::Float32, DataType::Float16, DataType::Float64, DataType::Int8, DataType::UInt8,
        DataType::Int16, DataType::UInt16, DataType::Int32, DataType::UInt32, DataType::Int64,
        DataType::UInt64, DataType::Bool}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{1, 2, 3, 4}, Shape{0, 3}}) {
      const Tensor tensor = random.tensor(type, shape, 0, 1);
      writeNpy(path("t.npy"), tensor);
      const Tensor back = readNpy(path("t.npy"));
      EXPECT_EQ(back.type(), type);
      EXPECT_EQ(back.shape(), shape);
      EXPECT_TRUE(std::equal(back.bytes().begin(), back.bytes().end(), tensor.bytes().begin(),
                             tensor.bytes().end()));
    }
  }
}

TEST_F(Npy, WritesWhatNumPyWrites) {
  writeNpy(path("t.npy"), testing_support::floats({2}, {1, 2}));
  const std::string bytes = contents(path("t.npy"));
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\1\0\x76\0", 10));
  EXPECT_EQ(bytes.substr(10, dictionary.size()), dictionary);
  EXPECT_EQ(bytes.size(), 128u + 8u) << "the header ends on 64 bytes";
  EXPECT_EQ(bytes[127], '\n');
}

TEST_F(Npy, ReadsOtherSpacingAndVersions) {
  const std::string dictionary = "{'shape':(1,2),'fortran_order':False,'descr':'|i1'}\n";
  EXPECT_EQ(readNpy(write(file(dictionary, "\1\2"))).shape(), (Shape{1, 2}));
  std::string second = file(dictionary, "\1\2");
  second[6] = 2;
  second.insert(10, 2, '\0');
  EXPECT_EQ(readNpy(write(second)).at(1), 2);
}

TEST_F(Npy, ErrorsSayWhatIsWrong) {
  const std::string good = "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }\n";
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    return file(changed.replace(changed.find(from), from.size(), to), "ab");
  };
  EXPECT_EQ(errorOf(file(good, "ab")), "no error");
  EXPECT_THAT(errorOf(""), HasSubstr("not a .npy file"));
  EXPECT_THAT(errorOf("PK\3\4 zip archive"), HasSubstr("not a .npy file"));
  EXPECT_THAT(errorOf(std::string("\x93NUMPY\7\0\1\0", 10)), HasSubstr("version 7"));
  EXPECT_THAT(errorOf(file(good, "").substr(0, 20)), HasSubstr("ends within its header"));
  EXPECT_THAT(errorOf(file(good, "a")), HasSubstr("holds 1 bytes of data, its shape 2 of int8"));
  EXPECT_THAT(errorOf(file(good, "abc")), HasSubstr("holds 3 bytes"));
  EXPECT_THAT(errorOf(with("|i1", ">i2")), HasSubstr("element type '>i2' is not supported"));
  EXPECT_THAT(errorOf(with("'|i1'", "[('a', '<i4')]")), HasSubstr("holds records"));
  EXPECT_THAT(errorOf(with("False", "True")), HasSubstr("Fortran order"));
  EXPECT_THAT(errorOf(with("(2,)", "(-2,)")), HasSubstr("bad shape"));
  EXPECT_THAT(errorOf(with("(2,)", "(x,)")), HasSubstr("bad shape"));
  EXPECT_THAT(errorOf(with("(2,)", "(4294967296, 4294967296)")), HasSubstr("needs another number"));
  EXPECT_THAT(errorOf(with("descr", "dtype")), HasSubstr("no entry 'descr'"));
  EXPECT_THROW(readNpy(path("missing.npy")), BadInput);
  EXPECT_THROW(readNpy(folder_.string()), BadInput);
}

TEST_F(Npy, FailedWritesLeaveNothing) {
  const Tensor tensor(DataType::Float32, {2});
  EXPECT_THROW(writeNpy(path("no/such/folder.npy"), tensor), BadInput);
  EXPECT_THROW(writeNpy(path("b.npy"), Tensor(DataType::BFloat16, {2})), BadInput);
  std::filesystem::create_directory(path("taken.npy"));
  EXPECT_THROW(writeNpy(path("taken.npy"), tensor), BadInput);
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    left += entry.path().filename() != "taken.npy";
  }
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace npusim
