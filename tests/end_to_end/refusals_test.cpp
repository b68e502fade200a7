#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>

#include "sim/config/host_memory.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/random_graph.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

constexpr unsigned kGraphs = 80;
constexpr std::int64_t kKib = 1 << 10, kMib = 1 << 20;

/// A random chip that is short of something: of room in buffers, of a memory, of a store for the
/// program.
ChipConfig shortChip(Random& random) {
  ChipConfig chip = randomChip(random);
  for (BufferConfig& buffer : chip.buffers) buffer.capacityBytes = random.integer(1, 2) * kKib / 2;
  if (random.once(2)) chip.programKib = 1;
  if (random.once(3)) {
    chip.memories.front().holds = {Holds::Weights};
  } else if (random.once(2)) {
    MemoryConfig& memory = chip.memories.front();
    memory.kind = MemoryKind::Sram;
    memory.bandwidthGbPerS = 50;
    memory.latencyNs = 20;
    memory.capacityBytes = kKib;
  }
  if (random.once(3)) chip.cores = random.integer(2, 4);
  return parseChip(toYaml(chip), "random short chip");
}

std::string refusal(const Graph& graph, const ChipConfig& chip) {
  try {
    compileFor(graph, chip, DataType::Float32, {});
    return "";
  } catch (const NotPossible& error) {
    return error.what();
  }
}

void set(ChipConfig& chip, const std::string& key, std::int64_t value) {
  std::smatch parts;
  if (key == "cores") {
    chip.cores = value;
  } else if (key == "program_kib") {
    chip.programKib = value;
  } else if (std::regex_match(key, parts, std::regex("buffers?\\.?([0-9]*)\\.capacity_kib"))) {
    const std::size_t index = parts[1].length() > 0 ? std::stoul(parts[1]) : 0;
    chip.buffers.at(index).capacityBytes = value * kKib;
  } else {
    ASSERT_EQ(key, "memory.capacity_mib");
    chip.memories.front().capacityBytes = value * kMib;
  }
}

/// The chips that a message offers: with its settings, and with those after each "or"; where
/// weights may be streamed, with the host's memory.
std::vector<ChipConfig> offered(const ChipConfig& chip, const std::string& line) {
  std::vector<ChipConfig> chips;
  const std::size_t tryAt = line.find("; try");
  if (tryAt == std::string::npos) return chips;
  const std::regex setting("--set ([a-z0-9_.]+)=([0-9]+)");
  const std::string offers = line.substr(tryAt);
  for (std::size_t begin = 0; begin < offers.size();) {
    const std::size_t end = std::min(offers.find(", or", begin + 1), offers.size());
    const std::string part = offers.substr(begin, end - begin);
    begin = end;
    const bool streams = part.find("--allow-streaming") != std::string::npos;
    ChipConfig& made = chips.emplace_back(streams ? withHostMemory(chip) : chip);
    for (std::sregex_iterator at(part.begin(), part.end(), setting), none; at != none; ++at) {
      set(made, (*at)[1], std::stoll((*at)[2]));
    }
  }
  return chips;
}

void expectRightValues(const Graph& graph, const ChipConfig& chip, Random& random) {
  const Compiled compiled = compileFor(graph, chip, DataType::Float32, {});
  const Inputs inputs = randomInputs(random, graph);
  const Execution execution = execute(compiled.program, storedInputs(compiled.graph, inputs));
  ASSERT_EQ(execution.error, "");
  const Comparison difference =
      compare(execution.outputs, evaluate(compiled.graph, inputs), {0, 1e-4});
  EXPECT_TRUE(difference.passed) << difference.maxRelError << " of max|ref|";
}

TEST(Refusals, WhatTheyOfferFitsAndComputes) {
  unsigned refused = 0, withOffer = 0;
  for (unsigned seed = 1; seed <= kGraphs && !HasFailure(); ++seed) {
    Random random(seed);
    const Graph graph = randomGraph(random);
    const ChipConfig chip = shortChip(random);
    const std::string line = refusal(graph, chip);
    if (line.find("does not fit") == std::string::npos) continue;
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, line));
    ++refused;
    const std::vector<ChipConfig> chips = offered(chip, line);
    if (!chips.empty()) ++withOffer;
    for (const ChipConfig& larger : chips) {
      ASSERT_EQ(refusal(graph, larger), "");
      expectRightValues(graph, larger, random);
    }
  }
  EXPECT_GE(refused, HasFailure() ? 0 : kGraphs / 8);
  EXPECT_EQ(withOffer, refused);
}

}  // namespace
}  // namespace npusim::end_to_end
