#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "sim/laws/array_law.h"
#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

/// One product on one array, and the cycles that SCALE-Sim counts.
struct Row {
  std::string text, dataflow;
  std::int64_t rows = 0, cols = 0, m = 0, n = 0, k = 0, cycles = 0;
};

Row rowFrom(const std::string& text) {
  std::istringstream cells(text);
  std::vector<std::string> row;
  for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  const auto number = [&](std::size_t i) { return std::stoll(row.at(i)); };
  return {text, row.at(2), number(0), number(1), number(3), number(4), number(5), number(6)};
}

std::vector<Row> goldenRows() {
  std::ifstream file(NPUSIM_SOURCE_DIR "/tests/data/rtl_scalesim_golden.csv");
  std::vector<Row> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) rows.push_back(rowFrom(line));
  return rows;
}

const std::map<std::string, std::string> kDataflows = {{"os", "output_stationary"},
                                                    {"ws", "weight_stationary"},
                                                    {"is", "input_stationary"}};

TEST(ScaleSim, LawEqualsEveryGoldenRow) {
  const std::vector<Row> rows = goldenRows();
  ASSERT_EQ(rows.size(), 6947u);
  for (const Row& row : rows) {
    ArrayConfig array;
    array.rows = row.rows;
    array.cols = row.cols;
    array.dataflow = dataflowPreset(kDataflows.at(row.dataflow));
    array.convention = Convention::ScaleSim;
    array.macsPerCycle = {{DataType::Int8, 1}};
    EXPECT_EQ(arrayTiming(array, DataType::Int8, MatrixShape::product(row.m, row.n, row.k)).total(), row.cycles)
        << row.text;
  }
}

std::int64_t cyclesOfCommand(const Row& row, const std::string& json) {
  const Finished run =
      npusim({"gemm", std::to_string(row.m), std::to_string(row.n), std::to_string(row.k),
              "--memory", "ideal", "--set", "array.convention=scale_sim", "--set",
              "array.rows=" + std::to_string(row.rows), "--set",
              "array.cols=" + std::to_string(row.cols), "--set",
              "array.dataflow=" + std::string(name(kDataflows.at(row.dataflow))), "--json", json});
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
