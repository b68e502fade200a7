#include "sim/core/hash.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace npusim {

std::uint64_t hashWords(std::string_view bytes, std::uint64_t before) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  for (std::size_t at = 0; at < bytes.size(); at += kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(bytes.size() - at, kWord));
    before = (before ^ word) * kFnvPrime;
    before ^= before >> 32;
  }
  return before;
}

}  // namespace npusim
