#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/core/error.h"

namespace npusim::tools {

/// What a child process handed back.
struct Forked {
  std::string bytes;             ///< what the work returned
  std::string error;             ///< what it threw, or how the process ended; empty: all went well
  std::optional<ExitCode> code;  ///< of an error that the user can act on
};

/// For work that may take as long as it takes.
inline constexpr unsigned kNoTimeLimit = 0;

/// A child of this process that does some work beside it.
class ForkedChild {
 public:
  /// Starts it; `answer()` or the destructor waits for its end. Throws std::system_error when no
  /// child can be started.
  ForkedChild(const std::function<std::string()>& work, unsigned seconds);
  ~ForkedChild();
  ForkedChild(const ForkedChild&) = delete;
  ForkedChild& operator=(const ForkedChild&) = delete;

  /// What it hands back, once it has ended. To be asked once.
  Forked answer();

 private:
  int child_ = -1, from_ = -1;
};

/// Runs `work` in a child of this process, because SystemC elaborates once a process. A child that
/// takes longer than `seconds` is ended and reported as an error. Throws std::system_error when no
/// child can be started.
Forked runForked(const std::function<std::string()>& work, unsigned seconds = 60);

/// What the work returned. Throws what it threw, as the same kind of Error; InternalError for all
/// that is no user's fault.
std::string answerOf(const Forked& child);

}  // namespace npusim::tools
