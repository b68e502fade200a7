#include "tools/forked.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

namespace npusim::tools {
namespace {

/// What the first byte of an answer says: done, an error of the user by its exit code, or a bug.
constexpr char kDone = 'd';
constexpr char kThrew = 't';
constexpr char kFirstCode = '0';

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void writeAll(int to, const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(to, bytes.data() + written, bytes.size() - written);
    if (count <= 0) _exit(1);
    written += static_cast<std::size_t>(count);
  }
}

std::string readAll(int from) {
  std::string bytes;
  std::array<char, 1 << 16> block{};
  for (;;) {
    const ssize_t count = read(from, block.data(), block.size());
    if (count < 0) fail("reading from a child process");
    if (count == 0) return bytes;
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
}

[[noreturn]] void runChild(int to, const std::function<std::string()>& work, unsigned seconds) {
  alarm(seconds);
  std::string answer;
  try {
    answer = kDone + work();
  } catch (const Error& error) {
    answer =
        static_cast<char>(kFirstCode + static_cast<int>(error.code())) + std::string(error.what());
  } catch (const std::exception& error) {
    answer = kThrew + std::string(error.what());
  }
  writeAll(to, answer);
  _exit(0);
}

Forked parse(const std::string& answer) {
  if (answer.empty()) return {{}, "ended without an answer", {}};
  const std::string rest = answer.substr(1);
  if (answer.front() == kDone) return {rest, {}, {}};
  if (answer.front() == kThrew) return {{}, rest, {}};
  return {{}, rest, static_cast<ExitCode>(answer.front() - kFirstCode)};
}

}  // namespace

ForkedChild::ForkedChild(const std::function<std::string()>& work, unsigned seconds) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) fail("opening a pipe");
  const pid_t child = fork();
  if (child < 0) fail("starting a child process");
  if (child == 0) {
    close(ends[0]);
    runChild(ends[1], work, seconds);
  }
  close(ends[1]);
  child_ = child;
  from_ = ends[0];
}

ForkedChild::~ForkedChild() {
  if (from_ < 0) return;
  close(from_);
  waitpid(child_, nullptr, 0);
}

Forked ForkedChild::answer() {
  const std::string answer = readAll(from_);
  close(std::exchange(from_, -1));
  int status = 0;
  if (waitpid(child_, &status, 0) != child_) fail("waiting for a child process");
  if (WIFSIGNALED(status)) return {{}, std::string("ended by ") + strsignal(WTERMSIG(status)), {}};
  return parse(answer);
}

Forked runForked(const std::function<std::string()>& work, unsigned seconds) {
  return ForkedChild(work, seconds).answer();
}

std::string answerOf(const Forked& child) {
  if (child.error.empty()) return child.bytes;
  switch (child.code.value_or(ExitCode::OurBug)) {
    case ExitCode::CheckFailed:
      throw CheckFailed(child.error);
    case ExitCode::BadInput:
      throw BadInput(child.error);
    case ExitCode::NotPossible:
      throw NotPossible(child.error);
    case ExitCode::Done:
    case ExitCode::OurBug:
      break;
  }
  throw InternalError(child.error);
}

}  // namespace npusim::tools
