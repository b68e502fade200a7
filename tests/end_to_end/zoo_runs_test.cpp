#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace npusim::end_to_end {
namespace {

/// A network of the zoo on a chip that fits it, with what is given beside.
struct Run {
  std::string name;
  std::vector<std::string> options;
};

std::ostream& operator<<(std::ostream& out, const Run& run) { return out << run.name; }

nlohmann::json resultOf(const Run& run, const std::vector<std::string>& more) {
  const tools::TemporaryFolder folder;
  std::vector<std::string> arguments{"run", "--reference", "none", "--json", folder / "r.json"};
  arguments.insert(arguments.end(), run.options.begin(), run.options.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  const tools::Finished finished = tools::npusim(arguments);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  return finished.exitCode == 0 ? nlohmann::json::parse(tools::readText(folder / "r.json"))
                                : nlohmann::json();
}

class ZooRuns : public testing::TestWithParam<Run> {};

/// Without values every network takes time, and no more memory than its program does.
TEST_P(ZooRuns, WithValuesOff) { resultOf(GetParam(), {"--values", "off"}); }

INSTANTIATE_TEST_SUITE_P(
    Networks, ZooRuns,
    testing::Values(Run{"resnet18", {"--workload", "resnet18", "--precision", "int8"}},
                    Run{"distilbert", {"--workload", "distilbert", "--precision", "fp16"}},
                    Run{"bert_base", {"--workload", "bert_base", "--precision", "fp16"}},
                    Run{"gpt2_decode",
                        {"--workload", "gpt2", "--precision", "fp16", "--dim", "sequence=1",
                         "--dim", "past=64"}},
                    Run{"char_rnn", {"--workload", "char_rnn"}},
                    Run{"tpu_mlp0", {"--workload", "tpu_mlp0", "--chip", "tpu_v1"}},
                    Run{"tpu_mlp1", {"--workload", "tpu_mlp1", "--chip", "tpu_v1"}},
                    Run{"tpu_lstm0", {"--workload", "tpu_lstm0", "--chip", "tpu_v1"}},
                    Run{"tpu_lstm1", {"--workload", "tpu_lstm1", "--chip", "tpu_v1"}},
                    Run{"tpu_cnn0", {"--workload", "tpu_cnn0", "--chip", "tpu_v1"}},
                    Run{"tpu_cnn1", {"--workload", "tpu_cnn1", "--chip", "tpu_v1"}}),
    [](const auto& instance) { return instance.param.name; });

class ZooValues : public testing::TestWithParam<Run> {};

/// Small members of a family, so that the machine's numbers are held against the evaluation: exit
/// code 1 where they differ. Their weights differ from pass to pass of the loops.
TEST_P(ZooValues, AreThoseOfTheEvaluation) {
  const nlohmann::json values = resultOf(GetParam(), {})["values"];
  EXPECT_FALSE(values.is_null());
}

const std::vector<std::string> kSmallGpt = {"--workload", "gpt2",     "--dim", "layers=3",
                                            "--dim",      "width=64", "--dim", "heads=4"};
const std::vector<std::string> kSmallLlama = {"--workload", "llama2_7b",  "--dim", "layers=2",
                                              "--dim",      "width=64",   "--dim", "heads=4",
                                              "--dim",      "kv_heads=2", "--dim", "hidden=96"};

std::vector<std::string> with(std::vector<std::string> options,
                              const std::vector<std::string>& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    Networks, ZooValues,
    testing::Values(
        Run{"gpt_prefill", with(kSmallGpt, {"--dim", "sequence=8"})},
        Run{"gpt_decode", with(kSmallGpt, {"--dim", "sequence=1", "--dim", "past=5"})},
        Run{"gpt_int8", with(kSmallGpt, {"--dim", "sequence=8", "--precision", "int8"})},
        Run{"llama_with_past", with(kSmallLlama, {"--dim", "sequence=6", "--dim", "past=3"})},
        Run{"char_rnn", {"--workload", "char_rnn"}},
        Run{"deepspeech2",
            {"--workload", "deepspeech2", "--dim", "hidden=16", "--dim", "frames=20"}}),
    [](const auto& instance) { return instance.param.name; });

/// What does not fit is refused with the numbers: weights alone take 350 GB in fp16.
TEST(ZooScale, TheLargestIsRefusedByASmallChip) {
  const tools::Finished finished =
      tools::npusim({"run", "--workload", "gpt3_175b", "--precision", "fp16", "--values", "off",
                     "--dim", "sequence=1", "--dim", "past=2047"});
  EXPECT_EQ(finished.exitCode, 3);
  EXPECT_NE(finished.err.find("does not fit this chip"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace npusim::end_to_end
