#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

const std::string kPrompt = "$ npusim ";
const std::string kLeftOut = "...";
const std::string kTicked = "\n`npusim ";

/// A block of a page that shows a command and what it prints; lines of "..." stand for others.
struct Excerpt {
  std::string page, command;
  std::vector<std::string> parts;  ///< whole lines that must follow each other
};

std::vector<Excerpt> excerptsOf(const fs::path& page) {
  std::vector<Excerpt> all;
  std::istringstream lines(readText(page.string()));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = false;
    } else if (line.starts_with(kPrompt)) {
      inside = true;
      all.push_back({page.filename().string(), line.substr(kPrompt.size()), {""}});
    } else if (inside && line == kLeftOut) {
      all.back().parts.emplace_back();
    } else if (inside) {
      all.back().parts.back() += line + "\n";
    }
  }
  return all;
}

std::vector<Excerpt> allExcerpts() {
  std::vector<Excerpt> all;
  for (const auto& entry : fs::directory_iterator(NPUSIM_SOURCE_DIR "/docs/dataflows")) {
    if (entry.path().extension() != ".md") continue;
    for (Excerpt& excerpt : excerptsOf(entry.path())) all.push_back(std::move(excerpt));
  }
  return all;
}

TEST(DataflowPages, ShowWhatTheCommandsPrint) {
  const std::vector<Excerpt> all = allExcerpts();
  EXPECT_GE(all.size(), 5u);
  for (const Excerpt& excerpt : all) {
    const Finished finished =
        shell("cd " + quoted(NPUSIM_SOURCE_DIR) + " && \"$NPUSIM\" " + excerpt.command);
    EXPECT_EQ(finished.exitCode, 0) << excerpt.page << ": " << finished.err;
    std::size_t from = 0;
    for (const std::string& part : excerpt.parts) {
      const std::size_t found = ("\n" + finished.out).find("\n" + part, from);
      EXPECT_NE(found, std::string::npos)
          << excerpt.page << ": " << excerpt.command << "\ndoes not print\n"
          << part << "\nbut\n"
          << finished.out;
      if (found != std::string::npos) from = found + part.size();
    }
  }
}

TEST(TraceFormatPage, ShowsTheFileOfItsCommand) {
  const std::string page = readText(NPUSIM_SOURCE_DIR "/docs/trace_format.md");
  const std::string fence = "```json\n";
  const std::size_t begin = page.find(fence) + fence.size();
  const auto shown =
      nlohmann::json::parse(page.substr(begin, page.find("```", begin) - begin), nullptr, false);
  const std::size_t command = page.rfind(kTicked) + kTicked.size();
  const TemporaryFolder folder;
  const Finished finished =
      shell("\"$NPUSIM\" " + page.substr(command, page.find("--json", command) - command) +
            " --json " + quoted(folder / "t.json"));
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_EQ(shown, nlohmann::json::parse(readText(folder / "t.json"), nullptr, false));
}

TEST(DataflowPages, ComparisonIsWhatTheStudyPrints) {
  const std::string page = readText(NPUSIM_SOURCE_DIR "/docs/dataflows/comparison.md");
  const Finished finished = npusim({"study", "dataflows", "--markdown"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_EQ(page, finished.out);
}

TEST(RecurrentPage, HoldsWhatTheStudyPrints) {
  const std::string page = readText(NPUSIM_SOURCE_DIR "/docs/recurrent.md");
  const Finished finished = npusim({"study", "recurrent", "--markdown"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_FALSE(finished.out.empty());
  EXPECT_NE(page.find(finished.out), std::string::npos) << finished.out;
}

TEST(QuantisationPage, HoldsWhatTheStudyPrints) {
  const std::string root = NPUSIM_SOURCE_DIR;
  const std::string page = readText(root + "/docs/quantisation.md");
  const std::string data = root + "/tests/models/reference/blazeface_front/test_data_set_0";
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--workload", "blazeface_front", "--data", data}}) {
    std::vector<std::string> words = {"study", "weights", "--markdown"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = npusim(words);
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    EXPECT_FALSE(finished.out.empty());
    EXPECT_NE(page.find(finished.out), std::string::npos) << finished.out;
  }
}

}  // namespace
}  // namespace npusim::tools
