#include <gtest/gtest.h>

#include <map>
#include <set>

#include "kernels/pipeline/compile.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/kernels/test_chip.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;

/// Products of 64 KiB of weights each, over a batch of 8 images.
Graph products(int count) {
  Random random(1);
  GraphBuilder net;
  ValueId x = net.input({8, 128});
  for (int i = 0; i < count; ++i) {
    x = net.add(MatMul{}, {x, net.constant(random.floats({128, 128}, 1))});
  }
  net.graph().outputs = {x};
  return net.graph();
}

/// Four cores that keep weights in the half of a buffer.
ChipConfig fourCores(std::int64_t bufferKib) {
  ChipConfig chip = testChip(8, 8, bufferKib << 10);
  chip.cores = 4;
  chip.keepWeights = true;
  return chip;
}

isa::Program piped(const Graph& graph, const ChipConfig& chip) {
  return compile(optimize(graph), chip,
                 {DataType::Float32, Objective::Latency, true, Partition::Pipeline});
}

/// Bytes that a core keeps of a constant.
std::int64_t keptBytes(const isa::ConstantBlock& constant) {
  return std::min(constant.size, constant.scatter->partBytes);
}

TEST(KeptGroups, DisjointGroupsOfAPipelineUseTheSameAddresses) {
  // A buffer keeps two of the eight products; each group of cores has two of its own.
  const isa::Program program = piped(products(8), fourCores(300));
  std::map<std::int32_t, std::set<std::int64_t>> addresses;  // by the group's first core
  for (const isa::ConstantBlock& constant : program.constants) {
    ASSERT_TRUE(constant.scatter) << constant.name << " is not kept";
    EXPECT_EQ(constant.scatter->cores.count, 1);
    EXPECT_TRUE(addresses[constant.scatter->cores.first].insert(constant.address).second);
  }
  ASSERT_EQ(addresses.size(), 4u);
  // Together the products take 512 KiB of buffers of 300.
  for (const auto& [core, places] : addresses) EXPECT_EQ(*places.begin(), 0) << core;
}

TEST(KeptGroups, NothingElseLiesWhereACoreKeepsWeights) {
  for (const std::int64_t kib : {300, 200, 100}) {
    SCOPED_TRACE(kib);
    const isa::Program program = piped(products(8), fourCores(kib));
    std::map<std::int32_t, std::map<std::int64_t, std::int64_t>> ends;  // by core, by address
    for (const isa::ConstantBlock& constant : program.constants) {
      if (!constant.scatter) continue;
      const isa::CoreRange& cores = constant.scatter->cores;
      const std::int32_t count = cores.all() ? 4 : cores.count;
      for (std::int32_t core = cores.first; core < cores.first + count; ++core) {
        ends[core][constant.address] = constant.address + keptBytes(constant);
      }
    }
    for (const auto& [core, pieces] : ends) {
      std::int64_t end = 0;
      for (const auto& [begin, last] : pieces) {
        EXPECT_GE(begin, end) << "core " << core;
        end = last;
      }
      EXPECT_LE(end, kib << 10);
    }
  }
}

}  // namespace
}  // namespace npusim
