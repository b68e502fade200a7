#include "tools/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace npusim::tools {
namespace {

/// Three significant digits of 1 <= value < 1000.
std::string digits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

/// Rounding to three digits would give a fourth before the point.
constexpr double kNextPrefix = 999.5;

}  // namespace

std::string si(double value, const char* unit) {
  static constexpr std::array kPrefixes = {"f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P"};
  if (std::isnan(value)) return "-";
  if (value == 0) return fmt::format("0 {}", unit);
  std::size_t prefix = 0;
  double scaled = value * 1e15;
  while (scaled >= kNextPrefix && prefix + 1 < kPrefixes.size()) {
    scaled /= 1000;
    ++prefix;
  }
  return fmt::format("{} {}{}", digits(scaled), kPrefixes[prefix], unit);
}

std::string bytes(std::int64_t count) {
  static constexpr std::array kPrefixes = {"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  if (count < 1024) return fmt::format("{} B", count);
  std::size_t prefix = 0;
  double scaled = static_cast<double>(count) / 1024;
  while (scaled >= kNextPrefix && prefix + 1 < kPrefixes.size()) {
    scaled /= 1024;
    ++prefix;
  }
  return fmt::format("{} {}B", digits(scaled), kPrefixes[prefix]);
}

std::string grouped(std::int64_t count) {
  std::string text = fmt::format("{}", count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f} %", share * 100);
}

std::string times(double factor) {
  if (std::isnan(factor)) return "-";
  if (factor > 0 && factor < 0.995) return fmt::format("{:.3g} x", factor);
  return factor < 1000 ? digits(factor) + " x" : grouped(std::llround(factor)) + " x";
}

std::string shortened(const std::string& text, std::size_t width) {
  if (text.size() <= width || width < 5) return text;
  const std::size_t tail = (width - 2) / 2;
  return text.substr(0, width - 2 - tail) + ".." + text.substr(text.size() - tail);
}

}  // namespace npusim::tools
