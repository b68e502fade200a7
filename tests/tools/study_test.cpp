#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/forked.h"
#include "tools/study/layer_study.h"
#include "tools/text_table.h"

namespace npusim::tools {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

ConvProblem randomProblem(std::mt19937& random) {
  const auto roll = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const std::int64_t groups = roll(0, 1) == 0 ? 1 : roll(1, 8);
  ConvProblem problem;
  problem.input = {roll(1, 2), groups * roll(1, 6), roll(3, 12), roll(3, 12)};
  problem.kernel = {groups * roll(1, 6), roll(1, 3), roll(1, 3)};
  problem.stride = roll(1, 2);
  problem.pad = roll(0, 1);
  problem.groups = groups;
  return problem;
}

ChipConfig chipWith(const std::string& dataflow) {
  return loadChip("edge", {{"array.rows", "5"}, {"array.cols", "6"}, {"array.dataflow", dataflow}});
}

TEST(LayerStudy, CyclesAreSplitWithoutRest) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const ConvProblem problem = randomProblem(random);
    for (const Dataflow& dataflow : dataflowPresets()) {
      if (dataflow.kind != ArrayKind::Systolic) continue;
      const DataType format = seed % 2 == 0 ? DataType::Float16 : DataType::Float32;
      const ArrayShare share = arrayShare(chipWith(dataflow.name), format, problem);
      const double sum = share.useful + share.edge + share.fill + share.wait + share.drain;
      EXPECT_NEAR(sum, static_cast<double>(share.cycles), 1e-6) << dataflow.name << ", " << seed;
      for (const double part : {share.useful, share.edge, share.fill, share.wait, share.drain}) {
        EXPECT_GE(part, -1e-6) << dataflow.name << ", seed " << seed;
      }
    }
  }
}

/// With ideal memory the machine runs a layer as one instruction a group.
TEST(LayerStudy, ArrayAloneTakesAsLongAsTheChipWithIdealMemory) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::mt19937 random(seed);
    ConvProblem problem = randomProblem(random);
    problem.groups = 1;
    for (const char* dataflow : {"weight_stationary", "output_stationary", "dot_product"}) {
      ChipConfig chip = chipWith(dataflow);
      chip.idealMemory = true;
      const RunResult run = chipRun(chip, DataType::Float16, problem);
      const ArrayShare share = arrayShare(chip, DataType::Float16, problem);
      EXPECT_EQ(run.predict.cycles, share.cycles) << dataflow << ", seed " << seed;
      EXPECT_EQ(run.predict.counters.arrayNetworkBytes.inputs, share.work.network.inputs);
      EXPECT_GT(run.predict.energy.mac, 0);
    }
  }
}

TEST(LayerStudy, ReasonsOfTheChildComeBack) {
  const ChipConfig chip = chipWith("weight_stationary");
  const ConvProblem problem{{1, 4, 4, 4}, {4, 1, 1}, 1, 0, 1, 1};
  EXPECT_THROW(chipRun(chip, DataType::Int16, problem), NotPossible);
}

TEST(Forked, HandsBackAnswersAndErrorsByTheirKind) {
  const Forked done = runForked([] { return std::string("a\0b", 3); });
  EXPECT_EQ(done.bytes, std::string("a\0b", 3));
  EXPECT_EQ(done.error, "");
  const Forked refused = runForked([]() -> std::string { throw NotPossible("too large"); });
  EXPECT_EQ(refused.error, "too large");
  EXPECT_EQ(refused.code, ExitCode::NotPossible);
  const Forked broken = runForked([]() -> std::string { throw InternalError("oh"); });
  EXPECT_EQ(broken.error, "oh");
  EXPECT_EQ(broken.code, std::nullopt);
  const Forked killed = runForked([]() -> std::string { std::abort(); });
  EXPECT_THAT(killed.error, HasSubstr("ended by"));
}

TEST(Forked, ErrorsOfTheChildAreThrownAgainByTheirKind) {
  const auto rethrown = [](const auto& error) {
    return answerOf(runForked([&]() -> std::string { throw error; }));
  };
  EXPECT_EQ(answerOf(runForked([] { return std::string("done"); })), "done");
  EXPECT_THROW(rethrown(BadInput("a")), BadInput);
  EXPECT_THROW(rethrown(NotPossible("b")), NotPossible);
  EXPECT_THROW(rethrown(CheckFailed("c")), CheckFailed);
  EXPECT_THROW(rethrown(InternalError("d")), InternalError);
  EXPECT_THROW(answerOf(runForked([]() -> std::string { std::abort(); })), InternalError);
}

TEST(TextTable, HasAMarkdownForm) {
  TextTable table({{"name", TextTable::Align::Left}, {"count"}});
  table.addRow({"a", "1"});
  table.addRule();
  table.addRow({"b", "20"});
  EXPECT_EQ(table.markdown(), "| name | count |\n| --- | ---: |\n| a | 1 |\n| b | 20 |\n");
}

TEST(Study, ShowsEveryDataflowForEveryLayer) {
  const Finished finished = npusim({"study", "dataflows"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  for (const Dataflow& dataflow : dataflowPresets()) {
    std::size_t rows = 0;
    const std::string row = "\n " + dataflow.name + " ";
    for (std::size_t at = finished.out.find(row); at != std::string::npos;
         at = finished.out.find(row, at + 1)) {
      ++rows;
    }
    EXPECT_EQ(rows, 3u * 4u) << dataflow.name << ": three tables of four layers";
  }
}

TEST(Study, AFamilyGrowsUntilOneIsRefused) {
  const Finished finished = npusim({"study", "family", "--family", "gpt2", "--past", "15",
                                    "--precision", "fp16", "--set", "memory.capacity_mib=512"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, ContainsRegex("GPT-2 small +124 M +237 MiB"));
  EXPECT_THAT(finished.out, ContainsRegex("GPT-2 medium +355 M +677 MiB +refused"));
  EXPECT_THAT(finished.out, HasSubstr("GPT-2 medium: does not fit this chip: the network needs "));
  EXPECT_THAT(finished.out, HasSubstr("--allow-streaming"));
  EXPECT_THAT(finished.out, Not(HasSubstr("GPT-2 large")));
}

TEST(Study, AStreamedMemberWaitsForTheHostLink) {
  const Finished finished =
      npusim({"study", "family", "--family", "gpt2", "--past", "15", "--precision", "fp16", "--set",
              "memory.capacity_mib=64", "--allow-streaming", "--markdown"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("| GPT-2 XL |"));
  EXPECT_THAT(finished.out, Not(HasSubstr("refused")));
}

TEST(Study, AFamilyThatIsNoneIsRefused) {
  const Finished family = npusim({"study", "family", "--family", "bert"});
  EXPECT_EQ(family.exitCode, 2);
  EXPECT_THAT(family.err, HasSubstr("--family bert: is none of gpt, gpt2, gpt3"));
  const Finished past = npusim({"study", "family", "--past", "1024"});
  EXPECT_EQ(past.exitCode, 2);
  EXPECT_THAT(past.err, HasSubstr("--past 1024: must be 1 to 1023"));
}

TEST(Study, SaysWhatIsWrong) {
  EXPECT_THAT(npusim({"study"}).err, HasSubstr("study needs one of"));
  const Finished unknown = npusim({"study", "dataflow"});
  EXPECT_EQ(unknown.exitCode, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'dataflows'"));
  EXPECT_EQ(npusim({"study", "dataflows", "--csv"}).exitCode, 2);
}

}  // namespace
}  // namespace npusim::tools
