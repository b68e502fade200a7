#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sim/laws/array_law.h"
#include "tests/sim/array/scale_sim_rows.h"
#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using scale_sim::goldenRows;
using scale_sim::Row;

TEST(ScaleSim, LawEqualsEveryGoldenRow) {
  const std::vector<Row> rows = goldenRows();
  ASSERT_EQ(rows.size(), 6947u);
  for (const Row& row : rows) {
    const ArrayConfig array = row.array();
    EXPECT_EQ(arrayTiming(array, DataType::Int8, MatrixShape::product(row.m, row.n, row.k)).total(),
              row.cycles)
        << row.text;
  }
}

std::int64_t cyclesOfCommand(const Row& row, const std::string& json) {
  const Finished run = npusim(
      {"gemm", std::to_string(row.m), std::to_string(row.n), std::to_string(row.k), "--memory",
       "ideal", "--set", "array.convention=scale_sim", "--set",
       "array.rows=" + std::to_string(row.rows), "--set", "array.cols=" + std::to_string(row.cols),
       "--set", "array.dataflow=" + row.dataflow, "--json", json});
  EXPECT_EQ(run.exitCode, 0) << row.text << ": " << run.err;
  const auto result = nlohmann::json::parse(readText(json), nullptr, false);
  return result.is_discarded() ? -1 : result.at("predict").at("cycles").get<std::int64_t>();
}

/// The whole command on rows spread over the file.
TEST(ScaleSim, CommandEqualsGoldenRows) {
  const TemporaryFolder folder;
  const std::vector<Row> rows = goldenRows();
  constexpr std::size_t kEvery = 223;
  for (std::size_t i = 0; i < rows.size(); i += kEvery) {
    EXPECT_EQ(cyclesOfCommand(rows[i], folder / "r.json"), rows[i].cycles) << rows[i].text;
  }
  EXPECT_EQ(cyclesOfCommand(rows.back(), folder / "r.json"), rows.back().cycles);
}

}  // namespace
}  // namespace npusim::tools
