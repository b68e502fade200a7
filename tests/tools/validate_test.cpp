#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/validate/judge.h"

namespace npusim::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Published example() {
  PublishedFigure latency{"latency", "ms", "Table 1", 0.1, 0.05, {{"a", 10}, {"b", 30}},
                          {{"c", 5}}};
  PublishedFigure pes{"pes", "PEs", "Table 2", 0, 0, {{"a", 7}}, {}};
  return {"example", "chip", "network", "a paper", {latency, pes}};
}

std::vector<bool> verdicts(const OwnFigures& own) {
  std::vector<bool> passed;
  for (const JudgedRow& row : judge(example(), own)) passed.push_back(row.passed());
  return passed;
}

TEST(Judge, EveryFigureAndTheSum) {
  const OwnFigures own = {{"latency", {{"a", 10.9}, {"b", 29}, {"c", 50}}}, {"pes", {{"a", 7}}}};
  const std::vector<JudgedRow> rows = judge(example(), own);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[3].layer, "sum");
  EXPECT_DOUBLE_EQ(rows[3].own, 39.9);
  EXPECT_DOUBLE_EQ(rows[3].published, 40);
  EXPECT_FALSE(rows[2].judged);
  EXPECT_THAT(verdicts(own), ElementsAre(true, true, true, true, true));
}

TEST(Judge, FiguresBeyondTheirToleranceMiss) {
  EXPECT_THAT(verdicts({{"latency", {{"a", 11.1}, {"b", 29}, {"c", 5}}}, {"pes", {{"a", 7}}}}),
              ElementsAre(false, true, true, true, true));
  EXPECT_THAT(verdicts({{"latency", {{"a", 9.1}, {"b", 28}, {"c", 5}}}, {"pes", {{"a", 8}}}}),
              ElementsAre(true, true, true, false, false));
}

TEST(Judge, AFigureThatTheCaseDoesNotHaveIsOurBug) {
  EXPECT_THROW(judge(example(), {{"latency", {{"a", 1}}}}), InternalError);
}

TEST(Published, EveryCaseIsReadAndRun) {
  for (const std::string& name : publishedNames()) {
    const auto run = std::find_if(validationCases().begin(), validationCases().end(),
                                  [&](const ValidationCase& c) { return name == c.name; });
    ASSERT_NE(run, validationCases().end()) << name;
    if (run->judged != nullptr) continue;  // its file has a form of its own
    const Published published = readPublished(name);
    EXPECT_EQ(published.name, name);
    EXPECT_FALSE(published.figures.empty());
  }
}

TEST(Validate, EyerissIsWhereTheChipWas) {
  const Finished run = npusim({"validate", "eyeriss"});
  EXPECT_EQ(run.exitCode, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("all 23 judged figures pass"));
}

TEST(Validate, UnknownCasesAreRefused) {
  const Finished run = npusim({"validate", "eyeris"});
  EXPECT_EQ(run.exitCode, 2);
  EXPECT_THAT(run.err, HasSubstr("there is no such case (did you mean 'eyeriss'?)"));
}

}  // namespace
}  // namespace npusim::tools
