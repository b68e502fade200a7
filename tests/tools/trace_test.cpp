#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kCustomChip = NPUSIM_SOURCE_DIR "/docs/dataflows/ox_by_k.yaml";

std::vector<std::string> onArray(std::int64_t rows, std::int64_t cols,
                                 std::vector<std::string> words) {
  words.insert(words.end(), {"--set", "array.rows=" + std::to_string(rows), "--set",
                             "array.cols=" + std::to_string(cols)});
  return words;
}

Finished traceWords(std::vector<std::string> words) {
  words.insert(words.begin(), "trace");
  return npusim(words);
}

/// The JSON that these words write; the command must end with exit code 0.
Json jsonOf(std::vector<std::string> words) {
  const TemporaryFolder folder;
  words.insert(words.end(), {"--json", folder / "t.json"});
  const Finished finished = traceWords(words);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  return Json::parse(readText(folder / "t.json"), nullptr, false);
}

TEST(Trace, ShowsTwoByTwoAsAgreed) {
  const Finished finished = traceWords(onArray(2, 2, {"gemm", "3", "2", "2"}));
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_EQ(finished.out, readText(NPUSIM_SOURCE_DIR "/tests/tools/golden/trace_2x2.txt"));
}

TEST(Trace, TakesAsLongAsTheSameProductAlone) {
  const TemporaryFolder folder;
  for (const char* dataflow : {"weight_stationary", "output_stationary", "dot_product"}) {
    const std::string choice = std::string("array.dataflow=") + dataflow;
    const Json trace = jsonOf(onArray(4, 4, {"gemm", "9", "7", "11", "--set", choice}));
    npusim(onArray(4, 4,
                   {"gemm", "9", "7", "11", "--set", choice, "--memory", "ideal", "--reference",
                    "none", "--json", folder / "r.json"}));
    const Json run = Json::parse(readText(folder / "r.json"), nullptr, false);
    EXPECT_EQ(trace["cycles"].size(), run["predict"]["cycles"]) << dataflow;
  }
}

/// A matrix as the steps of a trace show it.
using Matrix = std::map<std::pair<std::int64_t, std::int64_t>, double>;

/// Every product of the trace: inputs and weights are the same wherever they are seen.
struct Seen {
  Matrix inputs, weights;
  std::map<std::array<std::int64_t, 3>, double> sums;  ///< by m, n, k
};

Seen seenIn(const Json& trace) {
  Seen seen;
  const auto note = [](Matrix& matrix, std::int64_t row, std::int64_t col, double value) {
    EXPECT_EQ(matrix.emplace(std::pair(row, col), value).first->second, value);
  };
  for (const Json& cycle : trace["cycles"]) {
    EXPECT_EQ(cycle["working"], cycle["pes"].size());
    for (const Json& pe : cycle["pes"]) {
      const std::int64_t m = pe[1], n = pe[2], k = pe[3];
      note(seen.inputs, m, k, pe[4]);
      note(seen.weights, k, n, pe[5]);
      EXPECT_TRUE(seen.sums.emplace(std::array{m, n, k}, pe[6]).second) << "a product twice";
    }
  }
  return seen;
}

/// Chains over ascending k hold the sum so far in every step; a tree's PE holds its own product.
void expectSums(const Seen& seen, const Json& product, bool tree) {
  const std::int64_t m = product["m"], n = product["n"], k = product["k"];
  ASSERT_EQ(std::ssize(seen.sums), m * n * k);
  for (std::int64_t row = 0; row < m; ++row) {
    for (std::int64_t col = 0; col < n; ++col) {
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const double one = seen.inputs.at({row, i}) * seen.weights.at({i, col});
        sum = tree ? one : sum + one;
        EXPECT_EQ(seen.sums.at({row, col, i}), sum) << row << " " << col << " " << i;
      }
    }
  }
}

struct Way {
  const char* name;
  std::vector<std::string> words;
};

class TraceJson : public testing::TestWithParam<Way> {};

