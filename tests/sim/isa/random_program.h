#pragma once

#include <cstdint>
#include <random>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Draws programs from a seed. They use every field of every structure with arbitrary numbers and
/// names, so most of them would be refused by verify(); their shape is right: each access has one
/// stride a dimension, and optional fields come with what they need.
class RandomProgram {
 public:
  explicit RandomProgram(std::uint64_t seed) : random_(seed) {}

  Program draw();
  Transfer transfer();
  Matrix matrix();
  VectorPass vectorPass();

  /// Uniform in low..high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool coin() { return between(0, 1) == 1; }

 private:
  std::int64_t number();
  float real();
  std::string name();
  DataType type() { return static_cast<DataType>(between(0, 12)); }
  std::vector<LoopTerm> terms();
  Affine affine();
  Extent extent();
  Access access(std::size_t dims);
  std::vector<std::int64_t> strides(std::size_t dims);
  Scaling scaling();
  std::vector<VectorStep> steps();
  Instruction instruction(int kind);
  std::vector<Instruction> queue();
  std::vector<SemaphoreId> semaphores();
  PortTensor port();
  Layer layer();
  CoreRange range();
  Storage storage(StorageId before);

  std::mt19937_64 random_;
};

}  // namespace npusim::isa
