#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

using testing::HasSubstr;

std::string chipText(const std::string& array) {
  return "name: small\nformats: [int8]\narray:\n" + array +
         "buffer: {holds: [weights, activations, accumulators], capacity_kib: 64}\nmemory: none\n";
}

std::string refusal(const std::string& array) {
  try {
    parseChip(chipText(array), "c.yaml");
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no refusal";
}

const std::string kRowStationary =
    "  dataflow: row_stationary\n  macs_per_cycle: {int8: 1}\n  row_stationary: ";

TEST(RowStationaryKeys, SetTheNetworksThePipelineAndTheMapping) {
  const ChipConfig chip = parseChip(
      chipText(kRowStationary + "{filter_bus_bits: 128, input_bus_bits: 32, sum_bus_bits: 256, "
                                "pipeline_stages: 5, mapping: {e: 13, p: 16, q: 3, r: 2, t: 1}}\n"),
      "c.yaml");
  const RowStationaryConfig& config = chip.array.rowStationary;
  EXPECT_EQ(config.filterBusBits, 128);
  EXPECT_EQ(config.inputBusBits, 32);
  EXPECT_EQ(config.sumBusBits, 256);
  EXPECT_EQ(config.pipelineStages, 5);
  EXPECT_EQ(config.mapping, (RowStationaryPass{13, 16, 3, 2, 1}));
}

TEST(RowStationaryKeys, AreThoseOfEyerissByDefaultAndTheMappingIsOpen) {
  const ChipConfig chip = parseChip(chipText(kRowStationary + "{}\n"), "c.yaml");
  const RowStationaryConfig& config = chip.array.rowStationary;
  EXPECT_EQ(config.filterBusBits, 64);
  EXPECT_EQ(config.inputBusBits, 16);
  EXPECT_EQ(config.sumBusBits, 64);
  EXPECT_EQ(config.pipelineStages, 3);
  EXPECT_EQ(config.mapping, RowStationaryPass{});
}

TEST(RowStationaryKeys, AreNeverReadByOtherDataflows) {
  EXPECT_THAT(refusal("  dataflow: dot_product\n  macs_per_cycle: {int8: 1}\n"
                      "  row_stationary: {pipeline_stages: 5}\n"),
              HasSubstr("c.yaml:6:3: array.row_stationary: is never read, since only the dataflow "
                        "row_stationary has its networks and mapping"));
}

TEST(RowStationaryKeys, ThatCannotBeAreRefused) {
  EXPECT_THAT(refusal(kRowStationary + "{input_bus_bits: 0}\n"),
              HasSubstr("array.row_stationary.input_bus_bits: is '0', must be a power of two"));
  EXPECT_THAT(refusal(kRowStationary + "{mapping: {f: 1}}\n"),
              HasSubstr("array.row_stationary.mapping.f: "));
  EXPECT_THAT(refusal("  dataflow: row_stationary\n  macs_per_cycle: {int8: 2}\n"),
              HasSubstr("c.yaml:5:26: array.macs_per_cycle.int8: is 2, must be at most 1 for "
                        "row_stationary"));
  EXPECT_THAT(refusal("  dataflow: row_stationary\n  convention: scale_sim\n"
                      "  macs_per_cycle: {int8: 1}\n"),
              HasSubstr("c.yaml:5:15: array.convention: is scale_sim, must be overlapped for "
                        "row_stationary"));
}

}  // namespace
}  // namespace npusim
