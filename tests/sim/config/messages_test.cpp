#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tests/sim/config/small_chip.h"

namespace npusim {
namespace {

using namespace testing_config;

std::string chipWith(const std::string& from, const std::string& to) {
  return replaced(kSmallChip, from, to);
}

std::string setMessage(const std::string& path, const std::string& value) {
  return messageOf([&] { loadChip("edge", {{path, value}}); });
}

struct Broken {
  const char* what;
  const char* from;
  const char* to;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const Broken& row) { return out << row.what; }

class BrokenChip : public testing::TestWithParam<Broken> {};

TEST_P(BrokenChip, GivesOneClearLine) {
  EXPECT_EQ(parseMessage(chipWith(GetParam().from, GetParam().to)), GetParam().message);
}

const Broken kBroken[] = {
    {"EmptyLoops", "  rows: 8\n",
     "  dataflow: {rows: [], cols: [K], weights: hold, inputs: forward, outputs: chain}\n",
     "c.yaml:4:20: array.dataflow.rows: is an empty list, must be a list in brackets of B, OY, OX, "
     "K, FY, FX or C"},
    {"UnknownKeyNearAnother", "rows: 8", "rowz: 8",
     "c.yaml:4:3: array.rowz: unknown key, did you mean 'rows'?"},
    {"UnknownKeyAtTheRoot", "name: small", "name: small\ncolour: red",
     "c.yaml:2:1: colour: unknown key, may be name, node_nm, clock_mhz, cores, core_control, "
     "keep_weights, network, energy, formats, "
     "issue_cycles, program_kib, array, local_store, buffer, buffers, memory, memories, vector, "
     "dma, decoder, host, "
     "power "
     "or ideal_memory"},
    {"RepeatedKey", "rows: 8", "rows: 8\n  rows: 9",
     "c.yaml:5:3: array.rows: given twice (first on line 4), keep one"},
    {"RepeatedKeyInFlowStyle", "{int8: 1}", "{int8: 1, int8: 2}",
     "c.yaml:5:29: array.macs_per_cycle.int8: given twice (first on line 5), keep one"},
    {"Zero", "rows: 8", "rows: 0",
     "c.yaml:4:9: array.rows: is '0', must be a whole number from 1 to 4096"},
    {"Negative", "rows: 8", "rows: -8",
     "c.yaml:4:9: array.rows: is '-8', must be a whole number from 1 to 4096"},
    {"TooLarge", "rows: 8", "rows: 99999999999999999999",
     "c.yaml:4:9: array.rows: is '99999999999999999999', must be a whole number from 1 to 4096"},
    {"Fraction", "rows: 8", "rows: 8.5",
     "c.yaml:4:9: array.rows: is '8.5', must be a whole number from 1 to 4096"},
    {"TextForANumber", "rows: 8", "rows: \"8\"",
     "c.yaml:4:9: array.rows: is \"8\", must be a whole number from 1 to 4096"},
    {"UnitInTheValue", "capacity_kib: 64", "capacity_kib: 64 KiB",
     "c.yaml:9:17: buffer.capacity_kib: is '64 KiB', must be above 0, at most 1073741824, and come "
     "to whole bytes"},
    {"ListForANumber", "rows: 8", "rows: [8, 8]",
     "c.yaml:4:9: array.rows: is a list, must be a whole number from 1 to 4096"},
    {"SectionForANumber", "rows: 8", "rows: {of: 8}",
     "c.yaml:4:9: array.rows: is a section, must be a whole number from 1 to 4096"},
    {"EmptyValue", "rows: 8",
     "rows:", "c.yaml:4:3: array.rows: is empty, must be a whole number from 1 to 4096"},
    {"NumberForASection", "array:\n  rows: 8\n  macs_per_cycle: {int8: 1}", "array: 8",
     "c.yaml:3:8: array: is '8', must be a section of 'key: value' lines"},
    {"NotANumber", "name: small", "name: small\nclock_mhz: .nan",
     "c.yaml:2:12: clock_mhz: is '.nan', must be a number from 0.001 to 100000"},
    {"NanInWords", "name: small", "name: small\nclock_mhz: nan",
     "c.yaml:2:12: clock_mhz: is 'nan', must be a number from 0.001 to 100000"},
    {"Infinite", "name: small", "name: small\nclock_mhz: 1e999",
     "c.yaml:2:12: clock_mhz: is '1e999', must be a number from 0.001 to 100000"},
    {"WrongWord", "rows: 8", "dataflow: weight_stationery",
     "c.yaml:4:13: array.dataflow: is 'weight_stationery', must be weight_stationary, "
     "output_stationary, input_stationary, dot_product, row_stationary or cached (did you mean "
     "'weight_stationary'?)"},
    {"WrongFlag", "rows: 8", "double_buffered_weights: yes",
     "c.yaml:4:28: array.double_buffered_weights: is 'yes', must be true or false"},
    {"UnknownFormat", "formats: [int8]", "formats: [int4]",
     "c.yaml:2:11: formats: is 'int4', must be fp32, fp16, bf16, int16 or int8 (did you mean "
     "'int8'?)"},
    {"FormatTwice", "formats: [int8]", "formats: [int8, int8]",
     "c.yaml:2:17: formats: lists 'int8' twice, keep one"},
    {"FormatNotInAList", "formats: [int8]", "formats: int8",
     "c.yaml:2:10: formats: is 'int8', must be a list in brackets of fp32, fp16, bf16, int16 or "
     "int8"},
    {"FormatWithoutRate", "formats: [int8]", "formats: [int8, fp16]",
     "c.yaml:5:19: array.macs_per_cycle: lacks fp16, which formats lists; add fp16 or take it out "
     "of formats"},
    {"RateWithoutFormat", "{int8: 1}", "{int8: 1, fp16: 1}",
     "c.yaml:5:29: array.macs_per_cycle.fp16: is never read, since formats does not list it; add "
     "it there or leave this out"},
    {"OddRate", "{int8: 1}", "{int8: 0.3}",
     "c.yaml:5:26: array.macs_per_cycle.int8: is '0.3', must be a whole number up to 1024 or a "
     "whole part of 1, such as 0.5 or 0.25"},
    {"MissingKey", "  capacity_kib: 64\n", "",
     "c.yaml:7:3: buffer.capacity_kib: is missing, must be above 0, at most 1073741824, and come "
     "to whole bytes"},
    {"MissingSection", "memory:\n  preset: ddr4_2400\n", "",
     "c.yaml:1:1: memory: is missing, must be a section or none"},
    {"MissingRates", "  macs_per_cycle: {int8: 1}\n", "",
     "c.yaml:4:3: array.macs_per_cycle: is missing, must be a section of numbers by format"},
    {"NotAPowerOfTwo", "capacity_kib: 64", "capacity_kib: 64\n  width_bytes: 12",
     "c.yaml:10:16: buffer.width_bytes: is '12', must be a power of two from 1 to 65536"},
    {"SumsOfIntegersInTwoBytes", "rows: 8", "rows: 8\n  partial_sum_bytes: 2",
     "c.yaml:5:22: array.partial_sum_bytes: is 2, but formats lists int8: sums of integers take 4"},
    {"CodeOfOtherWidths", "preset: ddr4_2400", "preset: ddr4_2400\n  compression: rlc",
     "c.yaml:12:16: memory.compression: is rlc, which codes values of 16 bits, but formats lists "
     "none of 16 bits"},
    {"UnknownCompression", "preset: ddr4_2400", "preset: ddr4_2400\n  compression: zip",
     "c.yaml:12:16: memory.compression: is 'zip', must be none or rlc"},
    {"AccumulatorsInMemory", "preset: ddr4_2400", "preset: ddr4_2400\n  holds: [accumulators]",
     "c.yaml:12:11: memory.holds: is 'accumulators', must be weights or activations"},
    {"NobodyHoldsAccumulators", ", accumulators]", "]",
     "c.yaml:8:10: buffer.holds: no buffer holds accumulators, add accumulators here or to one of "
     "buffers"},
    {"MemoryIsAWord", "memory:\n  preset: ddr4_2400", "memory: ddr4_2400",
     "c.yaml:10:9: memory: is 'ddr4_2400', must be a section or none"},
    {"MappingLacksABankGroup", "preset: ddr4_2400", "preset: ddr4_2400\n  mapping: ro-ba-co",
     "c.yaml:12:12: memory.mapping: is 'ro-ba-co', must name ro, ba, bg, ch and co once each, such "
     "as ro-ba-bg-ch-co, or be row or bgi; ra and those of size 1 may be left out, and cl (the "
     "columns of 64 bytes) may stand below co"},
    {"MappingNamesAFieldTwice", "preset: ddr4_2400", "preset: ddr4_2400\n  mapping: ro-ba-bg-co-co",
     "c.yaml:12:12: memory.mapping: is 'ro-ba-bg-co-co', must name ro, ba, bg, ch and co once "
     "each, such as ro-ba-bg-ch-co, or be row or bgi; ra and those of size 1 may be left out, and "
     "cl (the columns of 64 bytes) may stand below co"},
    {"MappingOfUnknownField", "preset: ddr4_2400", "preset: ddr4_2400\n  mapping: ro-ba-bg-co-xx",
     "c.yaml:12:12: memory.mapping: is 'ro-ba-bg-co-xx', must name ro, ba, bg, ch and co once "
     "each, such as ro-ba-bg-ch-co, or be row or bgi; ra and those of size 1 may be left out, and "
     "cl (the columns of 64 bytes) may stand below co"},
    {"MappingHasTheLowColumnAbove", "preset: ddr4_2400",
     "preset: ddr4_2400\n  mapping: ro-ba-bg-cl-co",
     "c.yaml:12:12: memory.mapping: is 'ro-ba-bg-cl-co', must name ro, ba, bg, ch and co once "
     "each, such as ro-ba-bg-ch-co, or be row or bgi; ra and those of size 1 may be left out, and "
     "cl (the columns of 64 bytes) may stand below co"},
    {"RaggedCapacity", "preset: ddr4_2400", "preset: ddr4_2400\n  capacity_mib: 0.1875",
     "c.yaml:12:17: memory.capacity_mib: 196608 bytes are not whole rows, must be a multiple of "
     "channels x ranks x banks x row_bytes = 131072 bytes"},
    {"ImpossibleTiming", "preset: ddr4_2400", "preset: ddr4_2400\n  timing: {RC: 20}",
     "c.yaml:12:16: memory.timing.RC: is 20, must be at least RAS (39)"},
    {"RefreshNeverEnds", "preset: ddr4_2400", "preset: ddr4_2400\n  timing: {REFI: 400}",
     "c.yaml:12:18: memory.timing.REFI: is 400, must be above RFC (420), or 0 for no refresh"},
    {"SmallLocalStore", "name: small", "name: small\nlocal_store: {outputs: {bytes: 2}}",
     "c.yaml:2:32: local_store.outputs.bytes: 2 bytes do not hold a partial sum of a PE, must be "
     "at "
     "least 4"},
    {"LocalStoreForWideProducts", "{int8: 1}", "{int8: 8}",
     "c.yaml:1:1: local_store.weights.bytes: 4 bytes do not hold the weights of a PE, must be at "
     "least 8"},
    {"NeverReadForTheDataflow", "rows: 8",
     "dataflow: output_stationary\n  double_buffered_weights: true",
     "c.yaml:5:3: array.double_buffered_weights: is never read, since the dataflow "
     "output_stationary does not hold weights or inputs; leave it out"},
    {"NeverReadForTheConvention", "rows: 8",
     "convention: scale_sim\n  double_buffered_weights: true",
     "c.yaml:5:3: array.double_buffered_weights: is never read, since the scale_sim convention "
     "overlaps nothing; leave it out"},
    {"ThrottleWithoutLimit", "name: small", "name: small\npower: {throttled_clock_mhz: 500}",
     "c.yaml:2:30: power.throttled_clock_mhz: is never read without limit_w, add limit_w or leave "
     "it out"},
    {"ThrottledClockAboveTheClock", "name: small",
     "name: small\npower: {limit_w: 5, throttled_clock_mhz: 2000}",
     "c.yaml:2:42: power.throttled_clock_mhz: is 2000, must be at most clock_mhz (1000), or left "
     "out for the clock that keeps limit_w"},
    {"NameTwice", "preset: ddr4_2400", "preset: ddr4_2400\n  name: sram",
     "c.yaml:12:9: memory.name: 'sram' is the name of another buffer or memory too, give each its "
     "own"},
    {"UnknownEnergy", "name: small", "name: small\nenergy: 7mn",
     "c.yaml:2:9: energy: is '7mn', must be 28nm, 45nm, 5nm, 65nm, 7nm or 7nm_exchange (did you "
     "mean '7nm'?)"},
    {"NoteMisspelt", "rows: 8", "rows: {value: 8, sorce: x}",
     "c.yaml:4:20: array.rows.sorce: unknown key (did you mean 'source'?), beside 'value' only "
     "source, assumed, scaled or fitted may stand"},
    {"TwoNotes", "rows: 8", "rows: {value: 8, source: x, assumed: y}",
     "c.yaml:4:31: array.rows.assumed: a second note, keep one of source, assumed, scaled and "
     "fitted"},
    {"EmptyNote", "rows: 8", "rows: {value: 8, source: }",
     "c.yaml:4:20: array.rows.source: must be a text that says where the figures come from"},
    {"BadSyntax", "rows: 8", "rows: 8\n   cols: 8",
     "c.yaml:5:8: not valid YAML (illegal map value), mend the line here or the one before"},
    {"OpenBracket", "formats: [int8]", "formats: [int8",
     "c.yaml:3:6: not valid YAML (end of sequence flow not found), mend the line here or the one "
     "before"},
    {"KeyIsAList", "rows: 8", "? [a]\n  : 8",
     "c.yaml:4:5: array: a key is not a word, write 'key: value'"},
    {"KeyOverTwoLines", "rows: 8", "\"ro\\nws\": 8",
     "c.yaml:4:3: array.ro?ws: unknown key, did you mean 'rows'?"},
    {"NameOverTwoLines", "name: small", "name: \"a\\nb\"",
     "c.yaml:1:7: name: is \"a?b\", must be a text on one line"},
};

INSTANTIATE_TEST_SUITE_P(All, BrokenChip, testing::ValuesIn(kBroken),
                         [](const auto& row) { return std::string(row.param.what); });

TEST(Messages, TheSmallestChipIsSound) { EXPECT_EQ(parseMessage(kSmallChip), "no error"); }

TEST(Messages, WholeFilesThatAreNoChip) {
  EXPECT_EQ(parseMessage(""), "c.yaml: is empty, must hold one YAML map of 'key: value' lines");
  EXPECT_EQ(parseMessage("# nothing\n"),
            "c.yaml: is empty, must hold one YAML map of 'key: value' lines");
  EXPECT_EQ(parseMessage("a: 1\n---\nb: 2\n"),
            "c.yaml: holds 2 YAML documents, must hold one YAML map of 'key: value' lines");
  EXPECT_EQ(parseMessage("- a\n- b\n"),
            "c.yaml:1:1: holds no keys, must be a map of 'key: value' lines");
  EXPECT_EQ(parseMessage(std::string(5 << 20, ' ')),
            "c.yaml: larger than 4 MiB, must be a file that a person wrote");
  EXPECT_EQ(parseMessage("&a [*a]\n"),
            "c.yaml:1:1: nested too deep or too large, a file needs a few levels");
}

TEST(Messages, AliasesCannotMultiplyWithoutEnd) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                        i - 1);
  }
  EXPECT_THAT(parseMessage(text), testing::HasSubstr("nested too deep or too large"));
}

