#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/config/energy_table.h"
#include "sim/core/fidelity.h"
#include "sim/core/pass_limit.h"
#include "sim/core/tensor.h"
#include "sim/isa/program.h"
#include "sim/memory/tracing_memory.h"
#include "sim/stats/result.h"

namespace npusim {

/// The simulated machine: SystemC modules for sequencer, engines, buffers, memories and host link,
/// holding one program. One Npu a process (SystemC elaborates once).
class Npu {
 public:
  /// Throws NotPossible for what the model lacks, as makeArray() does.
  /// `passLimit`: leaves passes of loops out only with values off.
  Npu(const ChipConfig& chip, const isa::Program& program, bool values,
      Fidelity fidelity = Fidelity::Tile, const PassLimit& passLimit = {});
  ~Npu();

  /// Tells `observer` what transfers ask of a memory of the chip, from now on. With --memory ideal
  /// they ask for nothing.
  void observeMemory(std::size_t memory, TracingMemory::Observer observer);

  /// Brings constants over the host link into simulated memory.
  LoadResult load();

  /// Writes one input tensor (already in the port's type) over the host link; part of `io`.
  void setInput(const std::string& name, const Tensor& tensor);
  Tensor output(const std::string& name) const;
  IoResult io() const;

  /// One inference from inputs in chip memory to outputs in chip memory. Fills cycles, counters,
  /// stalls, loss, utilisation, layers; energies and times of references are the caller's.
  /// Throws Error naming every waiting engine, its instruction and semaphore on deadlock.
  struct Prediction {
    PredictResult total;
    std::vector<LayerResult> layers;
  };
  Prediction predict();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace npusim
