#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/traffic.h"

namespace npusim {

/// What one memory did: the events that its energy follows from (sim/energy/dram_energy.h).
struct DramCounts {
  std::int64_t bytes = 0;              ///< moved: whole bursts
  std::int64_t reads = 0, writes = 0;  ///< column commands: bursts by direction
  std::int64_t activates = 0, refreshes = 0;
  /// Rank-cycles of the memory's clock with some bank open, and with all banks closed.
  std::int64_t activeCycles = 0, idleCycles = 0;
  std::int64_t bytesRead = 0;  ///< of the bytes

  DramCounts& operator+=(const DramCounts& other);
};

/// Calls visit(member of counts, same member of others ...) for every figure of DramCounts.
template <typename Visit, typename... Counts>
constexpr void forEachFigure(Visit visit, Counts&... counts) {
  visit(counts.bytes...);
  visit(counts.reads...);
  visit(counts.writes...);
  visit(counts.activates...);
  visit(counts.refreshes...);
  visit(counts.activeCycles...);
  visit(counts.idleCycles...);
  visit(counts.bytesRead...);
}

/// Events counted where they happen, for one layer or a whole phase. Bytes, events or cycles.
struct Counters {
  std::int64_t macs = 0;                        ///< useful multiply-accumulates
  std::int64_t zeroOperandMacs = 0;             ///< of them, with a zero operand (values on)
  std::int64_t gatedMacs = 0;                   ///< of them, not done because the array gates zeros
  ByOperand<ReadWrite> localStoreBytes;         ///< at the PEs' own stores
  ByOperand<std::int64_t> arrayNetworkBytes;    ///< that PEs received over links and buses, or sent
  std::int64_t cacheHits = 0, cacheMisses = 0;  ///< operands in and not in the PEs' own caches
  ReadWrite bufferBytes;                        ///< all on-chip buffers, accumulators included
  ReadWrite weightBufferBytes;  ///< of bufferBytes, at the buffer that holds weights
  ReadWrite accumulatorBytes;   ///< of bufferBytes, at the buffer that holds accumulators
  ReadWrite arrayBufferBytes;   ///< of bufferBytes, by the array (not DMA, not vector unit)
  std::int64_t bufferConflictCycles = 0;  ///< by which bank conflicts stretched the array's streams
  std::int64_t networkByteHops = 0;       ///< bytes x links passed, between cores and memory ports
  std::int64_t networkPortBytes = 0;      ///< that left the network at cores and memory ports
  ReadWrite dramBytes;                    ///< as moved: whole bursts
  std::int64_t hostBytes = 0;
  std::int64_t decodedWeights = 0;  ///< values that decoders of DMA engines gave
  std::int64_t vectorSimpleOps = 0, vectorDivideOps = 0, vectorTranscendentalOps = 0;
  std::int64_t rowHits = 0, rowMisses = 0, rowConflicts = 0, activates = 0, refreshes = 0;
  /// By the chip's memories, in their order; shorter where the later ones did nothing.
  std::vector<DramCounts> memories;

  DramCounts& memory(std::size_t index) {
    if (memories.size() <= index) memories.resize(index + 1);
    return memories[index];
  }
  Counters& operator+=(const Counters& other);
};

/// The one list of the counters: calls visit(member of counters, same member of others ...) for all
/// but the memories, each a number, a ReadWrite or a ByOperand.
template <typename Visit, typename... Counts>
constexpr void forEachCounter(Visit visit, Counts&... counts) {
  visit(counts.macs...);
  visit(counts.zeroOperandMacs...);
  visit(counts.gatedMacs...);
  visit(counts.localStoreBytes...);
  visit(counts.arrayNetworkBytes...);
  visit(counts.cacheHits...);
  visit(counts.cacheMisses...);
  visit(counts.bufferBytes...);
  visit(counts.weightBufferBytes...);
  visit(counts.accumulatorBytes...);
  visit(counts.arrayBufferBytes...);
  visit(counts.bufferConflictCycles...);
  visit(counts.networkByteHops...);
  visit(counts.networkPortBytes...);
  visit(counts.dramBytes...);
  visit(counts.hostBytes...);
  visit(counts.decodedWeights...);
  visit(counts.vectorSimpleOps...);
  visit(counts.vectorDivideOps...);
  visit(counts.vectorTranscendentalOps...);
  visit(counts.rowHits...);
  visit(counts.rowMisses...);
  visit(counts.rowConflicts...);
  visit(counts.activates...);
  visit(counts.refreshes...);
}

/// The least of all counters and of all figures of the memories; negative where one is.
std::int64_t least(const Counters& counters);

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
