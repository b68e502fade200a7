#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include "sim/config/chip_fields.h"
#include "sim/config/load_config.h"
#include "sim/config/table_fields.h"
#include "sim/config/yaml_writer.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

/// Draws chips that a file could describe.
class RandomChip {
 public:
  explicit RandomChip(unsigned seed) : engine_(seed) {}

  ChipConfig draw() {
    ChipConfig chip;
    chip.name = text();
    chip.nodeNm = real(1, 100);
    chip.clockMhz = real(1, 5000);
    chip.energy = pick<std::string>({"7nm", "28nm", "45nm"});
    chip.issueCycles = whole(0, 100);
    chip.idealMemory = whole(0, 1) == 1;
    drawArray(chip);
    chip.buffers = {buffer("first", {Holds::Weights, Holds::Activations})};
    chip.buffers.push_back(buffer("second", {Holds::Accumulators}));
    const std::int64_t memories = whole(0, 3);
    for (std::int64_t i = 0; i < memories; ++i) chip.memories.push_back(memory(i));
    for (MemoryConfig& memory : chip.memories) {
      const bool codable = chip.supports(DataType::Float16) || chip.supports(DataType::Int16);
      if (codable && whole(0, 1) == 1) memory.compression = Compression::RunLength;
    }
    chip.vector = {whole(1, 512), {real(0.1, 2), real(0.1, 2), real(0.1, 2)}, whole(0, 1) == 1};
    chip.dma = {whole(0, 99), whole(1, 999), power(16), power(16)};
    chip.host = {real(1, 99), real(0, 9), real(0, 9), real(0, 9), real(0, 9), real(0, 9)};
    chip.power = {real(0, 9), real(0, 99), real(1, 99), real(0.1, chip.clockMhz)};
    return chip;
  }

 private:
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  double real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  std::int64_t power(std::int64_t most) { return std::int64_t{1} << whole(0, most); }
  template <typename T>
  T pick(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(whole(0, static_cast<std::int64_t>(all.size()) - 1))];
  }
  std::string text() {
    return pick<std::string>({"plain", "two words", "a: b", "# hash", "qu\"ote", "back\\slash",
                              "12", "true", "~", "\xc3\xa9t\xc3\xa9", "[x]", " space "});
  }

  void drawArray(ChipConfig& chip) {
    ArrayConfig& array = chip.array;
    array.rows = whole(1, 4096);
    array.cols = whole(1, 4096);
    array.dataflow = dataflowPreset(pick<const char*>(
        {"weight_stationary", "output_stationary", "input_stationary", "dot_product"}));
    array.convention = pick<Convention>({Convention::Overlapped, Convention::ScaleSim});
    const bool read = !array.dataflow.holdsOutputs() && array.convention == Convention::Overlapped;
    array.doubleBufferedWeights = !read || whole(0, 1) == 1;
    for (const auto& [word, format] : formatWords()) {
      if (whole(0, 1) == 0 && format != DataType::Int8) continue;
      chip.formats.insert(chip.formats.begin(), format);
      const auto parts = static_cast<double>(whole(1, 1000));
      array.macsPerCycle[format] = whole(0, 1) == 0 ? 1 / parts : static_cast<double>(whole(1, 9));
    }
    chip.array.localStore = {{whole(36, 999), whole(0, 64), whole(1, 4)},
                             {whole(36, 999), whole(0, 64), whole(1, 4)},
                             {whole(8, 999), whole(0, 64), whole(1, 4)}};
  }

  BufferConfig buffer(const std::string& name, std::vector<Holds> holds) {
    return {name,      std::move(holds), whole(1, std::int64_t{1} << 40),
            power(10), power(10),        whole(1, 16)};
  }

  MemoryConfig memory(std::int64_t index) {
    MemoryConfig memory;
    memory.name = "memory" + std::to_string(index);
    memory.preset = text();
    memory.holds = {pick<Holds>({Holds::Weights, Holds::Activations})};
    memory.channels = whole(1, 8);
    memory.ranks = power(1);
    memory.bankGroups = power(2);
    memory.banksPerGroup = power(3);
    memory.rowBytes = 64 * power(7);
    memory.capacityBytes = memory.channels * memory.ranks * memory.bankGroups *
                           memory.banksPerGroup * memory.rowBytes * whole(1, 1000);
    memory.mapping = pick<std::string>({"ro-ba-bg-ch-co", "ch-ro-bg-ba-co", "ro-ra-co-bg-ba-ch"});
    memory.energyPjPerBit = real(0, 99);
    memory.timing = {real(100, 5000), power(5), power(3), 16};
    memory.timing.CL = whole(1, 99);
    memory.timing.RAS = whole(1, 99);
    memory.timing.RC = memory.timing.RAS + whole(0, 99);
    memory.timing.RFC = whole(1, 999);
    memory.timing.REFI = memory.timing.RFC + whole(1, 999);
    return memory;
  }

  std::mt19937_64 engine_;
};

/// One text of every field, with what toYaml() leaves out.
std::string allOf(const ChipConfig& chip) {
  return toYaml(chip) + (chip.array.doubleBufferedWeights ? "d" : "s");
}

TEST(RoundTrip, RandomChipsComeBackEqual) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ChipConfig chip = RandomChip(seed).draw();
    const std::string yaml = toYaml(chip);
    const ChipConfig back = parseChip(yaml, "written.yaml");
    ASSERT_EQ(allOf(back), allOf(chip));
    ASSERT_EQ(back.name, chip.name);
    ASSERT_EQ(back.clockMhz, chip.clockMhz);
    ASSERT_EQ(back.array.macsPerCycle, chip.array.macsPerCycle);
    ASSERT_EQ(back.formats, chip.formats);
    ASSERT_EQ(back.buffers.size(), chip.buffers.size());
    ASSERT_EQ(back.buffers[1].capacityBytes, chip.buffers[1].capacityBytes);
    ASSERT_EQ(back.memories.size(), chip.memories.size());
    ASSERT_EQ(chipHash(back), chipHash(chip));
  }
}

