#pragma once

#include <cstdint>

namespace npusim {

/// How many passes of a loop around several layers are simulated where they are all alike by the
/// program and no values are computed. Those left out are taken as the last that was compared with
/// one before it.
struct PassLimit {
  enum class Kind : std::uint8_t {
    All,
    Auto,    ///< few, of loops whose transfers move more than kLargeBytes to or from memories
    AtMost,  ///< no more than `passes`, or as few as it takes to compare two
  };
  Kind kind = Kind::All;
  std::int64_t passes = 0;

  static constexpr std::int64_t kLargeBytes = std::int64_t{8} << 30;
  /// The first pass, two to compare, and one in which engines are already when those have ended.
  static constexpr std::int64_t kFewest = 4;
  bool operator==(const PassLimit&) const = default;
};

}  // namespace npusim
