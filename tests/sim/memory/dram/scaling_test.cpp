#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/trace_run.h"
#include "tests/sim/memory/dram/random_trace.h"

namespace npusim {
namespace {

std::int64_t cycles(const MemoryConfig& memory, const std::vector<TraceRequest>& trace) {
  TraceRun run(memory);
  for (const TraceRequest& request : trace) run.offer(request);
  return run.finish().cycles;
}

/// Something of which there can be more.
struct Resource {
  const char* name;
  std::function<void(MemoryConfig&, std::int64_t)> set;
  std::vector<std::int64_t> amounts;
};

std::vector<Resource> resources() {
  return {{"channels", [](MemoryConfig& m, std::int64_t n) { m.channels = n; }, {1, 2, 4, 8}},
          {"banks", [](MemoryConfig& m, std::int64_t n) { m.banksPerGroup = n; }, {2, 4, 8, 16}},
          {"read queue",
           [](MemoryConfig& m, std::int64_t n) { m.controller.readQueue = n; },
           {4, 8, 16, 32, 64}},
          {"write queue",
           [](MemoryConfig& m, std::int64_t n) { m.controller.writeQueue = n; },
           {4, 8, 16, 32}}};
}

class Scaling : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(EveryPreset, Scaling, ::testing::ValuesIn(presetNames("memories")),
                         [](const auto& preset) { return preset.param; });

/// More of anything is never slower by more than 2 %, over closed-loop traces of 4000 requests in
/// phases of 32: sequential, strided by 64 bytes to 128 KiB or random in 4 MiB, a quarter of them
/// all writes, the rest with 0 to 118 % writes. Write queues end at half of the 64 requests that
/// may be under way: a larger one holds so many of them until its drain that reads have no room.
TEST_P(Scaling, MoreIsNotSlower) {
  for (const Resource& resource : resources()) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      std::mt19937_64 random(seed);
      const auto trace = testing::randomTrace(random, 4000, std::int64_t{1} << 22, 1, true);
      std::int64_t before = 0;
      for (const std::int64_t amount : resource.amounts) {
        MemoryConfig memory = loadMemory(GetParam());
        memory.mapping = "ro-ba-co-bg-ch";
        resource.set(memory, amount);
        const std::int64_t now = cycles(memory, trace);
        if (before > 0) {
          EXPECT_LE(static_cast<double>(now), 1.02 * static_cast<double>(before))
              << amount << " " << resource.name << ", seed " << seed;
        }
        before = now;
      }
    }
  }
}

}  // namespace
}  // namespace npusim
