#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/isa/program.h"

namespace npusim::testing {

constexpr isa::StorageId kBuffer = 0;
constexpr isa::StorageId kDram = 1;

/// An 8x8 array at 1 GHz with one buffer and one DRAM channel of 12.8 GB/s (burst 32 bytes).
inline ChipConfig smallChip() {
  ChipConfig chip;
  chip.name = "small";
  chip.clockMhz = 1000;
  chip.formats = {DataType::Float32, DataType::Float16, DataType::Int8};
  chip.array.rows = 8;
  chip.array.cols = 8;
  chip.array.macsPerCycle = {{DataType::Float32, 1}, {DataType::Float16, 1}, {DataType::Int8, 1}};
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  buffer.capacityBytes = 1 << 20;
  chip.buffers = {buffer};
  MemoryConfig memory;
  memory.holds = {Holds::Weights, Holds::Activations};
  memory.capacityBytes = 1 << 28;
  memory.channels = 1;
  memory.timing = {.clockMhz = 1600,
                   .burstLength = 16,
                   .dataRate = 2,
                   .busBits = 32,
                   .CL = 28,
                   .CWL = 14,
                   .RCD = 29,
                   .RP = 29,
                   .RAS = 67,
                   .RC = 96,
                   .RRD_S = 16,
                   .RRD_L = 16,
                   .FAW = 64,
                   .CCD_S = 8,
                   .CCD_L = 8,
                   .WTR_S = 16,
                   .WTR_L = 16,
                   .WR = 29,
                   .RTP = 12,
                   .RFC = 448,
                   .REFI = 6240};
  chip.memories = {memory};
  chip.dma.widthBytes = 64;
  return chip;
}

/// Builds programs by hand.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(const ChipConfig& chip) {
    program_.storages = {{"buffer", chip.buffers[0].capacityBytes, true},
                         {"dram", chip.memories[0].capacityBytes, false}};
    program_.network = "test";
    program_.cores = chip.coreControl == CoreControl::Shared ? 1 : chip.cores;
  }

  int layer(const std::string& name, std::int64_t macs) {
    program_.layers.push_back(
        {.name = name, .op = "Test", .outputShape = {}, .macs = macs, .work = {}});
    return static_cast<int>(program_.layers.size()) - 1;
  }

  isa::SemaphoreId semaphore(const std::string& name, std::int64_t initial = 0,
                             std::optional<isa::CoreRange> signallers = {}) {
    program_.semaphores.push_back({name, initial, signallers});
    return static_cast<isa::SemaphoreId>(program_.semaphores.size()) - 1;
  }

  void add(isa::Engine engine, decltype(isa::Instruction::body) body,
           std::vector<isa::SemaphoreId> waits = {}, std::vector<isa::SemaphoreId> signals = {},
           isa::CoreRange cores = {}) {
    const int layer = std::max(0, static_cast<int>(program_.layers.size()) - 1);
    program_.queue(engine).push_back(
        {std::move(body), layer, std::move(waits), std::move(signals), cores});
  }

  isa::Program& program() { return program_; }

 private:
  isa::Program program_;
};

inline isa::Extent extent(std::int64_t size) { return {.size = size, .limit = 0, .terms = {}}; }

inline isa::Access access(isa::StorageId storage, std::int64_t base,
                          std::vector<std::int64_t> strides, DataType type,
                          std::vector<isa::LoopTerm> terms = {}) {
  isa::Access result;
  result.storage = storage;
  result.address = {base, std::move(terms)};
  result.strides = std::move(strides);
  result.type = type;
  return result;
}

/// A copy of `bytes` contiguous bytes.
inline isa::Transfer copy(isa::StorageId from, std::int64_t source, isa::StorageId to,
                          std::int64_t target, std::int64_t bytes,
                          std::vector<isa::LoopTerm> sourceTerms = {},
                          std::vector<isa::LoopTerm> targetTerms = {}) {
  isa::Transfer transfer;
  transfer.run = extent(bytes);
  transfer.source = access(from, source, {}, DataType::Float32, std::move(sourceTerms));
  transfer.target = access(to, target, {}, DataType::Float32, std::move(targetTerms));
  return transfer;
}

/// A dense row-major product [m x k] x [k x n] in the buffer, sums in `sums`-typed elements.
inline isa::Matrix product(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t a,
                           std::int64_t b, std::int64_t c, DataType operand, DataType sums) {
  const std::int64_t width = byteSize(operand);
  isa::Matrix matrix;
  matrix.m = {extent(1), extent(1), extent(m)};
  matrix.n = extent(n);
  matrix.k = {extent(1), extent(1), extent(k)};
  matrix.a = access(kBuffer, a, {0, 0, k * width, 0, 0, 0, width}, operand);
  matrix.b = access(kBuffer, b, {0, 0, 0, width, 0, 0, n * width}, operand);
  matrix.c = access(kBuffer, c, {0, 0, n * 4, 4, 0, 0, 0}, sums);
  return matrix;
}

inline isa::PortTensor port(const std::string& name, isa::StorageId storage, std::int64_t address,
                            DataType type, const Shape& shape) {
  isa::PortTensor result;
  result.name = name;
  result.storage = storage;
  result.address = address;
  result.type = type;
  result.shape = shape;
  result.strideBytes = rowMajorStrides(shape);
  for (std::int64_t& stride : result.strideBytes) stride *= byteSize(type);
  return result;
}

}  // namespace npusim::testing
