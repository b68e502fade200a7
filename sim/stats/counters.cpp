#include "sim/stats/counters.h"

namespace npusim {
namespace {

void add(ReadWrite& to, const ReadWrite& from) {
  to.read += from.read;
  to.write += from.write;
}

}  // namespace

Counters& Counters::operator+=(const Counters& other) {
  macs += other.macs;
  zeroOperandMacs += other.zeroOperandMacs;
  add(localStoreBytes, other.localStoreBytes);
  arrayNetworkBytes += other.arrayNetworkBytes;
  add(bufferBytes, other.bufferBytes);
  add(weightBufferBytes, other.weightBufferBytes);
  add(accumulatorBytes, other.accumulatorBytes);
  networkBytes += other.networkBytes;
  add(dramBytes, other.dramBytes);
  hostBytes += other.hostBytes;
  vectorSimpleOps += other.vectorSimpleOps;
  vectorDivideOps += other.vectorDivideOps;
  vectorTranscendentalOps += other.vectorTranscendentalOps;
  rowHits += other.rowHits;
  rowMisses += other.rowMisses;
  rowConflicts += other.rowConflicts;
  activates += other.activates;
  refreshes += other.refreshes;
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
  return *this;
}

}  // namespace npusim
