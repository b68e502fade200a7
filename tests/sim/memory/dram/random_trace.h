#pragma once

#include <random>
#include <vector>

#include "sim/memory/dram/trace_run.h"

namespace npusim::testing {

/// A trace with phases of every kind that a controller treats differently: sequential, strided and
/// random addresses in a region small enough for repeats, reads and writes mixed in any ratio,
/// closed loop, or arrivals with gaps from none to several refresh intervals.
inline std::vector<TraceRequest> randomTrace(std::mt19937_64& random, std::size_t requests,
                                             std::int64_t regionBytes, std::int64_t longGap,
                                             bool closedLoop) {
  const auto below = [&](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  std::vector<TraceRequest> trace;
  std::int64_t clock = below(50), address = 0, stride = 64, writesOf100 = 0;
  for (std::size_t i = 0; i < requests; ++i) {
    if (i % 32 == 0) {
      writesOf100 = below(4) == 0 ? 100 : below(3) * below(60);
      stride = below(3) == 0 ? 0 : std::int64_t{64} << (below(2) * below(12));
      address = below(regionBytes);
    }
    address = stride == 0 ? below(regionBytes) : (address + stride) % regionBytes;
    const auto direction = below(100) < writesOf100 ? Direction::Write : Direction::Read;
    trace.push_back({closedLoop ? TraceRequest::kClosedLoop : clock, address, direction});
    const std::int64_t kind = below(100);
    clock += kind < 60 ? below(4) : kind < 98 ? below(60) : below(longGap);
  }
  return trace;
}

}  // namespace npusim::testing
