#include "sim/memory/run_length.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sim/core/error.h"

namespace npusim {
namespace {

using Values = std::vector<std::uint16_t>;

std::int64_t countedBytes(const Values& values, std::mt19937& random) {
  run_length::Counter counter;
  const std::span bytes = std::as_bytes(std::span(values));
  std::uniform_int_distribution<std::size_t> piece(1, 40);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = std::min(bytes.size() - at, 2 * piece(random));
    counter.add(bytes.subspan(at, length));
    at += length;
  }
  return counter.bytes();
}

std::int64_t codeBytes(const Values& values) {
  return static_cast<std::int64_t>(run_length::encode(values).size()) * run_length::kWordBytes;
}

TEST(RunLength, ExampleOfThePaper) {
  // Eyeriss, JSSC 2017, Fig. 8: 0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22 are (2, 12), (4, 53), (2, 22).
  const Values values = {0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22};
  const std::vector<std::uint64_t> words = run_length::encode(values);
  ASSERT_EQ(words.size(), 1U);
  const std::uint64_t pairs =
      (2U | 12U << 5U) | (4ULL | 53ULL << 5U) << 21U | (2ULL | 22ULL << 5U) << 42U;
  EXPECT_EQ(words[0], pairs | 1ULL << 63U);
  EXPECT_EQ(run_length::decode(words, values.size()), values);
}

TEST(RunLength, RunsBeyond31Continue) {
  EXPECT_EQ(codeBytes(Values(32, 0)), 8);   // one pair: 31 zeros and a value that is zero
  EXPECT_EQ(codeBytes(Values(96, 0)), 8);   // three
  EXPECT_EQ(codeBytes(Values(97, 0)), 16);  // and one more
  EXPECT_EQ(codeBytes({}), 0);
  EXPECT_EQ(codeBytes(Values(3, 7)), 8);
  EXPECT_EQ(codeBytes(Values(4, 7)), 16);
}

TEST(RunLength, RandomValuesComeBackAndAreCountedRight) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    const double zeros = std::uniform_real_distribution<double>(0, 1.02)(random);
    Values values(std::uniform_int_distribution<std::size_t>(0, 400)(random));
    std::bernoulli_distribution zero(std::min(zeros, 1.0));
    for (std::uint16_t& value : values) {
      value = zero(random) ? 0 : static_cast<std::uint16_t>(random());
    }
    const std::vector<std::uint64_t> words = run_length::encode(values);
    ASSERT_EQ(run_length::decode(words, values.size()), values);
    ASSERT_EQ(countedBytes(values, random), codeBytes(values));
    ASSERT_LE(codeBytes(values), run_length::longestBytes(std::ssize(values)));
    ASSERT_LE(codeBytes(values), (std::ssize(values) * 2 * 4 + 2) / 3 + run_length::kWordBytes);
  }
}

TEST(RunLength, OtherCountsAreRefused) {
  const std::vector<std::uint64_t> words = run_length::encode(Values{1, 0, 2});
  EXPECT_THROW(run_length::decode(words, 2), InternalError);
  EXPECT_THROW(run_length::decode(words, 9), InternalError);
  EXPECT_THROW(run_length::decode({}, 1), InternalError);
}

}  // namespace
}  // namespace npusim
