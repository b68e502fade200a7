#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "sim/array/gather.h"
#include "sim/array/module/module_array.h"
#include "sim/core/error.h"
#include "tests/sim/array/module/vcd.h"
#include "tests/sim/array/random_tile.h"

namespace npusim::modules {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::int64_t kRows = 3, kCols = 2, kM = 5;
constexpr double kClockMhz = 500;
constexpr std::int64_t kPeriodFs = 2'000'000;

ArrayConfig weightStationary(DataType format) {
  ArrayConfig array;
  array.rows = kRows;
  array.cols = kCols;
  array.macsPerCycle = {{format, 1}};
  return array;
}

/// A [5 x 3] x B [3 x 2], which fills the array once.
std::unique_ptr<testing_tiles::Problem> oneFold(DataType format, DataType sums) {
  testing_tiles::Dice dice(11);
  auto problem = testing_tiles::problemOf(testing_tiles::Window::product(kM, kCols, kRows),
                                          {format, format}, sums, dice);
  problem->tile.accumulates = false;
  problem->tile.bias.reset();
  return problem;
}

/// A file of the test's own, removed at its end.
class VcdFile {
 public:
  explicit VcdFile(const std::string& name)
      : path_((std::filesystem::temp_directory_path() / (name + std::to_string(getpid()) + ".vcd"))
                  .string()) {}
  ~VcdFile() { std::filesystem::remove(path_); }
  VcdFile(const VcdFile&) = delete;
  VcdFile& operator=(const VcdFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Just after the rising edge of a cycle; the clock ticks once before the first.
std::int64_t timeOf(std::int64_t cycle) { return (cycle + 1) * kPeriodFs + kPeriodFs / 2; }

std::string peName(std::int64_t row, std::int64_t col) {
  return "array.pe_" + std::to_string(row) + "_" + std::to_string(col) + ".";
}

TEST(Waveforms, DeclareTheClockTheControllerAndEveryPe) {
  const VcdFile file("declared");
  ModuleArray array(weightStationary(DataType::Int8), kClockMhz);
  array.traceTo(file.path());
  const auto problem = oneFold(DataType::Int8, DataType::Int32);
  array.compute(problem->tile, problem->storages);
  const Vcd vcd(file.path());
  EXPECT_EQ(vcd.timescale(), "1 fs");
  EXPECT_EQ(vcd.names().size(), 1u + 5u + 5u * kRows * kCols);
  EXPECT_THAT(vcd.names(), Contains("array.clock"));
  for (const char* state : {"fold", "step", "load_fold", "load_row", "turn"}) {
    EXPECT_THAT(vcd.names(), Contains(std::string("array.controller.") + state));
  }
  for (const char* signal : {"works", "input", "weight", "sum_in", "sum"}) {
    EXPECT_THAT(vcd.names(), Contains(peName(kRows - 1, kCols - 1) + signal));
  }
  EXPECT_EQ(vcd.wholeAt("array.clock", timeOf(4) - 1), 0);
  EXPECT_EQ(vcd.wholeAt("array.clock", timeOf(4)), 1);
  EXPECT_EQ(vcd.wholeAt("array.controller.load_row", timeOf(1)), 2);  // for the next cycle
}

/// Weights are loaded in the first R cycles; row m of A reaches PE (r, c) in cycle R + m + r + c,
/// where the sum then has the products up to r.
TEST(Waveforms, ShowEverySumWhereAndWhenItIsDue) {
  const VcdFile file("sums");
  ModuleArray array(weightStationary(DataType::Int8), kClockMhz);
  array.traceTo(file.path());
  const auto problem = oneFold(DataType::Int8, DataType::Int32);
  std::vector<std::int32_t> a(kM * kRows), b(kRows * kCols);
  gatherRows(problem->tile, problem->storages, 0, kM, a.data());
  gatherWeights(problem->tile, problem->storages, 0, kCols, kCols, b.data());
  array.compute(problem->tile, problem->storages);
  const Vcd vcd(file.path());
  for (std::int64_t m = 0; m < kM; ++m) {
    for (std::int64_t c = 0; c < kCols; ++c) {
      std::int64_t sum = 0;
      for (std::int64_t r = 0; r < kRows; ++r) {
        const std::int64_t time = timeOf(kRows + m + r + c);
        const std::int64_t input = a[static_cast<std::size_t>(m * kRows + r)];
        const std::int64_t weight = b[static_cast<std::size_t>(r * kCols + c)];
        EXPECT_EQ(vcd.wholeAt(peName(r, c) + "works", time), 1);
        EXPECT_EQ(vcd.wholeAt(peName(r, c) + "input", time), input);
        EXPECT_EQ(vcd.wholeAt(peName(r, c) + "weight", time), weight);
        EXPECT_EQ(vcd.wholeAt(peName(r, c) + "sum_in", time), sum);
        sum += input * weight;
        EXPECT_EQ(vcd.wholeAt(peName(r, c) + "sum", time), sum);
      }
    }
  }
  EXPECT_EQ(vcd.wholeAt(peName(0, 0) + "works", timeOf(kRows - 1)), 0);
  EXPECT_EQ(vcd.wholeAt(peName(0, 0) + "works", timeOf(kRows + kM)), 0);
}

TEST(Waveforms, FloatsAreReals) {
  const VcdFile file("floats");
  ModuleArray array(weightStationary(DataType::Float32), kClockMhz);
  array.traceTo(file.path());
  const auto problem = oneFold(DataType::Float32, DataType::Float32);
  array.compute(problem->tile, problem->storages);
  const Vcd vcd(file.path());
  EXPECT_EQ(vcd.at(peName(0, 0) + "sum").type, "real");
  float result = 0;
  std::memcpy(&result, problem->storages[0].at(problem->tile.c.address, 4), 4);
  EXPECT_NEAR(vcd.realAt(peName(kRows - 1, 0) + "sum", timeOf(kRows + kRows - 1)), result, 1e-6);
  EXPECT_NE(result, 0);
}

TEST(Waveforms, FilesThatCannotBeWrittenAreRefused) {
  const auto problem = oneFold(DataType::Int8, DataType::Int32);
  for (const auto& [path, message] :
       {std::pair{"waves.txt", "waves.txt: must end in .vcd"},
        std::pair{"no/such/folder/waves.vcd", "no/such/folder/waves.vcd: cannot be written"}}) {
    ModuleArray array(weightStationary(DataType::Int8));
    array.traceTo(path);
    try {
      array.compute(problem->tile, problem->storages);
      ADD_FAILURE() << path << " was not refused";
    } catch (const BadInput& refusal) {
      EXPECT_THAT(refusal.what(), HasSubstr(message));
    }
  }
}

}  // namespace
}  // namespace npusim::modules
