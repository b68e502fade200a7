#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "kernels/pipeline/compile.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random_graph.h"
#include "tests/kernels/test_chip.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;
using testing::HasSubstr;

constexpr std::int64_t kMib = 1 << 20;

struct Place {
  std::vector<Holds> holds;
  std::int64_t mib = 1;
};

/// The test chip with such memories, numbered m0, m1, ... and no room to keep large blocks on chip.
ChipConfig withMemories(const std::vector<Place>& places) {
  ChipConfig chip = testChip(8, 8, 16 << 10);
  const MemoryConfig like = chip.memories.front();
  chip.memories.clear();
  for (const Place& place : places) {
    MemoryConfig& memory = chip.memories.emplace_back(like);
    memory.name = "m" + std::to_string(chip.memories.size() - 1);
    memory.holds = place.holds;
    memory.capacityBytes = place.mib * kMib;
  }
  return chip;
}

isa::Program compiled(const Graph& graph, const ChipConfig& chip) {
  return compile(optimize(graph), chip, {DataType::Float32, Objective::Latency, false});
}

std::string refusal(const Graph& graph, const ChipConfig& chip) {
  try {
    compiled(graph, chip);
    return "";
  } catch (const NotPossible& error) {
    return error.what();
  }
}

/// The chip with what a message offers: capacities of memories in MiB.
ChipConfig followed(ChipConfig chip, const std::string& line, std::int64_t less = 0) {
  static const std::regex setting("--set memor(?:y|ies\\.([0-9]+))\\.capacity_mib=([0-9]+)");
  for (std::sregex_iterator at(line.begin(), line.end(), setting), end; at != end; ++at) {
    const std::size_t index = (*at)[1].matched ? std::stoul((*at)[1]) : 0;
    chip.memories.at(index).capacityBytes = (std::stoll((*at)[2]) - less) * kMib;
  }
  return chip;
}

const std::vector<Holds> kActivations = {Holds::Activations}, kWeights = {Holds::Weights},
                         kBoth = {Holds::Weights, Holds::Activations};

/// Two elementwise layers over 1 MiB each, between ports: in, middle, out.
Graph chain() {
  GraphBuilder net;
  const ValueId x = net.input({512, 512});
  net.graph().outputs = {net.add(Softmax{1}, {net.add(Softmax{0}, {x})})};
  return net.graph();
}

std::string memoryOf(const isa::Program& program, isa::StorageId id) {
  return program.storages.at(static_cast<std::size_t>(id)).name;
}

TEST(Memories, TheNextTakesWhatTheFirstHasNoRoomFor) {
  const std::vector<Place> one = {{kActivations, 3}, {kBoth, 64}};
  EXPECT_EQ(memoryOf(compiled(chain(), withMemories(one)), 2), "m0");
  for (const std::int64_t mib : {1, 2}) {
    const isa::Program program =
        compiled(chain(), withMemories({{kActivations, mib}, {kBoth, 64}}));
    // Ports take their room for the whole run: the middle one is touched most for its room.
    EXPECT_EQ(memoryOf(program, program.inputs[0].storage), mib == 1 ? "m1" : "m0");
    EXPECT_EQ(memoryOf(program, program.outputs[0].storage), "m1");
  }
}

TEST(Memories, EveryBlockLiesInAMemoryThatMayHoldIt) {
  Random random(1);
  GraphBuilder net;
  const ValueId x = net.input({512, 512});
  net.graph().outputs = {net.add(MatMul{}, {x, net.constant(random.floats({512, 512}, 1))})};
  const isa::Program program =
      compiled(net.graph(), withMemories({{kActivations, 1}, {kWeights, 4}, {kActivations, 1}}));
  EXPECT_EQ(memoryOf(program, program.constants[0].storage), "m1");
  EXPECT_EQ(memoryOf(program, program.inputs[0].storage), "m0");
  EXPECT_EQ(memoryOf(program, program.outputs[0].storage), "m2");
}

TEST(Memories, WhenAllAreFullTheLastIsWhatToEnlarge) {
  const ChipConfig chip = withMemories({{kActivations, 1}, {kBoth, 1}});
  const std::string line = refusal(chain(), chip);
  EXPECT_EQ(line,
            "does not fit this chip: the network, beside 1048576 bytes in 'm0', needs 2097152 "
            "bytes of 'm1', which has 1048576; try --set memories.1.capacity_mib=2");
  EXPECT_EQ(refusal(chain(), followed(chip, line)), "");
}

TEST(Memories, OnlyThoseWithCompressionHoldCodedStreams) {
  GraphBuilder net;
  const ValueId x = net.input({1024, 512}, DataType::Float16);
  net.graph().outputs = {net.add(Softmax{1}, {x})};
  ChipConfig chip = withMemories({{kActivations, 1}, {kBoth, 64}});
  chip.memories[1].compression = Compression::RunLength;
  const isa::Program program =
      compile(optimize(net.graph()), chip, {DataType::Float16, Objective::Latency, false});
  int coded = 0, plain = 0;
  for (const auto& queue : program.queues) {
    for (const isa::Instruction& instruction : queue) {
      const auto* transfer = std::get_if<isa::Transfer>(&instruction.body);
      if (transfer == nullptr) continue;
      const isa::StorageId ends[] = {transfer->source.storage, transfer->target.storage};
      const bool second = std::ranges::any_of(
          ends, [&](isa::StorageId id) { return memoryOf(program, id) == "m1"; });
      EXPECT_EQ(transfer->coded, second);
      ++(second ? coded : plain);
    }
  }
  EXPECT_GT(coded, 0);
  EXPECT_GT(plain, 0);
}

TEST(Memories, WhatIsOfferedFitsRandomNetworks) {
  int refused = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    SCOPED_TRACE(seed);
    GraphBuilder net;
    ValueId x = net.input({256, 256});
    std::vector<ValueId> seen = {x};
    for (int layer = 0; layer < 6; ++layer) {
      const ValueId other = seen[static_cast<std::size_t>(random.integer(0, layer))];
      if (random.once(2)) {
        x = net.add(MatMul{}, {x, net.constant(random.floats({256, 256}, 1))});
      } else {
        x = net.add(Softmax{1}, {net.binary(x, ElementOp::Add, other)});
      }
      seen.push_back(x);
    }
    net.graph().outputs = {x};
    std::vector<Place> places;
    for (std::int64_t i = random.integer(1, 3); i > 0; --i) {
      places.push_back({random.among<std::vector<Holds>>({kActivations, kWeights, kBoth}), 1});
    }
    places.push_back({kBoth, 1});
    const ChipConfig chip = withMemories(places);
    const std::string line = refusal(net.graph(), chip);
    if (line.empty()) continue;
    ++refused;
    EXPECT_THAT(line, HasSubstr("does not fit this chip: the network"));
    EXPECT_EQ(refusal(net.graph(), followed(chip, line)), "") << line;
    EXPECT_NE(refusal(net.graph(), followed(chip, line, 1)), "") << line;
  }
  EXPECT_GE(refused, 5);
}

}  // namespace
}  // namespace npusim
