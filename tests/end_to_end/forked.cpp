#include "tests/end_to_end/forked.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <system_error>

namespace npusim::end_to_end {
namespace {

constexpr char kDone = 'd';
constexpr char kThrew = 't';

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
  } catch (const std::exception& error) {
    answer = kThrew + std::string(error.what());
  }
  writeAll(to, answer);
  _exit(0);
}

}  // namespace

Forked runForked(const std::function<std::string()>& work, unsigned seconds) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) fail("opening a pipe");
  const pid_t child = fork();
  if (child < 0) fail("starting a child process");
  if (child == 0) {
    close(ends[0]);
    runChild(ends[1], work, seconds);
  }
  close(ends[1]);
  const std::string answer = readAll(ends[0]);
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child) fail("waiting for a child process");
  if (WIFSIGNALED(status)) return {{}, std::string("ended by ") + strsignal(WTERMSIG(status))};
  if (answer.empty()) return {{}, "ended without an answer"};
  if (answer.front() == kThrew) return {{}, answer.substr(1)};
  return {answer.substr(1), {}};
}

}  // namespace npusim::end_to_end
