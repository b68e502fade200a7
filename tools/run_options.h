#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/pipeline/compile.h"
#include "kernels/pipeline/compress_weights.h"
#include "sim/config/load_config.h"
#include "sim/core/fidelity.h"
#include "sim/core/pass_limit.h"

namespace npusim::tools {

/// The machine and how it is simulated.
struct MachineOptions {
  std::string chip = "edge";
  std::vector<Override> overrides;
  std::optional<bool> idealMemory;  ///< empty: as the chip says
  Fidelity fidelity = Fidelity::Tile;
};

/// Which network, and what its file leaves open.
struct NetworkOptions {
  std::string workload = "blazeface_front";
  std::optional<std::int64_t> batch;
  std::map<std::string, std::int64_t> dims;
};

/// How it is compiled.
struct CompileChoice {
  std::optional<DataType> precision;         ///< empty: the network's own, else the chip's first
  std::optional<WeightChoice> weights = {};  ///< empty: they lie as values
  Objective objective = Objective::Latency;
  Partition partition = Partition::Auto;
  bool partitionGiven = false;  ///< --partition was given
  bool holdConstants = true;    ///< see CompileOptions
  bool allowStreaming = false;  ///< see CompileOptions
  std::string fallback;         ///< the reference CPU that runs what the chip lacks; empty: none
};

/// The numbers that go through it.
struct DataOptions {
  bool values = true;
  bool valuesGiven = false;  ///< --values was given
  PassLimit passes{PassLimit::Kind::Auto};
  bool passesGiven = false;  ///< --passes was given
  std::uint64_t seed = 1;
  bool seedGiven = false;                                       ///< --seed was given
  std::vector<std::pair<std::string, std::string>> inputFiles;  ///< input name, file
  std::string folder;                                           ///< ONNX data set
  std::vector<std::string> calibrationFolders;
  std::optional<double> tolerance;
};

/// What is done with the result.
struct ResultOptions {
  std::int64_t repeat = 1;
  std::vector<std::string> references = {"cpu_a15", "gpu_a100"};
  std::string json, csv, outputs;  ///< files and a folder; empty: not written
  std::string dramTrace;           ///< file for what is asked of the first DRAM; empty: none

  bool asksHost() const;
};

/// The reference that stands for this machine's CPU.
inline constexpr const char* kHostReference = "host";

/// Everything that run, gemm and conv take.
struct RunOptions {
  MachineOptions machine;
  NetworkOptions network;
  CompileChoice compile;
  DataOptions data;
  ResultOptions results;
};

/// What the words after `npusim run` ask for; empty after printing --help.
std::optional<RunOptions> parseRun(const std::vector<std::string>& arguments);

}  // namespace npusim::tools
