#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/core/data_type.h"

namespace npusim {

/// A measured or modelled point of an on-chip store: capacity and energy per byte.
struct StorePoint {
  double capacityBytes = 0;
  double readPjPerByte = 0;
  double writePjPerByte = 0;
};

/// Energy and area figures of one technology, from configs/energy. Picojoules and square
/// micrometres. Points between capacities are interpolated as a power law (log-log linear),
/// beyond them extrapolated with the nearest slope.
struct EnergyTable {
  std::string name;
  double nodeNm = 0;
  std::map<DataType, double> macPj;  ///< one multiply-accumulate by operand format
  std::map<DataType, double> macAreaUm2;
  std::vector<StorePoint> localStore;  ///< registers and small PE-local memories
  std::vector<StorePoint> buffer;      ///< SRAM
  double localStorePortShare = 0;  ///< energy that each port beyond the first adds, of one port's
  double localStoreUm2PerByte = 0;
  double bufferUm2PerByte = 0;
  double arrayHopPjPerByte = 0;   ///< PE to neighbour PE
  double tagComparePjPerBit = 0;  ///< of a cache's tag with an address; 0: not known
  double vectorSimplePj = 0;      ///< per element operation, fp32
  double vectorDividePj = 0;
  double vectorTranscendentalPj = 0;
  double vectorLaneUm2 = 0;
  double networkPjPerByteHop = 0;
  double weightDecodePj = 0;  ///< per value that a weight decoder gives
};

}  // namespace npusim
