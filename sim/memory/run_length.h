#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npusim {

/// Run-length code of 16-bit values (Chen et al., Eyeriss, JSSC 2017, Fig. 8): a pair is the number
/// of zeros before a value, 0 to 31 in 5 bits, and the value in 16 bits; three pairs and a bit that
/// marks the last word make a word of 64 bits. A run of more than 31 zeros continues behind a pair
/// whose value is a zero too; zeros at the end are a pair whose value is the last of them.
namespace run_length {

constexpr int kRunBits = 5;
constexpr std::int64_t kLongestRun = (1 << kRunBits) - 1;
constexpr int kValueBits = 16;
constexpr std::int64_t kPairsPerWord = 3;
constexpr std::int64_t kWordBytes = 8;

/// Counts the code of a stream that comes in pieces.
class Counter {
 public:
  void add(std::uint16_t value) {
    if (value == 0 && zeros_ < kLongestRun) {
      ++zeros_;
      return;
    }
    zeros_ = 0;
    ++pairs_;
  }
  /// The next values of the stream, two bytes each, little endian.
  void add(std::span<const std::byte> values);

  /// Bytes of the whole words of what was added; pairs and zeros still open are left out.
  std::int64_t wholeBytes() const { return pairs_ / kPairsPerWord * kWordBytes; }
  /// Bytes of the code if the stream ends here.
  std::int64_t bytes() const;

 private:
  std::int64_t zeros_ = 0;  ///< that no pair stands for yet
  std::int64_t pairs_ = 0;
};

/// The code of `values`; none for no values.
std::vector<std::uint64_t> encode(std::span<const std::uint16_t> values);

/// The `count` values that a code stands for. Throws InternalError for words that are no code of so
/// many values.
std::vector<std::uint16_t> decode(std::span<const std::uint64_t> words, std::size_t count);

/// The most bytes that a code of `values` values takes: a pair each.
std::int64_t longestBytes(std::int64_t values);

}  // namespace run_length
}  // namespace npusim
