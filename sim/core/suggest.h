#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace npusim {

/// The candidate that `word` most likely misspells: fewest inserted, dropped, replaced or swapped
/// letters, at most one in three of the word's. Empty when none is that close.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// " (did you mean 'x'?)" for the closest candidate, else "".
std::string didYouMean(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b or c".
std::string joinedChoices(const std::vector<std::string>& choices);

}  // namespace npusim
