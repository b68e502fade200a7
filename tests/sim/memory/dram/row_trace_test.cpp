#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/dram_model.h"
#include "sim/memory/dram/trace_run.h"

// The row-visit model beside the request-level FR-FCFS controller.

namespace npusim {
namespace {

constexpr std::int64_t kRequest = 64;

struct Stream {
  std::string name;
  Direction direction;
  std::vector<std::int64_t> addresses;
};

/// The streams a, b, d, ds and e of the DRAM reference runs, shorter.
std::vector<Stream> streams(const MemoryConfig& memory) {
  std::vector<Stream> all = {{"a", Direction::Read, {}},
                             {"b", Direction::Write, {}},
                             {"d", Direction::Read, {}},
                             {"ds", Direction::Read, {}},
                             {"e", Direction::Read, {}}};
  constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;
  const std::int64_t banks = memory.bankGroups * memory.banksPerGroup;
  std::mt19937_64 random(7);
  for (std::int64_t j = 0; j < 16384; ++j) {
    all[0].addresses.push_back(j * kRequest);
    all[1].addresses.push_back(j * kRequest);
    all[2].addresses.push_back(j * memory.rowBytes % kGibibyte);
    if (j < 4096) all[3].addresses.push_back(j * memory.rowBytes * banks % kGibibyte);
    all[4].addresses.push_back(static_cast<std::int64_t>(random() % (1 << 24)) * kRequest);
  }
  return all;
}

std::int64_t requestCycles(const MemoryConfig& memory, const Stream& stream) {
  TraceRun run(memory);
  for (const std::int64_t address : stream.addresses) {
    run.offer({TraceRequest::kClosedLoop, address, stream.direction});
  }
  return run.finish().cycles;
}

/// Descriptors of `pieces` requests each, two under way.
std::int64_t rowCycles(const MemoryConfig& memory, const Stream& stream, std::size_t pieces) {
  DramModel model(memory);
  MemoryEvents events;
  std::deque<std::int64_t> ends = {0, 0};
  for (std::size_t i = 0; i < stream.addresses.size(); i += pieces) {
    std::vector<Piece> descriptor;
    for (std::size_t k = i; k < std::min(i + pieces, stream.addresses.size()); ++k) {
      const std::int64_t address = stream.addresses[k];
      if (!descriptor.empty() && descriptor.back().address + descriptor.back().bytes == address) {
        descriptor.back().bytes += kRequest;
      } else {
        descriptor.push_back({address, kRequest});
      }
    }
    const Completion done = model.transfer(ends.front(), stream.direction, descriptor, events);
    ends.pop_front();
    ends.push_back(std::max(ends.back(), done.end));
  }
  return ends.back();
}

struct Case {
  const char* preset;
  const char* mapping;
  double sequential, strided, scattered;  ///< difference allowed, in parts of the cycles
};

// Where a row's bursts stay in one bank group, the controller overlaps neighbouring rows sooner
// than turn-taking at their edge does. LPDDR4's commands of four clocks fit each other better when
// they are placed ahead than when they go out as they are ready.
constexpr Case kCases[] = {
    {"ddr3_1600", "row", 0.01, 0.01, 0.09},   {"ddr4_2400", "bgi", 0.01, 0.01, 0.04},
    {"ddr4_2400", "row", 0.05, 0.01, 0.04},   {"lpddr4_3200", "row", 0.01, 0.1, 0.14},
    {"lpddr5_6400", "bgi", 0.01, 0.02, 0.12}, {"lpddr5_6400", "row", 0.13, 0.05, 0.1},
    {"hbm2", "bgi", 0.01, 0.01, 0.09},        {"hbm2", "row", 0.05, 0.01, 0.06},
};

class RowTrace : public ::testing::TestWithParam<Case> {};

TEST_P(RowTrace, DescriptorStreamsTakeTheTimeOfTheirRequests) {
  MemoryConfig memory = loadMemory(GetParam().preset);
  memory.mapping = mappingText(GetParam().mapping, memory);
  for (const Stream& stream : streams(memory)) {
    const double requests = static_cast<double>(requestCycles(memory, stream));
    const double ratio = static_cast<double>(rowCycles(memory, stream, 1024)) / requests;
    const double allowed = stream.name[0] == 'd' ? GetParam().strided
                           : stream.name == "e"  ? GetParam().scattered
                                                 : GetParam().sequential;
    EXPECT_NEAR(ratio, 1, allowed) << stream.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, RowTrace, ::testing::ValuesIn(kCases), [](const auto& param) {
  return std::string(param.param.preset) + "_" + param.param.mapping;
});

}  // namespace
}  // namespace npusim
