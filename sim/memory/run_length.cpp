#include "sim/memory/run_length.h"

#include <cstring>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim::run_length {
namespace {

constexpr int kPairBits = kRunBits + kValueBits;
constexpr std::uint64_t kRunMask = kLongestRun;
constexpr std::uint64_t kValueMask = (1U << kValueBits) - 1;
constexpr std::uint64_t kLastWord = std::uint64_t{1} << 63;

/// Packs pairs into words.
class Packer {
 public:
  void add(std::uint64_t run, std::uint64_t value) {
    const std::int64_t place = pairs_++ % kPairsPerWord;
    if (place == 0) words_.push_back(0);
    words_.back() |= (run | value << kRunBits) << (place * kPairBits);
  }
  std::vector<std::uint64_t> take() {
    if (!words_.empty()) words_.back() |= kLastWord;
    return std::move(words_);
  }

 private:
  std::vector<std::uint64_t> words_;
  std::int64_t pairs_ = 0;
};

}  // namespace

void Counter::add(std::span<const std::byte> values) {
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    std::uint16_t value = 0;
    std::memcpy(&value, &values[i], sizeof value);
    add(value);
  }
}

std::int64_t Counter::bytes() const {
  return ceilDiv(pairs_ + (zeros_ > 0 ? 1 : 0), kPairsPerWord) * kWordBytes;
}

std::vector<std::uint64_t> encode(std::span<const std::uint16_t> values) {
  Packer packer;
  std::uint64_t zeros = 0;
  for (const std::uint16_t value : values) {
    if (value == 0 && zeros < kRunMask) {
      ++zeros;
    } else {
      packer.add(zeros, value);
      zeros = 0;
    }
  }
  if (zeros > 0) packer.add(zeros - 1, 0);
  return packer.take();
}

std::vector<std::uint16_t> decode(std::span<const std::uint64_t> words, std::size_t count) {
  std::vector<std::uint16_t> values;
  for (std::size_t w = 0; w < words.size(); ++w) {
    ensure(((words[w] & kLastWord) != 0) == (w + 1 == words.size()),
           "only the last word is marked");
    for (int place = 0; place < kPairsPerWord && values.size() < count; ++place) {
      const std::uint64_t pair = words[w] >> (place * kPairBits);
      values.insert(values.end(), static_cast<std::size_t>(pair & kRunMask), 0);
      values.push_back(static_cast<std::uint16_t>(pair >> kRunBits & kValueMask));
    }
  }
  ensure(values.size() == count, "a run-length code of another number of values");
  return values;
}

std::int64_t longestBytes(std::int64_t values) {
  return ceilDiv(values, kPairsPerWord) * kWordBytes;
}

}  // namespace npusim::run_length
