#include "tools/unused_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "tests/message_of.h"
#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;

TEST(ValuesUsed, RefusesWhatOnlyValuesWouldUse) {
  ResultOptions outputs;
  outputs.outputs = "somewhere";
  DataOptions tolerance, calibrate, seed;
  tolerance.tolerance = 0.1;
  calibrate.calibrationFolders = {"d"};
  seed.seedGiven = true;
  struct Case {
    const char* option;
    DataOptions data;
    ResultOptions results;
  };
  for (Case c : {Case{"--outputs", {}, outputs}, Case{"--tolerance", tolerance, {}},
                 Case{"--calibrate", calibrate, {}}, Case{"--seed", seed, {}}}) {
    c.data.values = true;
    EXPECT_NO_THROW(checkValuesUsed(c.data, c.results)) << c.option;
    c.data.values = false;
    EXPECT_EQ(messageOf([&] { checkValuesUsed(c.data, c.results, "do so"); }),
              std::string(c.option) + " needs values; do so");
  }
}

TEST(ValuesUsed, TheHostRunsOnInputsThoughTheMachineDoesNot) {
  DataOptions data;
  data.values = false;
  data.seedGiven = true;
  ResultOptions results;
  results.references = {kHostReference};
  EXPECT_NO_THROW(checkValuesUsed(data, results));
}

TEST(FormatUses, CalibrationIsForInt8AndToleranceForFloats) {
  DataOptions data;
  data.calibrationFolders = {"d"};
  EXPECT_NO_THROW(checkFormatUses(data, DataType::Int8));
  EXPECT_THAT(messageOf([&] { checkFormatUses(data, DataType::Float16); }),
              HasSubstr("--calibrate sets the ranges of int8 and int16, this run computes fp16"));
  data.calibrationFolders.clear();
  data.tolerance = 0.1;
  EXPECT_NO_THROW(checkFormatUses(data, DataType::Float16));
  EXPECT_THAT(messageOf([&] { checkFormatUses(data, DataType::Int8); }),
              HasSubstr("--tolerance is for float formats, int8 is checked bit for bit"));
}

TEST(PartitionUsed, OnlyByCoresThatTakeTasksOfTheirOwn) {
  CompileChoice choice;
  ChipConfig chip;
  chip.name = "one";
  EXPECT_NO_THROW(checkPartitionUsed(choice, chip));
  choice.partition = Partition::Row;
  choice.partitionGiven = true;
  EXPECT_EQ(messageOf([&] { checkPartitionUsed(choice, chip); }),
            "--partition row: chip 'one' has one core; leave it out");
  chip.cores = 4;
  EXPECT_NO_THROW(checkPartitionUsed(choice, chip));
  chip.coreControl = CoreControl::Shared;
  EXPECT_THAT(messageOf([&] { checkPartitionUsed(choice, chip); }), HasSubstr("leave it out"));
}

TEST(SeedUsed, OnlyWhereSomethingIsMadeFromIt) {
  DataOptions data;
  data.seed = 5;
  data.seedGiven = true;
  const InputSlot image{"image", DataType::Float32, {2}};
  const InputSlot ids{"ids", DataType::Int64, {2}};
  GivenTensors given;
  given.byName["image"] = Tensor(DataType::Float32, {2});
  EXPECT_NO_THROW(checkSeedUsed(data, {image}, {}, false));
  EXPECT_NO_THROW(checkSeedUsed(data, {image}, given, true));
  EXPECT_EQ(messageOf([&] { checkSeedUsed(data, {image}, given, false); }),
            "--seed 5: nothing is made from it; leave it out");
  EXPECT_THROW(checkSeedUsed(data, {ids}, {}, false), BadInput);
  data.seedGiven = false;
  EXPECT_NO_THROW(checkSeedUsed(data, {image}, given, false));
}

TEST(Files, AreWrittenByOneOptionAndReadByNone) {
  const TemporaryFolder folder;
  const std::string file = folder / "r.json", same = folder / "./r.json";
  EXPECT_EQ(messageOf([&] {
              checkFiles({{"--json", file}, {"--csv", same}}, {});
            }),
            same + ": is given for --json and for --csv; give each a file of its own");
  EXPECT_THAT(messageOf([&] {
                checkFiles({{"--json", file}}, {{"--chip", file}});
              }),
              HasSubstr("is given for --chip and for --json"));
  EXPECT_EQ(messageOf([&] {
              checkFiles({{"--json", file}, {"--csv", ""}}, {{"--chip", ""}});
            }),
            "no error");
  EXPECT_EQ(messageOf([] {
              checkFiles({{"--json", "/dev/null"}, {"--csv", "/dev/null"}}, {});
            }),
            "no error");
  EXPECT_THAT(messageOf([&] {
                checkFiles({{"--json", folder / "no/r.json"}}, {});
              }),
              HasSubstr("there is no folder"));
}

TEST(Files, OutputsGoIntoAFolder) {
  const TemporaryFolder folder;
  ResultOptions results;
  results.outputs = folder / "out";
  EXPECT_NO_THROW(checkFiles(results, {}));
  results.json = results.outputs;
  EXPECT_THAT(messageOf([&] { checkFiles(results, {}); }), HasSubstr("--outputs and for --json"));
  writeText(results.outputs, "");
  EXPECT_THAT(messageOf([&] { checkFiles(results, {}); }), HasSubstr("is no folder"));
}

TEST(Files, OfAPresetOrAZooNetworkAreNone) {
  const auto named = [](const NamedFile& file) { return file.first; };
  std::vector<std::string> options;
  for (const NamedFile& file : filesOf({"edge", {}, false}, {}, {})) options.push_back(named(file));
  EXPECT_THAT(options, testing::Not(testing::Contains("--chip")));
  options.clear();
  for (const NamedFile& file : filesOf({"my.yaml", {}, false}, {}, {})) {
    options.push_back(named(file));
  }
  EXPECT_THAT(options, testing::Contains("--chip"));
}

TEST(TracedMemory, IsTheFirstDram) {
  ChipConfig chip;
  chip.name = "c";
  chip.memories.resize(1);
  chip.memories[0].kind = MemoryKind::Sram;
  EXPECT_EQ(messageOf([&] { tracedMemory(chip); }),
            "--dram-trace: chip 'c' has no DRAM; leave it out");
  chip.memories.resize(3);  // two of DRAM
  EXPECT_EQ(tracedMemory(chip), 1u);
}

}  // namespace
}  // namespace npusim::tools
