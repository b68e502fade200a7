#pragma once

#include "sim/config/chip_config.h"

namespace npusim {

/// A small chip for tests of the compiler: `rows` x `cols` PEs, one buffer for weights and
/// activations, accumulators apart, one slow memory.
inline ChipConfig testChip(std::int64_t rows, std::int64_t cols, std::int64_t bufferBytes) {
  ChipConfig chip;
  chip.name = "test";
  chip.clockMhz = 1000;
  chip.formats = {DataType::Float32, DataType::Float16, DataType::Int8};
  chip.array.rows = rows;
  chip.array.cols = cols;
  chip.array.macsPerCycle = {{DataType::Float32, 1}, {DataType::Float16, 1}, {DataType::Int8, 1}};
  BufferConfig buffer;
  buffer.name = "buffer";
  buffer.holds = {Holds::Weights, Holds::Activations};
  buffer.capacityBytes = bufferBytes;
  BufferConfig accumulators;
  accumulators.name = "accumulators";
  accumulators.holds = {Holds::Accumulators};
  accumulators.capacityBytes = bufferBytes;
  chip.buffers = {buffer, accumulators};
  MemoryConfig memory;
  memory.holds = {Holds::Weights, Holds::Activations};
  memory.capacityBytes = std::int64_t{1} << 30;
  memory.timing.clockMhz = 1200;
  memory.timing.burstLength = 8;
  memory.timing.CL = memory.timing.RCD = memory.timing.RP = 17;
  memory.timing.CWL = 12;
  memory.timing.RAS = 39;
  memory.timing.RC = 56;
  memory.timing.RRD_S = 4;
  memory.timing.RRD_L = 6;
  memory.timing.FAW = 26;
  memory.timing.CCD_S = 4;
  memory.timing.CCD_L = 6;
  memory.timing.WTR_S = 3;
  memory.timing.WTR_L = 9;
  memory.timing.WR = 18;
  memory.timing.RTP = 9;
  memory.timing.RFC = 420;
  memory.timing.REFI = 9360;
  memory.energyPjPerBit = 8;
  chip.memories = {memory};
  chip.vector.lanes = cols;
  return chip;
}

}  // namespace npusim