TEST(RoundTrip, PresetsComeBackEqual) {
  for (const std::string& name : presetNames("chips")) {
    const ChipConfig chip = loadChip(name, {});
    EXPECT_EQ(allOf(parseChip(toYaml(chip), "written.yaml")), allOf(chip));
  }
}

TEST(RoundTrip, AWrittenChipKeepsItsMemory) {
  const std::string yaml = toYaml(loadChip("edge", {}));
  EXPECT_EQ(parseChip(yaml, "w.yaml").memories[0].preset, "lpddr4_3200");
  const std::string path = testing::TempDir() + "/written_chip.yaml";
  std::ofstream(path) << yaml;
  EXPECT_EQ(loadChip(path, {{"memory.timing.CL", "30"}}).memories[0].timing.CL, 30);
  try {
    loadChip(path, {{"memory.preset", "ddr4_2400"}});
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "--set memory.preset=ddr4_2400: memory.preset: cannot change, this chip's memory "
                 "is written out; set it on the chip file it came from");
  }
  std::remove(path.c_str());
}

/// A change to a chip and whether it changes what a program or its execution depends on.
struct Change {
  const char* what;
  bool counts;
  std::function<void(ChipConfig&)> apply;
};

TEST(Hash, CountsWhatProgramsAndTheirExecutionDependOn) {
  const ChipConfig chip = loadChip("edge", {});
  const Change changes[] = {
      {"name", false, [](ChipConfig& c) { c.name = "other"; }},
      {"node", false, [](ChipConfig& c) { c.nodeNm = 5; }},
      {"energy table", false, [](ChipConfig& c) { c.energy = "45nm"; }},
      {"buffer name", false, [](ChipConfig& c) { c.buffers[0].name = "b"; }},
      {"memory name", false, [](ChipConfig& c) { c.memories[0].name = "m"; }},
      {"memory preset name", false, [](ChipConfig& c) { c.memories[0].preset = "p"; }},
      {"memory energy", false, [](ChipConfig& c) { c.memories[0].energyPjPerBit = 1; }},
      {"host energy", false, [](ChipConfig& c) { c.host.energyPjPerBit = 2; }},
      {"idle power", false, [](ChipConfig& c) { c.power.idleW = 2; }},
      {"clock", true, [](ChipConfig& c) { c.clockMhz = 999; }},
      {"rows", true, [](ChipConfig& c) { c.array.rows = 33; }},
      {"rate", true, [](ChipConfig& c) { c.array.macsPerCycle[DataType::Int8] = 2; }},
      {"format order", true, [](ChipConfig& c) { std::swap(c.formats[0], c.formats[1]); }},
      {"convention", true, [](ChipConfig& c) { c.array.convention = Convention::ScaleSim; }},
      {"weights", true, [](ChipConfig& c) { c.array.doubleBufferedWeights = false; }},
      {"capacity", true, [](ChipConfig& c) { c.buffers[1].capacityBytes += 1; }},
      {"channels", true, [](ChipConfig& c) { c.memories[0].channels = 1; }},
      {"timing", true, [](ChipConfig& c) { c.memories[0].timing.RTP += 1; }},
      {"mapping", true, [](ChipConfig& c) { c.memories[0].mapping = "ro-ba-bg-ch-co"; }},
      {"vector", true, [](ChipConfig& c) { c.vector.opsPerCycle[2] = 1; }},
      {"dma", true, [](ChipConfig& c) { c.dma.outstandingBursts = 1; }},
      {"dispatch", true, [](ChipConfig& c) { c.host.dispatchUs = 9; }},
      {"ideal memory", true, [](ChipConfig& c) { c.idealMemory = true; }},
  };
  EXPECT_THAT(chipHash(chip), testing::MatchesRegex("[0-9a-f]{16}"));
  for (const Change& change : changes) {
    ChipConfig other = chip;
    change.apply(other);
    EXPECT_EQ(chipHash(other) != chipHash(chip), change.counts) << change.what;
  }
}

/// Keys of a written struct and of the sections inside it.
void collectKeys(const YamlNode& node, std::vector<std::string>& keys) {
  if (!node.key.empty()) keys.push_back(node.key);
  for (const YamlNode& child : node.children) collectKeys(child, keys);
}

template <typename Struct>
std::vector<std::string> keysOf(Struct value) {
  YamlWriter writer;
  fields(writer, value);
  std::vector<std::string> keys;
  collectKeys(writer.map(), keys);
  return keys;
}

TEST(Documentation, ExplainsEveryKey) {
  std::ifstream file(NPUSIM_SOURCE_DIR "/docs/chip_files.md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(text.empty());
  std::vector<std::string> keys = keysOf(loadChip("tpu_v1", {}));
  for (const auto& more : {keysOf(loadEnergyTable("7nm")), keysOf(loadReference("gpu_a100"))}) {
    keys.insert(keys.end(), more.begin(), more.end());
  }
  for (const char* key : {"base", "resolved", "rank_mib", "memories"}) keys.emplace_back(key);
  EXPECT_GT(keys.size(), 100u);
  for (const std::string& key : keys) {
    EXPECT_NE(text.find("`" + key + "`"), std::string::npos) << "docs/chip_files.md lacks " << key;
  }
}

}  // namespace
}  // namespace npusim
