#include "sim/memory/storage.h"

#include <gmock/gmock.h>

#include "sim/core/error.h"

namespace npusim {
namespace {

TEST(Storage, StartsAsZerosAndKeepsWhatIsWritten) {
  Storage storage("buffer", true, 1024, 64);
  *storage.at(63, 1) = std::byte{7};
  EXPECT_EQ(*storage.at(63, 1), std::byte{7});
  EXPECT_EQ(*storage.at(0, 1), std::byte{0});
}

TEST(Storage, RefusesWhatLiesOutsideTheUsedPart) {
  Storage storage("buffer", true, 1024, 64);
  EXPECT_THROW(storage.at(-1, 1), InternalError);
  EXPECT_THROW(storage.at(61, 4), InternalError);
  EXPECT_THROW(Storage("off", true, 1024, 0).at(0, 1), InternalError);
  try {
    storage.at(100, 4);
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("4 bytes at 100 of 'buffer'"));
  }
}

}  // namespace
}  // namespace npusim
