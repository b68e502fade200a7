#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/trace_run.h"

namespace npusim::testing {

/// One channel and rank of a preset as the reference runs had it.
inline MemoryConfig matched(const std::string& preset, const std::string& mapping) {
  MemoryConfig memory = loadMemory(preset);
  memory.channels = memory.ranks = 1;
  memory.mapping = mapping;
  return memory;
}

struct SplitMix64 {
  std::uint64_t state;
  std::uint64_t operator()() {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
};

/// A trace of the reference runs by its name.
inline std::vector<TraceRequest> referenceTrace(const std::string& name,
                                                const MemoryConfig& memory) {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  const std::int64_t banks = memory.bankGroups * memory.banksPerGroup;
  const auto gap = std::llround(0.2 * memory.timing.clockMhz);  // 200 ns
  SplitMix64 random{12345};
  std::vector<TraceRequest> trace;
  const auto fill = [&](std::int64_t n, auto request) {
    for (std::int64_t j = 0; j < n; ++j) trace.push_back(request(j));
  };
  const auto read = [](std::int64_t address, std::int64_t arrival = TraceRequest::kClosedLoop) {
    return TraceRequest{arrival, address, Direction::Read};
  };
  const auto anywhere = [&] { return static_cast<std::int64_t>(random() & 0xffffff) * 64; };
  const auto threeStreams = [](std::int64_t j, std::int64_t apart) {
    const std::int64_t stream = j % 3;
    return TraceRequest{TraceRequest::kClosedLoop, stream * ((kGiB >> 2) + apart) + j / 3 * 64,
                        stream == 2 ? Direction::Write : Direction::Read};
  };
  if (name == "a") fill(262144, [&](auto j) { return read(j * 64); });
  if (name == "b") {
    fill(262144, [&](auto j) {
      return TraceRequest{TraceRequest::kClosedLoop, j * 64, Direction::Write};
    });
  }
  if (name == "c") fill(196608, [&](auto j) { return threeStreams(j, 0); });
  if (name == "cs") fill(196608, [&](auto j) { return threeStreams(j, 32768); });
  if (name == "d") fill(65536, [&](auto j) { return read(j * memory.rowBytes % kGiB); });
  if (name == "ds") fill(16384, [&](auto j) { return read(j * memory.rowBytes * banks % kGiB); });
  if (name == "e") fill(100000, [&](auto) { return read(anywhere()); });
  if (name == "g") fill(2000, [&](auto j) { return read(j * 64, j * gap); });
  if (name == "gr") fill(2000, [&](auto j) { return read(anywhere(), j * gap); });
  return trace;
}

/// Modulo 2^64.
inline std::uint64_t addressSum(const std::vector<TraceRequest>& trace) {
  std::uint64_t sum = 0;
  for (const TraceRequest& request : trace) sum += static_cast<std::uint64_t>(request.address);
  return sum;
}

}  // namespace npusim::testing
