#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "sim/core/error.h"
#include "tools/command.h"
#include "tools/run_options.h"
#include "tools/subcommands.h"

namespace npusim::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// What `npusim` with these words prints and returns, without a process of its own.
struct Printed {
  int exitCode;
  std::string out, err;
};
Printed call(std::vector<std::string> words) {
  words.insert(words.begin(), "npusim");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = runCommand(static_cast<int>(argv.size()), argv.data());
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

RunOptions parsed(const Arguments& words) { return parseRun(words).value(); }

std::string messageOf(const Arguments& words) {
  try {
    parsed(words);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Options, HaveTheirDefaults) {
  const RunOptions options = parsed({});
  EXPECT_EQ(options.machine.chip, "edge");
  EXPECT_EQ(options.network.workload, "blazeface_front");
  EXPECT_FALSE(options.compile.precision.has_value());
  EXPECT_TRUE(options.data.values);
  EXPECT_EQ(options.machine.idealMemory, std::nullopt);
  EXPECT_EQ(options.data.seed, 1u);
  EXPECT_EQ(options.results.repeat, 1);
  EXPECT_THAT(options.results.references, ElementsAre("cpu_a15", "gpu_a100"));
}

TEST(Options, AreTaken) {
  const RunOptions options = parsed({"--chip",
                                     "c.yaml",
                                     "--set",
                                     "a.b=1",
                                     "--set",
                                     "c=x=y",
                                     "--memory=ideal",
                                     "--precision",
                                     "int8",
                                     "--values",
                                     "off",
                                     "--seed",
                                     "0",
                                     "--input",
                                     "x=f.npy",
                                     "--dim",
                                     "n=4",
                                     "--batch",
                                     "2",
                                     "--tolerance",
                                     "1e-4",
                                     "--repeat",
                                     "3",
                                     "--objective",
                                     "edp",
                                     "--reference",
                                     "host",
                                     "--calibrate",
                                     "d1",
                                     "--calibrate",
                                     "d2",
                                     "--json",
                                     "r.json",
                                     "--workload",
                                     "w.onnx"});
  EXPECT_THAT(options.machine.overrides, ElementsAre(Pair("a.b", "1"), Pair("c", "x=y")));
  EXPECT_EQ(options.machine.idealMemory, true);
  EXPECT_EQ(options.compile.precision, DataType::Int8);
  EXPECT_EQ(options.compile.objective, Objective::Edp);
  EXPECT_FALSE(options.data.values);
  EXPECT_EQ(options.data.seed, 0u);
  EXPECT_THAT(options.data.inputFiles, ElementsAre(Pair("x", "f.npy")));
  EXPECT_THAT(options.data.calibrationFolders, ElementsAre("d1", "d2"));
  EXPECT_EQ(options.data.tolerance, 1e-4);
  EXPECT_EQ(options.network.dims.at("n"), 4);
  EXPECT_EQ(options.network.batch, 2);
  EXPECT_THAT(options.results.references, ElementsAre("host"));
  EXPECT_TRUE(parsed({"--reference", "none"}).results.references.empty());
}

TEST(Options, SayWhatIsWrong) {
  struct Case {
    Arguments words;
    const char* message;
  };
  const Case cases[] = {
      {{"--chp", "x"}, "unknown option '--chp' (did you mean '--chip'?)"},
      {{"--set", "array.rows"}, "--set array.rows: must be NAME=VALUE"},
      {{"--set", "=3"}, "--set =3: must be NAME=VALUE"},
      {{"--batch", "-1"}, "--batch: '-1' must be a whole number of at least 1"},
      {{"--batch", "2x"}, "--batch: '2x' must be a whole number"},
      {{"--repeat", "0"}, "--repeat: '0' must be a whole number of at least 1"},
      {{"--dim", "n=1", "--dim", "n=2"}, "--dim n: is given twice; keep one"},
      {{"--reference", "host", "--reference", "host"}, "--reference host: is given twice"},
      {{"--reference", "host", "--reference", "none"}, "--reference none: excludes the others"},
      {{"--seed", "99999999999999999999"}, "--seed: '99999999999999999999' must be"},
      {{"--dim", "n=0"}, "--dim n: '0' must be a whole number of at least 1"},
      {{"--values", "yes"}, "--values yes: must be on or off"},
      {{"--memory", "real"}, "--memory real: must be ideal or modelled"},
      {{"--precision", "int4"}, "--precision int4: must be fp32, fp16, bf16, int16 or int8"},
      {{"--objective", "speed"}, "--objective speed: must be latency, energy or edp"},
      {{"--tolerance", "tight"}, "--tolerance tight: must be a number"},
      {{"--tolerance", "-1"}, "--tolerance -1: must be a number"},
      {{"--tolerance", "nan"}, "--tolerance nan: must be a number"},
      {{"--fidelity", "rtl"}, "--fidelity rtl: must be tile, pe or module"},
      {{"--chip"}, "--chip needs a value; npusim run --help"},
      {{"--seed="}, "--seed needs a value"},
      {{"--json", ""}, "--json needs a value"},
      {{"--calibrate", "d", "--calibrate", ""}, "--calibrate needs a value"},
      {{"--chip", "a", "--chip", "b"}, "--chip"},
      {{"word"}, "unexpected 'word'; usage: npusim run [options]"},
  };
  for (const Case& wrong : cases) {
    EXPECT_THAT(messageOf(wrong.words), HasSubstr(wrong.message))
        << testing::PrintToString(wrong.words);
  }
}

TEST(Command, HelpOfEverySubcommandFitsAScreen) {
  for (const Subcommand& subcommand : subcommands()) {
    const Printed help = call({subcommand.name, "--help"});
    EXPECT_EQ(help.exitCode, 0);
    EXPECT_THAT(help.out, HasSubstr(std::string("usage: npusim ") + subcommand.name));
    std::istringstream lines(help.out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      EXPECT_LE(line.size(), 80u) << subcommand.name << ": " << line;
    }
    EXPECT_LE(count, 40) << subcommand.name;
  }
}

TEST(Command, HelpListsEverySubcommand) {
  for (const Arguments& words : {Arguments{}, Arguments{"--help"}, Arguments{"-h"}}) {
    const Printed help = call(words);
    EXPECT_EQ(help.exitCode, 0);
    for (const Subcommand& subcommand : subcommands()) {
      EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + subcommand.name));
    }
  }
}

