#pragma once

#include <cstdint>
#include <string_view>

namespace npusim::tools {

/// A 64-bit hash that continues from `before`: FNV-1a over 8-byte words, the last one filled with
/// zeros, folded after each. For telling runs apart, not against forgery.
std::uint64_t hashBytes(std::string_view bytes, std::uint64_t before = 0xcbf29ce484222325);

}  // namespace npusim::tools
