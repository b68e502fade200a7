#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/readers.h"

namespace npusim::fuzz {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Reader {
  const char* name;
  bool (*read)(std::string_view bytes);
  const char* sound;  ///< a file that it accepts
};

void PrintTo(const Reader& reader, std::ostream* out) { *out << reader.name; }

class Findings : public testing::TestWithParam<Reader> {};

TEST_P(Findings, AreRefusedOrReadWithoutAnErrorOfOurs) {
  const auto& [name, read, sound] = GetParam();
  const fs::path folder = fs::path(NPUSIM_SOURCE_DIR "/tests/data/fuzz") / name;
  const std::vector<fs::path> files{fs::directory_iterator(folder), fs::directory_iterator()};
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) EXPECT_NO_THROW(read(contents(file))) << file;
}

TEST_P(Findings, AreLookedForByReadingTheWholeFile) {
  const auto& [name, read, sound] = GetParam();
  const std::string good = contents(fs::path(NPUSIM_SOURCE_DIR) / sound);
  EXPECT_TRUE(read(good)) << sound;
  EXPECT_FALSE(read("")) << "nothing at all";
  EXPECT_FALSE(read(good.substr(0, good.size() / 2))) << "half of " << sound;
}

constexpr Reader kReaders[] = {
    {"onnx", onnxModel, "workloads/zoo/blazeface_front.onnx"},
    {"description", description, "workloads/zoo/char_rnn.yaml"},
    {"chip", chip, "configs/chips/edge.yaml"},
    {"program", program, "tests/data/fuzz/program/sound.txt"},
    {"program", program, "tests/data/fuzz/program/container.npu"},
};

INSTANTIATE_TEST_SUITE_P(Fuzzed, Findings, testing::ValuesIn(kReaders), [](const auto& row) {
  return row.param.name + std::to_string(row.index);
});

}  // namespace
}  // namespace npusim::fuzz
