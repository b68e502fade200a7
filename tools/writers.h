#pragma once

#include <string>

#include "sim/stats/result.h"

namespace npusim::tools {

/// The result as a table for a person, about 110 columns wide. Without a line about the simulation
/// where nothing ran (wallS is 0).
std::string toTable(const RunResult& result);

/// The result as JSON. The names are stable: other programs read them.
std::string toJson(const RunResult& result);

/// Inverse of toJson(). Throws BadInput naming `file` and the key that is missing or wrong.
RunResult fromJson(const std::string& text, const std::string& file);

/// One line a layer under a heading; columns are named as in JSON, with '.' between levels.
std::string toCsv(const RunResult& result);

}  // namespace npusim::tools