TEST(Messages, OverridesAreNamedInTheirOwnErrors) {
  EXPECT_EQ(setMessage("array.rowz", "64"),
            "--set array.rowz=64: array.rowz: unknown key, did you mean 'rows'?");
  EXPECT_EQ(setMessage("arrray.rows", "64"),
            "--set arrray.rows=64: arrray: unknown key, did you mean 'array'?");
  EXPECT_EQ(setMessage("array.rows", "many"),
            "--set array.rows=many: array.rows: is 'many', must be a whole number from 1 to 4096");
  EXPECT_EQ(setMessage("array.rows.of", "2"),
            "--set array.rows.of=2: 'rows' is '32', not a section with a key 'of'");
  EXPECT_EQ(setMessage("array..rows", "2"),
            "--set array..rows=2: a part of the key is empty, write key.path=value");
  EXPECT_EQ(setMessage("", "2"), "--set =2: a part of the key is empty, write key.path=value");
  EXPECT_EQ(setMessage("array.rows", ""),
            "--set array.rows=: array.rows: is empty, must be a whole number from 1 to 4096");
  EXPECT_EQ(
      setMessage("array.rows", "[1"),
      "--set array.rows=[1: the value is not valid YAML, write a word, a number or [a, list]");
  EXPECT_EQ(setMessage("buffers.2.capacity_kib", "64"),
            "--set buffers.2.capacity_kib=64: 'buffers' has no entry '2', name one or count from 1 "
            "to 1");
  EXPECT_EQ(setMessage("buffers.1.width_bytes", "3"),
            "--set buffers.1.width_bytes=3: buffers.1.width_bytes: is '3', must be a power of two "
            "from 1 to "
            "65536");
  EXPECT_EQ(setMessage("memory.channels", "0"),
            "--set memory.channels=0: memory.channels: is '0', must be a whole number from 1 to "
            "65536");
  EXPECT_EQ(setMessage("buffer.capacity_kib", "0"),
            "--set buffer.capacity_kib=0: buffer.capacity_kib: is '0', must be above 0, at most "
            "1073741824, and come to whole bytes");
  EXPECT_THAT(setMessage("formats", "[bf16]"),
              testing::EndsWith(": array.macs_per_cycle: lacks bf16, which formats lists; add bf16 "
                                "or take it out of formats"));
}