TEST_P(TraceJson, HoldsEveryProductOnce) {
  for (const char* precision : {"int8", "fp16"}) {
    std::vector<std::string> words = GetParam().words;
    words.insert(words.end(), {"--precision", precision});
    const Json trace = jsonOf(onArray(3, 4, words));
    ASSERT_TRUE(trace.is_object());
    const bool tree = trace["array"]["dataflow"]["outputs"] == "tree";
    expectSums(seenIn(trace), trace["product"], tree);
    const Json& timing = trace["timing"];
    EXPECT_EQ(
        timing["prologue"].get<int>() + timing["stream"].get<int>() + timing["drain"].get<int>(),
        trace["cycles"].size());
  }
}

std::vector<Way> ways() {
  std::vector<Way> all;
  for (const char* dataflow :
       {"weight_stationary", "output_stationary", "input_stationary", "dot_product"}) {
    all.push_back(
        {dataflow, {"gemm", "5", "6", "7", "--set", std::string("array.dataflow=") + dataflow}});
  }
  all.push_back(
      {"conv", {"conv", "--input", "2,3,5,6", "--kernel", "4,3,2", "--pad", "1", "--stride", "2"}});
  all.push_back(
      {"depthwise", {"conv", "--input", "1,4,4,4", "--kernel", "4,2,2", "--groups", "4"}});
  all.push_back(
      {"ox_by_k", {"conv", "--input", "1,2,4,5", "--kernel", "5,2,2", "--chip", kCustomChip}});
  all.push_back({"cached", {"gemm", "5", "6", "7", "--set", "array.dataflow=cached"}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, TraceJson, testing::ValuesIn(ways()),
                         [](const auto& way) { return std::string(way.param.name); });

TEST(Trace, WindowsAreTakenAlsoByTheFile) {
  const std::vector<std::string> words = onArray(8, 8, {"gemm", "20", "8", "8"});
  std::vector<std::string> part = words;
  part.insert(part.end(), {"--cycles", "10:12", "--pes", "2:3,1:1"});
  const Json whole = jsonOf(words);
  const Json window = jsonOf(part);
  EXPECT_EQ(window["window"]["rows"], (Json{2, 3}));
  ASSERT_EQ(window["cycles"].size(), 3u);
  EXPECT_EQ(window["cycles"][0]["cycle"], 10);
  EXPECT_EQ(window["cycles"][0]["working"], whole["cycles"][10]["working"]);
  for (std::size_t i = 0; i < 3; ++i) {
    Json expected = Json::array();
    for (const Json& pe : whole["cycles"][10 + i]["pes"]) {
      if (pe[0] == 2 * 8 + 1 || pe[0] == 3 * 8 + 1) expected.push_back(pe);
    }
    EXPECT_EQ(window["cycles"][i]["pes"], expected);
  }
}

TEST(Trace, ShowsMapsOfLargeArraysAndTheFirstOfManyCycles) {
  const Finished finished = traceWords({"gemm", "64", "32", "32"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("shown: cycles 0 to 19 of 0 to 157 (--cycles A:B)"),
                                  HasSubstr("# works, . is idle"), Not(HasSubstr("a[0,0]"))));
  const Finished later = traceWords({"gemm", "64", "32", "32", "--cycles", "40:41"});
  EXPECT_THAT(later.out, HasSubstr(" #########......................."));
}

TEST(Trace, ShowsValuesOfAWindow) {
  const Finished finished =
      traceWords({"gemm", "64", "32", "32", "--cycles", "40:40", "--pes", "3:4,2:4"});
  EXPECT_THAT(finished.out, AllOf(HasSubstr("a[3,3]"), HasSubstr("b[4,2]"), HasSubstr("row 4"),
                                  Not(HasSubstr("row 5"))));
}

TEST(Trace, SeedsMakeOtherNumbers) {
  const std::vector<std::string> words = onArray(2, 2, {"gemm", "4", "4", "4"});
  std::vector<std::string> other = words;
  other.insert(other.end(), {"--seed", "2"});
  EXPECT_EQ(jsonOf(words), jsonOf(words));
  EXPECT_NE(jsonOf(words), jsonOf(other));
}

TEST(Trace, HelpFitsAScreen) {
  for (const char* command :
       {"trace --help", "trace gemm --help", "trace conv -h", "study dataflows --help"}) {
    const Finished finished = shell(std::string("\"$NPUSIM\" ") + command);
    EXPECT_EQ(finished.exitCode, 0) << command;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

struct Wrong {
  std::string words;
  int exitCode;
  std::string message;
};

TEST(Trace, SaysWhatIsWrong) {
  const std::string gemm = "gemm 3 2 2 --set array.rows=2 --set array.cols=2";
  const std::vector<Wrong> all = {
      {"", 2, "trace needs one of gemm or conv"},
      {"gem 2 2 2", 2, "did you mean 'gemm'"},
      {"gemm 2 2", 2, "K is missing"},
      {"conv --input 1,1,4,4", 2, "needs --kernel"},
      {"conv --input 1,1,4 --kernel 1,2", 2, "--kernel must be K,R,S"},
      {"conv --input 1,1,2,2 --kernel 1,3,3", 2, "conv"},
      {gemm + " --cycles 5", 2, "--cycles 5: must be two whole numbers, as in 0:9"},
      {gemm + " --cycles a:b", 2, "--cycles: 'a' must be a whole number"},
      {gemm + " --cycles 5:2", 2, "--cycles 5:2: ends before it begins"},
      {gemm + " --cycles 0:7", 2, "--cycles 0:7: the instruction takes 7 cycles, 0 to 6"},
      {gemm + " --pes 0:1", 2, "--pes 0:1: must be rows and columns, as in 0:3,0:3"},
      {gemm + " --pes 1:0,0:1", 2, "--pes 1:0: ends before it begins"},
      {gemm + " --pes 0:2,0:1", 2, "--pes 0:2,0:1: the array has rows 0 to 1 and columns 0 to 1"},
      {gemm + " --precision int16", 3, "chip edge does not compute it"},
      {gemm + " --json no_such_folder/t.json", 2, "no_such_folder"},
      {gemm + " --vcd t.txt", 2, "--vcd t.txt: the name must end in .vcd"},
      {"gemm 2 2 2 --set array.rows=64 --set array.cols=64 --vcd t.vcd", 3, "1024"},
      {gemm + " --json t.vcd --vcd t.vcd", 2, "t.vcd: is given for --json and for --vcd"},
      {gemm + " --values off", 2, "unknown option '--values'"},
      {"gemm 100000 100000 100000", 3, "trace a smaller problem"},
      {"gemm 4096 1024 1024 --set array.rows=4", 3, "PE-cycles"},
      {"gemm 4000 128 128 --set array.rows=128 --set array.cols=128 --json t.json", 3,
       "choose fewer with --cycles A:B or --pes R0:R1,C0:C1"},
  };
  for (const Wrong& wrong : all) {
    const Finished finished = shell("\"$NPUSIM\" trace " + wrong.words);
    EXPECT_EQ(finished.exitCode, wrong.exitCode) << wrong.words << "\n" << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(wrong.message)) << wrong.words;
    EXPECT_EQ(finished.out, "") << wrong.words;
  }
}

TEST(Trace, FileOfAFailedTraceIsNotThere) {
  const TemporaryFolder folder;
  const Finished finished =
      traceWords({"gemm", "3", "2", "2", "--cycles", "0:9999", "--json", folder / "t.json"});
  EXPECT_EQ(finished.exitCode, 2);
  EXPECT_TRUE(folder.contents().empty());
}

/// Numbers that the trace of the array's modules left: by name, value changes as (time, text).
using Changes = std::map<std::string, std::vector<std::pair<std::int64_t, std::string>>>;

/// Full names of the signals by their codes.
std::map<std::string, std::string> signalsOf(const std::string& header) {
  std::map<std::string, std::string> names;
  std::vector<std::string> scopes;
  std::istringstream words(header);
  for (std::string word, name, code; words >> word;) {
    if (word == "$scope") {
      words >> word >> name;
      scopes.push_back(name);
    } else if (word == "$upscope") {
      scopes.pop_back();
    } else if (word == "$var") {
      words >> word >> word >> code >> name;
      names[code] = scopes.back() + "." + name;
    }
  }
  return names;
}

Changes changesIn(const std::string& vcd) {
  const std::size_t body = vcd.find("$dumpvars");
  const std::map<std::string, std::string> names = signalsOf(vcd.substr(0, body));
  Changes changes;
  std::int64_t time = 0;
  std::istringstream words(vcd.substr(body));
  for (std::string word, code; words >> word;) {
    if (word[0] == '#') {
      time = std::stoll(word.substr(1));
    } else if (word[0] == 'r' || word[0] == 'b') {
      words >> code;
      changes[names.at(code)].emplace_back(time, word.substr(1));
    } else if (word[0] == '0' || word[0] == '1') {
      changes[names.at(word.substr(1))].emplace_back(time, word.substr(0, 1));
    }
  }
  return changes;
}

TEST(Trace, WaveformShowsEveryPeAtWork) {
  const TemporaryFolder folder;
  const std::vector<std::string> words =
      onArray(2, 2, {"gemm", "3", "2", "2", "--set", "clock_mhz=1000", "--vcd", folder / "t.vcd"});
  const Finished finished = traceWords(words);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_EQ(folder.contents(), std::vector<std::string>{"t.vcd"});
  const Changes changes = changesIn(readText(folder / "t.vcd"));
  constexpr std::int64_t kPeriodFs = 1'000'000;
  for (const char* pe : {"pe_0_0", "pe_0_1", "pe_1_0", "pe_1_1"}) {
    const auto& works = changes.at(pe + std::string(".works"));
    ASSERT_EQ(works.size(), 3u) << pe << ": at first idle, works, idle again";
    EXPECT_EQ(works[2].first - works[1].first, 3 * kPeriodFs) << "one step for each of 3 rows";
  }
  EXPECT_EQ(changes.at("pe_1_1.works")[1].first - changes.at("pe_0_0.works")[1].first,
            2 * kPeriodFs);
}

/// The mapping of docs/dataflows/custom.md computes what the network asks for.
TEST(CustomMapping, RunsAConvolutionWithRightValues) {
  for (const char* precision : {"fp32", "fp16", "int8"}) {
    const TemporaryFolder folder;
    const Finished finished =
        npusim({"conv", "--chip", kCustomChip, "--input", "1,5,9,11", "--kernel", "7,3,3", "--pad",
                "1", "--precision", precision, "--reference", "none", "--json", folder / "r.json"});
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    const Json result = Json::parse(readText(folder / "r.json"), nullptr, false);
    EXPECT_EQ(result["machine"]["dataflow"], "custom");
    EXPECT_EQ(result["values"]["checked_against"], "evaluate");
    EXPECT_TRUE(result["values"]["passed"].get<bool>()) << result["values"];
  }
}

struct Refused {
  std::string dataflow, message;
};

/// What docs/dataflows/custom.md says is refused, in its words.
TEST(CustomMapping, RefusesWhatThePageSays) {
  const std::string page = readText(NPUSIM_SOURCE_DIR "/docs/dataflows/custom.md");
  const auto with = [](const std::string& rows, const std::string& cols, const std::string& w,
                       const std::string& i, const std::string& o) {
    return "{rows: " + rows + ", cols: " + cols + ", weights: " + w + ", inputs: " + i +
           ", outputs: " + o + "}";
  };
  const std::vector<Refused> all = {
      {with("[OY]", "[K]", "forward", "forward", "hold"),
       "rows: must be the inner loops of one of [B, OY, OX], [K] and [FY, FX, C]"},
      {with("[FX, C]", "[C]", "hold", "forward", "chain"),
       "cols: must be loops of another list than rows"},
      {with("[C]", "[K]", "forward", "forward", "chain"),
       "weights: are forward, must be hold, since rows and cols both index them"},
      {with("[OX]", "[K]", "hold", "forward", "hold"),
       "weights: are hold, must be forward or broadcast"},
      {with("[C]", "[K]", "hold", "chain", "chain"),
       "inputs: are chain, must be forward or broadcast"},
      {with("[C]", "[K]", "hold", "forward", "broadcast"),
       "outputs: are broadcast, must be chain or tree"},
      {"{rows: [C], cols: [K], weights: hold, inputs: forward}", "is missing"},
  };
  for (const Refused& refused : all) {
    const Finished finished =
        npusim({"gemm", "2", "2", "2", "--set", "array.dataflow=" + refused.dataflow});
    EXPECT_EQ(finished.exitCode, 2) << refused.dataflow;
    EXPECT_THAT(finished.err, HasSubstr(refused.message)) << refused.dataflow;
    EXPECT_THAT(page, HasSubstr("| " + refused.message)) << "the page says it otherwise";
  }
}

}  // namespace
}  // namespace npusim::tools
