#pragma once

#include <functional>
#include <string>

namespace npusim::end_to_end {

/// What a child process handed back.
struct Forked {
  std::string bytes;  ///< what the work returned
  std::string error;  ///< what it threw, or how the process ended; empty when all went well
};

/// Runs `work` in a child of this process, because SystemC elaborates once a process. A child that
/// takes longer than `seconds` is ended and reported as an error.
Forked runForked(const std::function<std::string()>& work, unsigned seconds = 60);

}  // namespace npusim::end_to_end
