#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace npusim {

/// The value of whole-number arithmetic such as "3 * ($classes + 5)": + - * / and parentheses over
/// numbers and `$name`, which `lookUp` turns into its value. A quotient must be whole. Throws
/// BadInput with what is wrong, without a place.
std::int64_t evaluateExpression(std::string_view text,
                                const std::function<std::int64_t(const std::string&)>& lookUp);

}  // namespace npusim