TEST(Messages, UnknownPresetsListTheKnownOnes) {
  const std::string choices = joinedChoices(presetNames("memories"));
  EXPECT_EQ(parseMessage(chipWith("ddr4_2400", "ddr4_24000")),
            "c.yaml:11:11: 'ddr4_24000' is no preset of memories (did you mean 'ddr4_2400'?), must "
            "be " +
                choices + ", or a file ending in .yaml");
  EXPECT_EQ(setMessage("memory.preset", "dram"),
            "--set memory.preset=dram: 'dram' is no preset of memories, must be " + choices +
                ", or a file ending in .yaml");
  EXPECT_EQ(parseMessage(chipWith("preset: ddr4_2400", "channels: 2")),
            "c.yaml:11:3: memory: has neither preset nor timing, name a preset: " + choices);
}

TEST(Messages, AnOverrideGivenTwice) {
  EXPECT_EQ(messageOf([] {
              loadChip("edge", {{"array.rows", "8"}, {"array.rows", "16"}});
            }),
            "--set array.rows=16: 'array.rows' is set twice, keep one");
}

TEST(Messages, ANetworkOfMoreColumnsOrPortsThanCores) {
  EXPECT_EQ(
      messageOf([] {
        loadChip("edge", {{"cores", "4"}, {"network.topology", "mesh"}, {"network.columns", "5"}});
      }),
      "--set network.columns=5: network.columns: is 5, must be at most cores (4), for example "
      "--set network.columns=0");
  EXPECT_EQ(messageOf([] {
              loadChip("edge", {{"cores", "4"}, {"network.memory_ports", "8"}});
            }),
            "--set network.memory_ports=8: network.memory_ports: is 8, must be at most cores (4), "
            "for example --set network.memory_ports=1");
}

