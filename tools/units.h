#pragma once

#include <cstdint>
#include <string>

namespace npusim::tools {

/// Three significant digits with an SI prefix: si(0.00123, "s") is "1.23 ms". "-" for a NaN.
std::string si(double value, const char* unit);

/// Bytes with a binary prefix: "512 B", "1.21 KiB".
std::string bytes(std::int64_t count);

/// "1,234,567".
std::string grouped(std::int64_t count);

/// "45.1 %" for 0.451; "-" for a NaN.
std::string percent(double share);

/// "12.3 x"; "-" for a NaN.
std::string times(double factor);

/// `text` in at most `width` characters, with ".." for a cut middle.
std::string shortened(const std::string& text, std::size_t width);

}  // namespace npusim::tools
