#include "tools/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "sim/core/error.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWipeLine = "\r\033[K";

}  // namespace

void print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw BadInput(fmt::format("cannot write standard output: {}", std::strerror(errno)));
  }
}

void expectWritable(const std::string& file) {
  if (file.empty()) return;
  std::error_code ignored;
  const fs::path path(file);
  if (fs::is_directory(path, ignored)) {
    throw BadInput(fmt::format("{}: is a folder; give the name of a file", file));
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) {
    throw BadInput(fmt::format("{}: there is no folder {}; make it first", file, folder.string()));
  }
}

void makeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error)) {
    throw BadInput(
        fmt::format("{}: cannot make this folder; give one that can be written", folder));
  }
}

std::string readFile(const std::string& file) {
  std::error_code ignored;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || fs::is_directory(file, ignored)) {
    throw BadInput(fmt::format("{}: cannot read this file; check its name", file));
  }
  std::ostringstream contents;
  contents << stream.rdbuf();
  return std::move(contents).str();
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::clear() const {
  if (terminal_) std::fputs(kWipeLine, stderr);
}

void Progress::show(const std::string& doing) const {
  if (terminal_) fmt::print(stderr, "{}{} ...", kWipeLine, doing);
}

void Progress::note(const std::string& text) const {
  clear();
  fmt::print(stderr, "npusim: note: {}\n", text);
}

}  // namespace npusim::tools
