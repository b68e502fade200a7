#pragma once

#include <cstdint>
#include <string_view>

namespace npusim {

inline constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;
inline constexpr std::uint64_t kFnvPrime = 0x100000001b3;

/// FNV-1a, 64 bits, continued from `before`. For telling contents apart, not against forgery.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t before = kFnvOffset) {
  for (const char c : bytes) before = (before ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return before;
}

/// The same over 8-byte words, the last one filled with zeros, folded after each: for much data.
std::uint64_t hashWords(std::string_view bytes, std::uint64_t before = kFnvOffset);

/// hashWords() of the length and the bytes, so that pieces hashed one after the other do not run
/// into each other.
inline std::uint64_t hashSized(std::string_view bytes, std::uint64_t before = kFnvOffset) {
  return hashWords(bytes, (before ^ bytes.size()) * kFnvPrime);
}

/// SplitMix64 (Steele, Lea, Flood 2014): the output function of a counter-based generator, so
/// element i depends on nothing but the seed and i.
constexpr std::uint64_t splitMix(std::uint64_t state) {
  state += 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

/// Whether element i of made values is one of the `share` of them that are zero.
constexpr bool isZero(std::uint64_t seed, std::uint64_t i, double share) {
  return static_cast<double>(splitMix(splitMix(seed) + i) >> 40) < share * 0x1p24;
}

}  // namespace npusim
