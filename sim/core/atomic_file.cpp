#include "sim/core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "sim/core/error.h"

namespace npusim {
namespace {

[[noreturn]] void fail(const std::string& path, std::string_view contents, int reason) {
  throw BadInput(path + ": cannot write it: " + std::strerror(reason) +
                 "; name a file in a folder that can be written and has room for " +
                 std::to_string(contents.size()) + " bytes");
}

/// Writes everything and closes the file: 0, or the errno of what failed.
int writeAndClose(int file, std::string_view contents) {
  int reason = 0;
  while (!contents.empty() && reason == 0) {
    const ssize_t written = ::write(file, contents.data(), contents.size());
    if (written >= 0)
      contents.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      reason = errno;
  }
  if (::close(file) != 0 && reason == 0) reason = errno;
  return reason;
}

/// Where a link leads; the path itself when it is none or leads nowhere.
std::string resolved(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string result(real);
  std::free(real);
  return result;
}

std::string temporaryName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t nameStart = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, nameStart) + "." + path.substr(nameStart, 200) + "." +
         std::to_string(::getpid()) + ".tmp";
}

std::optional<struct stat> statusOf(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

/// Replaces or creates the regular file `path`: 0, or the errno of what failed.
int replace(const std::string& path, std::string_view contents,
            const std::optional<struct stat>& existing) {
  if (existing.has_value() && ::access(path.c_str(), W_OK) != 0) return errno;
  const std::string temporary = temporaryName(path);
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  if (existing.has_value()) ::fchmod(file, existing->st_mode & 07777);
  int reason = writeAndClose(file, contents);
  if (reason == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) reason = errno;
  if (reason != 0) ::unlink(temporary.c_str());
  return reason;
}

int writeDirectly(const std::string& path, std::string_view contents) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  return file < 0 ? errno : writeAndClose(file, contents);
}

}  // namespace

void writeFileAtomically(const std::string& path, std::string_view contents) {
  const std::string target = resolved(path);
  const std::optional<struct stat> existing = statusOf(target);
  const bool special = existing.has_value() && !S_ISREG(existing->st_mode);
  const int reason =
      special ? writeDirectly(target, contents) : replace(target, contents, existing);
  if (reason != 0) fail(path, contents, reason);
}

}  // namespace npusim
