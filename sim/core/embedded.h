#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace npusim {

/// Contents of a file compiled into the program (configs/, workloads/zoo/), by its path in the
/// repository; empty when there is none.
std::optional<std::string_view> embeddedFile(std::string_view path);

/// Paths of all embedded files that begin with `prefix`, sorted.
std::vector<std::string> embeddedFiles(std::string_view prefix);

}  // namespace npusim
