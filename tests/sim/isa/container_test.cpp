#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

using testing::HasSubstr;

/// The message of the BadInput that `action` throws; empty when it throws none.
template <class Action>
std::string refusalOf(const Action& action) {
  try {
    action();
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

std::string refusal(std::string_view bytes) {
  return refusalOf([&] { unpack(bytes, "tiny.npu"); });
}

/// A folder of its own for each test, removed at its end.
class Container : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("npusim_container_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file() const { return folder_ / "tiny.npu"; }

 private:
  std::filesystem::path folder_;
};

TEST_F(Container, GivesBackTheProgramWithItsConstants) {
  const Program program = exampleProgram();
  write(program, file());
  const Program back = read(file());
  EXPECT_EQ(back, program);
  for (std::size_t i = 0; i < program.constants.size(); ++i)
    EXPECT_EQ(*back.constants.at(i).bytes, *program.constants[i].bytes);
}

TEST_F(Container, HoldsAProgramWithoutValues) {
  Program program = exampleProgram();
  program.values = false;
  for (ConstantBlock& block : program.constants) block.bytes = nullptr;
  write(program, file());
  const Program back = read(file());
  EXPECT_EQ(back, program);
  EXPECT_EQ(back.constants.at(0).bytes, nullptr);
}

TEST(PackedProgram, IsTheSameEachTime) {
  const std::string bytes = pack(exampleProgram());
  EXPECT_EQ(pack(unpack(bytes, "tiny.npu")), bytes);
}

TEST(PackedProgram, IsRefusedWhenTruncatedAnywhere) {
  const std::string whole = pack(exampleProgram());
  EXPECT_THAT(refusal(""), HasSubstr("tiny.npu: is not a program of npusim"));
  for (std::size_t length = 1; length < whole.size(); ++length)
    ASSERT_THAT(refusal(std::string_view(whole).substr(0, length)),
                HasSubstr("tiny.npu: is truncated or altered"))
        << "length " << length;
  EXPECT_THAT(refusal(whole + '\0'), HasSubstr("is truncated or altered"));
}

TEST(PackedProgram, IsRefusedWhenABitFlips) {
  const std::string whole = pack(exampleProgram());
  for (std::size_t bit = 0; bit < whole.size() * 8; bit += bit < 2000 ? 1 : 9) {
    std::string altered = whole;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(refusal(altered), "") << "bit " << bit;
  }
}

TEST(PackedProgram, IsRefusedWhenOfAnotherKindOrVersion) {
  EXPECT_THAT(refusal("ONNX model or whatever else this may be"),
              HasSubstr("is not a program of npusim; npusim compile writes one"));
  std::string other = pack(exampleProgram());
  other[8] = 9;
  EXPECT_THAT(refusal(other), HasSubstr("has format version 9, but this npusim reads version 1"));
}

TEST(PackedProgram, IsRefusedWhenVerifyRefusesIt) {
  Program program = exampleProgram();
  program.queue(Engine::Store).pop_back();
  EXPECT_THAT(refusal(pack(program)), HasSubstr("store queue ends inside 1 open loop"));
}

TEST_F(Container, NamesWhatCannotBeWrittenOrRead) {
  const std::string lost = file() + "/no/such/folder.npu";
  EXPECT_THAT(refusalOf([&] { write(exampleProgram(), lost); }),
              HasSubstr("folder.npu: cannot write it: No such file or directory"));
  EXPECT_THAT(refusalOf([&] { read(file()); }),
              HasSubstr("tiny.npu: there is no such program file"));
  EXPECT_THAT(refusalOf([&] { read("/"); }), HasSubstr("/: is not a file; give the .npu file"));
}

}  // namespace
}  // namespace npusim::isa
