#pragma once

#include <cstdint>

#include "sim/core/traffic.h"

namespace npusim {

/// Events counted where they happen, for one layer or a whole phase. Bytes, events or cycles.
struct Counters {
  std::int64_t macs = 0;                        ///< useful multiply-accumulates
  std::int64_t zeroOperandMacs = 0;             ///< of them, with a zero operand (values on)
  std::int64_t gatedMacs = 0;                   ///< of them, not done because the array gates zeros
  ByOperand<ReadWrite> localStoreBytes;         ///< at the PEs' own stores
  ByOperand<std::int64_t> arrayNetworkBytes;    ///< that PEs received over links and buses, or sent
  std::int64_t cacheHits = 0, cacheMisses = 0;  ///< operands in and not in the PEs' own caches
  ReadWrite bufferBytes;                        ///< all on-chip buffers, accumulators included
  ReadWrite weightBufferBytes;    ///< of bufferBytes, at the buffer that holds weights
  ReadWrite accumulatorBytes;     ///< of bufferBytes, at the buffer that holds accumulators
  ReadWrite arrayBufferBytes;     ///< of bufferBytes, by the array (not DMA, not vector unit)
  std::int64_t networkBytes = 0;  ///< between cores
  ReadWrite dramBytes;            ///< as moved: whole bursts
  std::int64_t hostBytes = 0;
  std::int64_t vectorSimpleOps = 0, vectorDivideOps = 0, vectorTranscendentalOps = 0;
  std::int64_t rowHits = 0, rowMisses = 0, rowConflicts = 0, activates = 0, refreshes = 0;

  Counters& operator+=(const Counters& other);
};

/// Idle cycles of the matrix engine by what it waited for.
struct StallCycles {
  std::int64_t dram = 0, buffer = 0, dependency = 0, network = 0;
  StallCycles& operator+=(const StallCycles& other);
};

/// Where the array's PE-cycles went, in PE-cycles.
struct ArrayTime {
  double useful = 0, edge = 0, fillDrain = 0;
  double buffer = 0;  ///< waiting for lines of a buffer, while other PEs may work
  ArrayTime& operator+=(const ArrayTime& other);
};

}  // namespace npusim