TEST(Command, HelpOfOneSubcommandByItsName) {
  EXPECT_EQ(call({"help", "run"}).out, call({"run", "--help"}).out);
  EXPECT_EQ(call({"help", "rnu"}).exitCode, 2);
  EXPECT_THAT(call({"list", "--help"}).out, testing::Not(HasSubstr("options")));
}

TEST(Command, TellsItsVersion) {
  const Printed version = call({"--version"});
  EXPECT_EQ(version.exitCode, 0);
  EXPECT_THAT(version.out, testing::MatchesRegex("npusim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Command, SuggestsTheSubcommandThatWasMeant) {
  const Printed wrong = call({"rnu"});
  EXPECT_EQ(wrong.exitCode, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, HasSubstr("npusim: unknown subcommand 'rnu' (did you mean 'run'?)"));
}

TEST(Command, ListsWhatThereIs) {
  const std::pair<const char*, const char*> listings[] = {
      {"chips", "edge"},
      {"memories", "lpddr4_3200"},
      {"dataflows", "rows FY FX C, columns K; weights hold, inputs forward, outputs chain"},
      {"workloads", "blazeface_front"},
      {"operators", "Conv"},
      {"references", "cpu_a15"},
      {"energy", "7nm"}};
  for (const auto& [what, entry] : listings) {
    const Printed listing = call({"list", what});
    EXPECT_EQ(listing.exitCode, 0) << listing.err;
    EXPECT_THAT(listing.out, HasSubstr(entry));
  }
  EXPECT_THAT(call({"list", "chip"}).err, HasSubstr("(did you mean 'chips'?)"));
}

TEST(Command, EveryListedPresetIsDescribed) {
  for (const char* what : {"chips", "memories", "dataflows", "references", "energy", "workloads"}) {
    std::istringstream lines(call({"list", what}).out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_GT(line.size(), 30u) << what << ": " << line;
    }
  }
}

}  // namespace
}  // namespace npusim::tools
