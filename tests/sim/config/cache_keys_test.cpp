#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "tests/sim/config/small_chip.h"

namespace npusim {
namespace {

using namespace testing_config;
using testing::HasSubstr;

std::string cachedChip() {
  return replaced(kSmallChip, "  macs_per_cycle: {int8: 1}\n", R"(  dataflow: cached
  macs_per_cycle: {int8: 1}
  cache: {bytes: 64, line_bytes: 8, ways: 2, coalesce: false, miss_cycles: 7}
)");
}

std::string changed(const std::string& from, const std::string& to) {
  return replaced(cachedChip(), from, to);
}

TEST(CacheKeys, AreReadAndWrittenForTheDataflowCached) {
  const ChipConfig chip = parseChip(cachedChip(), "c.yaml");
  const CacheConfig& cache = chip.array.cache;
  EXPECT_EQ(cache.bytes, 64);
  EXPECT_EQ(cache.lineBytes, 8);
  EXPECT_EQ(cache.ways, 2);
  EXPECT_FALSE(cache.coalesce);
  EXPECT_EQ(cache.missCycles, 7);
  EXPECT_EQ(cache.lines(), 8);
  EXPECT_EQ(toYaml(parseChip(toYaml(chip), "again.yaml")), toYaml(chip));
  EXPECT_THAT(toYaml(chip), HasSubstr("miss_cycles: 7"));
}

TEST(CacheKeys, MoreWaysThanLinesAreAllOfThem) {
  const ChipConfig chip = parseChip(changed("ways: 2", "ways: 64"), "c.yaml");
  EXPECT_EQ(chip.array.cache.linesOfSet(), 8);
}

TEST(CacheKeys, ChangeTheChipsHash) {
  const ChipConfig chip = parseChip(cachedChip(), "c.yaml");
  const ChipConfig other = parseChip(changed("bytes: 64", "bytes: 128"), "c.yaml");
  EXPECT_NE(chipHash(chip), chipHash(other));
}

TEST(CacheKeys, SayWhatIsWrong) {
  EXPECT_THAT(parseMessage(changed("bytes: 64", "bytes: 48")),
              HasSubstr("array.cache.bytes: is 48, must be 0 or a power of two of at least a line "
                        "(8 bytes)"));
  EXPECT_THAT(parseMessage(changed("bytes: 64", "bytes: 4")),
              HasSubstr("at least a line (8 bytes)"));
  EXPECT_THAT(parseMessage(changed("bytes: 64", "bytes: 0")),
              HasSubstr("array.cache.line_bytes: is never read, since a cache of 0 bytes has no "
                        "lines; leave it out"));
  EXPECT_THAT(parseMessage(changed("line_bytes: 8", "line_bytes: 12")),
              HasSubstr("must be a power of two from 4 to 4096"));
  EXPECT_THAT(parseMessage(changed("dataflow: cached", "dataflow: output_stationary")),
              HasSubstr("array.cache: is never read, since only the dataflow cached gives PEs a "
                        "cache; leave it out"));
  EXPECT_THAT(parseMessage(changed("miss_cycles: 7", "miss_cycle: 7")),
              HasSubstr("did you mean 'miss_cycles'?"));
}

}  // namespace
}  // namespace npusim