TEST(Messages, AWriteDrainEndsBelowWhereItStarts) {
  EXPECT_EQ(messageOf([] {
              loadMemory("ddr4_2400", {{"controller.drain_below", "0.9"}});
            }),
            "--set controller.drain_below=0.9: memory.controller.drain_below: is 0.9, must be at "
            "most drain_above (0.8)");
}

TEST(Messages, FilesThatAreNotThere) {
  EXPECT_EQ(messageOf([] { loadChip("egde", {}); }),
            "'egde' is no preset of chips (did you mean 'edge'?), must be ane, ane_a11, ane_a12, "
            "ane_a13, ane_a14, ane_a15, edge, eyeriss, graphcore_gc200, nvdla_full, nvdla_large, "
            "tesla_d1, tpu_like or tpu_v1, or a file ending in .yaml");
  EXPECT_EQ(messageOf([] { loadChip("no/such.yaml", {}); }),
            "cannot read 'no/such.yaml' (No such file or directory), give a readable YAML file");
  EXPECT_EQ(messageOf([] { loadChip("/", {}); }),
            "cannot read '/' (it is a directory), give a readable YAML file");
  EXPECT_EQ(
      messageOf([] { loadEnergyTable("8nm"); }),
      "'8nm' is no preset of energy (did you mean '28nm'?), must be 28nm, 45nm, 5nm, 65nm, 7nm or "
      "7nm_exchange, or a file ending in .yaml");
  EXPECT_EQ(messageOf([] { loadReference("cpu_haswel"); }),
            "'cpu_haswel' is no preset of references (did you mean 'cpu_haswell'?), must be "
            "cpu_a15, cpu_haswell or gpu_a100, or a file ending in .yaml");
}

/// Every way of cutting a file short or flipping a bit gives a chip or one line, never a crash.
TEST(Messages, DamagedFilesGiveOneLine) {
  const std::string text = kSmallChip;
  int refused = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const std::string message = parseMessage(damaged);
      if (message != "no error") ++refused;
      EXPECT_EQ(message.find('\n'), std::string::npos) << "byte " << i << ", bit " << bit;
    }
    parseMessage(text.substr(0, i));
  }
  EXPECT_GT(refused, static_cast<int>(text.size()) * 4);
}

}  // namespace
}  // namespace npusim
