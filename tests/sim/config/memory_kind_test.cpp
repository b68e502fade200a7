#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/config/host_memory.h"
#include "sim/config/load_config.h"
#include "tests/message_of.h"

namespace npusim {
namespace {

using testing::HasSubstr;

const std::vector<Override> kSram = {{"memory.kind", "sram"},
                                     {"memory.capacity_mib", "64"},
                                     {"memory.bandwidth_gb_per_s", "20"},
                                     {"memory.energy_pj_per_bit", "2"}};

std::vector<Override> with(std::vector<Override> overrides, const Override& more) {
  overrides.push_back(more);
  return overrides;
}

TEST(MemoryKind, AnSramInPlaceOfAPresetHasNothingOfIt) {
  const ChipConfig chip = loadChip("edge", kSram);
  ASSERT_EQ(chip.memories.size(), 1u);
  const MemoryConfig& memory = chip.memories[0];
  EXPECT_EQ(memory.kind, MemoryKind::Sram);
  EXPECT_EQ(memory.peakBytesPerSecond(), 20e9);
  EXPECT_EQ(memory.energyPjPerBit, 2);
  EXPECT_EQ(memory.preset, "");
  EXPECT_EQ(memory.currents.vdd, 0);
  EXPECT_EQ(toYaml(parseChip(toYaml(chip), "c")), toYaml(chip));
}

TEST(MemoryKind, AnSramNeedsFiguresOfItsOwn) {
  EXPECT_EQ(messageOf([] {
              loadChip("edge", {{"memory.kind", "sram"}});
            }),
            "--set memory.kind=sram: memory.kind: is sram, which takes no preset: give "
            "capacity_mib, bandwidth_gb_per_s, energy_pj_per_bit too");
}

TEST(MemoryKind, WhatOnlyADramHasIsRefusedWhereOnePersonWroteBoth) {
  EXPECT_EQ(messageOf([] {
              loadChip("edge", with(kSram, {"memory.channels", "4"}));
            }),
            "--set memory.channels=4: memory.channels: is never read, since an sram has a "
            "bandwidth and a latency, no rows and commands; leave it out");
}

TEST(MemoryKind, ADramInPlaceOfAnSramHasNothingOfIt) {
  const ChipConfig chip =
      loadChip("ane_a15", {{"memory.kind", "dram"}, {"memory.preset", "lpddr5_6400"}});
  EXPECT_EQ(chip.memories[0].kind, MemoryKind::Dram);
  EXPECT_EQ(chip.memories[0].timing.clockMhz, loadMemory("lpddr5_6400").timing.clockMhz);
  EXPECT_THAT(messageOf([] {
                loadChip("ane_a15", {{"memory.kind", "dram"},
                                     {"memory.preset", "lpddr5_6400"},
                                     {"memory.latency_ns", "5"}});
              }),
              HasSubstr("--set memory.latency_ns=5: memory.latency_ns: unknown key"));
}

TEST(MemoryKind, PresetNoneIsNoPreset) {
  const std::string message = messageOf([] { loadChip("edge", {{"memory.preset", "none"}}); });
  EXPECT_THAT(message,
              HasSubstr("--set memory.preset=none: memory: has neither preset nor timing"));
  MemoryConfig plain = loadMemory("ddr4_2400");
  ChipConfig chip = loadChip("edge", {{"memory.preset", "ddr4_2400"}});
  chip.memories[0].preset = "";
  const std::string written = toYaml(chip);
  const std::size_t resolved = written.find("resolved: true\n");
  ASSERT_EQ(resolved, 0u);
  std::string own = written.substr(std::string("resolved: true\n").size());
  const std::size_t preset = own.find("preset: \"\"");
  ASSERT_NE(preset, std::string::npos) << own;
  own.replace(preset, std::string("preset: \"\"").size(), "preset: none");
  const ChipConfig again = parseChip(own, "c.yaml");
  EXPECT_EQ(again.memories[0].preset, "");
  EXPECT_EQ(again.memories[0].timing.CL, plain.timing.CL);
}

TEST(MemoryMapping, TheKeyTakesTheNamesOfOrders) {
  for (const char* order : {"row", "bgi"}) {
    EXPECT_EQ(loadChip("edge", {{"memory.mapping", order}}).memories[0].mapping, order);
  }
  EXPECT_THAT(messageOf([] {
                loadChip("edge", {{"memory.mapping", "ROW"}});
              }),
              HasSubstr("is 'ROW', must name ro, ba, bg, ch and co once each, such as "
                        "ro-ba-bg-ch-co, or be row or bgi; "));
}

TEST(Network, OfOneCoreIsRefusedWithTheWayOut) {
  for (const Override& set : {Override{"network.topology", "mesh"},
                              {"keep_weights", "true"},
                              {"core_control", "shared"}}) {
    EXPECT_THAT(messageOf([&] { loadChip("edge", {set}); }),
                HasSubstr(" is never read, since the chip has one core; set cores above 1 or leave "
                          "it out"));
  }
  EXPECT_THAT(messageOf([] {
                loadChip(
                    "edge",
                    {{"cores", "4"}, {"core_control", "shared"}, {"network.topology", "mesh"}});
              }),
              HasSubstr("network: is never read, since cores of shared control share their"));
}

/// The host's memory as the second one of `edge`.
std::string withHost(const std::string& more) {
  return "base: edge\nname: e\nmemories:\n  - {name: far, kind: host" + more + "}\n";
}

TEST(MemoryKind, AHostsMemoryHasTheFiguresOfTheLink) {
  const ChipConfig chip = parseChip(withHost("") +
                                        "host: {bandwidth_gb_per_s: 3, latency_us: 2, "
                                        "energy_pj_per_bit: 7}\n",
                                    "c");
  const MemoryConfig& host = chip.memories.at(1);
  EXPECT_EQ(host.kind, MemoryKind::Host);
  EXPECT_EQ(host.peakBytesPerSecond(), 3e9);
  EXPECT_EQ(host.latencyNs, 2000);
  EXPECT_EQ(host.energyPjPerBit, 7);
  EXPECT_TRUE(host.holdsKind(Holds::Weights));
  EXPECT_FALSE(host.holdsKind(Holds::Activations));
  EXPECT_EQ(chip.memoryBytesPerSecond(), chip.memories.at(0).peakBytesPerSecond());
  EXPECT_EQ(toYaml(parseChip(toYaml(chip), "c")), toYaml(chip));
  EXPECT_EQ(chipHash(parseChip(toYaml(chip), "c")), chipHash(chip));
}

TEST(MemoryKind, AHostsMemoryHasNoFiguresOfItsOwn) {
  for (const char* key : {"capacity_mib: 4", "channels: 2", "holds: [weights]"}) {
    EXPECT_THAT(messageOf([&] { parseChip(withHost(", " + std::string(key)), "c"); }),
                HasSubstr("is never read, since the host's memory takes any weights"))
        << key;
  }
}

TEST(MemoryKind, ThereIsOneHost) {
  EXPECT_THAT(messageOf([] { parseChip(withHost("") + "  - {name: farther, kind: host}\n", "c"); }),
              HasSubstr("memories.2.kind: is host like that of another memory, keep one"));
}

TEST(MemoryKind, WithTheHostsMemoryAChipIsReadBack) {
  for (const std::string& preset : presetNames("chips")) {
    const ChipConfig chip = withHostMemory(loadChip(preset, {}));
    EXPECT_EQ(chip.memories.back().kind, MemoryKind::Host);
    EXPECT_EQ(toYaml(parseChip(toYaml(chip), preset)), toYaml(chip)) << preset;
    EXPECT_EQ(withHostMemory(chip).memories.size(), chip.memories.size());
  }
}

}  // namespace
}  // namespace npusim
