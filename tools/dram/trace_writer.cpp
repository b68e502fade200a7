#include "tools/dram/trace_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

#include "sim/core/error.h"
#include "sim/memory/dram/trace_run.h"

namespace npusim::tools {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

/// Devices and pipes are written to directly.
bool isSpecial(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored);
}

}  // namespace

TraceWriter::TraceWriter(const std::string& file)
    : file_(file), temporary_(isSpecial(file) ? "" : fmt::format("{}.{}.tmp", file, ::getpid())) {
  stream_ = std::fopen((temporary_.empty() ? file_ : temporary_).c_str(), "wb");
  if (stream_ == nullptr) fail(errno);
  lines_ = "# requests of 64 bytes in the order in which they were asked for\n";
}

TraceWriter::~TraceWriter() {
  if (stream_ != nullptr) std::fclose(stream_);
  if (!done_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void TraceWriter::add(Direction direction, const Piece& piece) {
  constexpr std::int64_t kBytes = TraceRun::kRequestBytes;
  std::int64_t block = piece.address / kBytes;
  const std::int64_t last = (piece.address + piece.bytes - 1) / kBytes;
  if (block == lastBlock_ && direction == lastDirection_) ++block;
  for (; block <= last; ++block) {
    fmt::format_to(std::back_inserter(lines_), "- 0x{:x} {}\n", block * kBytes,
                   direction == Direction::Read ? 'R' : 'W');
  }
  lastBlock_ = last;
  lastDirection_ = direction;
  if (lines_.size() >= kBlockBytes) flush();
}

void TraceWriter::flush() {
  if (std::fwrite(lines_.data(), 1, lines_.size(), stream_) != lines_.size()) fail(errno);
  lines_.clear();
}

void TraceWriter::finish() {
  flush();
  std::FILE* const stream = std::exchange(stream_, nullptr);
  if (std::fclose(stream) != 0) fail(errno);
  if (!temporary_.empty() && std::rename(temporary_.c_str(), file_.c_str()) != 0) fail(errno);
  done_ = true;
}

void TraceWriter::fail(int reason) const {
  throw BadInput(
      fmt::format("{}: cannot write it: {}; name a file in a folder that can be written "
                  "and has room",
                  file_, std::strerror(reason)));
}

}  // namespace npusim::tools
