#pragma once

#include <cstdlib>
#include <string>

namespace npusim::end_to_end {

/// Where tests/models/fetch.sh puts a network; it may not be there.
inline std::string fetchedFile(const std::string& network) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = cache != nullptr ? cache : std::string(home ? home : "") + "/.cache";
  return base + "/npusim/models/" + network + ".onnx";
}

}  // namespace npusim::end_to_end
