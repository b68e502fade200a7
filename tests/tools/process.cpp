#include "tests/tools/process.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

}  // namespace

Finished shell(const std::string& command) {
  const TemporaryFolder folder;
  const std::string line = "export NPUSIM=" + quoted(NPUSIM_BINARY) + "; { " + command + "\n} >" +
                           quoted(folder / "out") + " 2>" + quoted(folder / "err") + " </dev/null";
  const int status = std::system(line.c_str());
  Finished finished;
  finished.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.out = readText(folder / "out");
  finished.err = readText(folder / "err");
  return finished;
}

Finished npusim(const std::vector<std::string>& arguments) {
  std::string line = "\"$NPUSIM\"";
  for (const std::string& word : arguments) line += " " + quoted(word);
  return shell(line);
}

TemporaryFolder::TemporaryFolder() {
  path_ = (fs::temp_directory_path() / "npusim-test-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::contents() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    names.push_back(fs::relative(entry.path(), path_).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string readText(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void writeText(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace npusim::tools
