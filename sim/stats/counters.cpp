#include "sim/stats/counters.h"

namespace npusim {

DramCounts& DramCounts::operator+=(const DramCounts& other) {
  bytes += other.bytes;
  reads += other.reads;
  writes += other.writes;
  activates += other.activates;
  refreshes += other.refreshes;
  activeCycles += other.activeCycles;
  idleCycles += other.idleCycles;
  return *this;
}

Counters& Counters::operator+=(const Counters& other) {
  macs += other.macs;
  zeroOperandMacs += other.zeroOperandMacs;
  gatedMacs += other.gatedMacs;
  localStoreBytes += other.localStoreBytes;
  arrayNetworkBytes += other.arrayNetworkBytes;
  cacheHits += other.cacheHits;
  cacheMisses += other.cacheMisses;
  bufferBytes += other.bufferBytes;
  weightBufferBytes += other.weightBufferBytes;
  accumulatorBytes += other.accumulatorBytes;
  arrayBufferBytes += other.arrayBufferBytes;
  bufferConflictCycles += other.bufferConflictCycles;
  networkBytes += other.networkBytes;
  dramBytes += other.dramBytes;
  hostBytes += other.hostBytes;
  vectorSimpleOps += other.vectorSimpleOps;
  vectorDivideOps += other.vectorDivideOps;
  vectorTranscendentalOps += other.vectorTranscendentalOps;
  rowHits += other.rowHits;
  rowMisses += other.rowMisses;
  rowConflicts += other.rowConflicts;
  activates += other.activates;
  refreshes += other.refreshes;
  for (std::size_t i = 0; i < other.memories.size(); ++i) memory(i) += other.memories[i];
  return *this;
}

StallCycles& StallCycles::operator+=(const StallCycles& other) {
  dram += other.dram;
  buffer += other.buffer;
  dependency += other.dependency;
  network += other.network;
  return *this;
}

ArrayTime& ArrayTime::operator+=(const ArrayTime& other) {
  useful += other.useful;
  edge += other.edge;
  fillDrain += other.fillDrain;
  buffer += other.buffer;
  return *this;
}

}  // namespace npusim
