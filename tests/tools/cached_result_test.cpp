#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/example_result.h"
#include "tests/tools/process.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CachedResult, HitRateIsShownWhereThereAreCaches) {
  RunResult result = exampleResult();
  EXPECT_THAT(toTable(result), Not(HasSubstr("caches hit")));
  EXPECT_THAT(toJson(result), Not(HasSubstr("cache_hits")));
  result.predict.counters.cacheHits = 750;
  result.predict.counters.cacheMisses = 250;
  EXPECT_THAT(toTable(result), HasSubstr("caches hit 75.0 % of 1,000 operands"));
  const RunResult again = fromJson(toJson(result), "again.json");
  EXPECT_EQ(again.predict.counters.cacheHits, 750);
  EXPECT_EQ(again.predict.counters.cacheMisses, 250);
  EXPECT_EQ(again.layers.front().counters.cacheHits, 0);
}

TEST(CachedResult, CountersThatAreNoNumbersAreRefused) {
  RunResult result = exampleResult();
  result.predict.counters.cacheHits = 7;
  std::string json = toJson(result);
  const std::string from = "\"cache_hits\": 7";
  json.replace(json.find(from), from.size(), "\"cache_hits\": \"7\"");
  EXPECT_THROW(fromJson(json, "broken.json"), std::exception);
}

/// A row of the study: the words of the line that begins with a size.
std::vector<std::vector<std::string>> rowsOf(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) row.push_back(word);
    if (row.size() > 12 && (row[1] == "B" || row[1] == "KiB")) rows.push_back(row);
  }
  return rows;
}

TEST(CacheStudy, HoldsTheTilingFixedAndFindsTheKnee) {
  const Finished finished = npusim({"study", "cache"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  const auto rows = rowsOf(finished.out);
  ASSERT_EQ(rows.size(), 2u * 10u) << finished.out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& first = rows[i / 10 * 10];
    EXPECT_EQ(first[0], "0");
    EXPECT_EQ(first[2], "0.0") << "nothing hits where there is no cache";
    EXPECT_EQ(rows[i][7], first[7]) << "DRAM traffic does not depend on the caches";
    if (i % 10 == 0) continue;
    EXPECT_GE(std::stod(rows[i][2]), std::stod(rows[i - 1][2])) << finished.out;
  }
  EXPECT_THAT(finished.out, HasSubstr("knee: "));
}

/// Values through the caches' lines equal the evaluation of the network.
TEST(CachedRun, ValuesAreRightAtBothFidelities) {
  std::vector<std::string> cycles;
  for (const char* fidelity : {"tile", "pe"}) {
    const Finished finished = npusim({"conv",
                                      "--input",
                                      "1,5,9,9",
                                      "--kernel",
                                      "7,3,3",
                                      "--pad",
                                      "1",
                                      "--stride",
                                      "2",
                                      "--precision",
                                      "fp16",
                                      "--fidelity",
                                      fidelity,
                                      "--set",
                                      "array.rows=4",
                                      "--set",
                                      "array.cols=4",
                                      "--set",
                                      "array.dataflow=cached",
                                      "--csv",
                                      "/dev/stdout"});
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    const std::size_t row = finished.out.find("conv,Conv");
    ASSERT_NE(row, std::string::npos) << finished.out;
    cycles.push_back(finished.out.substr(row, finished.out.find('\n', row) - row));
  }
  EXPECT_EQ(cycles[0], cycles[1]);
}

}  // namespace
}  // namespace npusim::tools
