#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/memory/dram/trace_run.h"

namespace npusim::tools {

/// The memory that a trace is made for: strides and arrivals follow from it.
struct TraceShape {
  std::int64_t rowBytes = 0, banks = 0;
  std::int64_t interval = 0;  ///< clocks between open-loop requests: round(200 ns / tCK)
};
TraceShape traceShape(const MemoryConfig& memory);

/// Names of the traces. Request j of 64 bytes, from 0:
///   a   j * 64, reads                        b   the same, writes
///   c   stream s = j % 3 at s * 256 MiB + j / 3 * 64; stream 2 writes
///   cs  as c, stream s shifted by s * 32 KiB
///   d   j * row bytes mod 1 GiB, reads       ds  j * row bytes * banks mod 1 GiB, reads
///   e   blocks drawn by splitmix64 from 1 GiB, reads
///   g   a, one every 200 ns                  gr  e, one every 200 ns
std::span<const char* const> dramTraceNames();

std::vector<TraceRequest> dramTrace(const std::string& name, const TraceShape& shape);

/// Throws InternalError unless the addresses of each trace sum up, mod 2^64, to what they did where
/// the references ran.
void checkDramTraces();

}  // namespace npusim::tools
