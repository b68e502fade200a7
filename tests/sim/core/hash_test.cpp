#include "sim/core/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace npusim {
namespace {

/// Published test vectors of FNV-1a, 64 bits.
TEST(Fnv1a, IsTheStandardOne) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8);
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
}

/// First outputs of the generator that begins at 0.
TEST(SplitMix, IsTheStandardOne) {
  EXPECT_EQ(splitMix(0), 0xe220a8397b1dcdaf);
  EXPECT_EQ(splitMix(0x9e3779b97f4a7c15), 0x6e789e6aa1b965f4);
}

TEST(HashSized, SeesEveryByteAndTheLength) {
  std::string bytes(37, '\0');
  const std::uint64_t zero = hashSized(bytes);
  EXPECT_NE(hashSized(bytes + '\0'), zero);
  for (char& byte : bytes) {
    byte = 1;
    EXPECT_NE(hashSized(bytes), zero);
    byte = 0;
  }
  EXPECT_NE(hashSized("b", hashSized("a")), hashSized("a", hashSized("b")));
  EXPECT_NE(hashSized("", hashSized("a")), hashSized("a"));
}

}  // namespace
}  // namespace npusim
