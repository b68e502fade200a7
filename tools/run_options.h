#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/pipeline/compile.h"
#include "sim/config/load_config.h"

namespace npusim::tools {

/// The machine and how it is simulated.
struct MachineOptions {
  std::string chip = "edge";
  std::vector<Override> overrides;
  bool idealMemory = false;
};

/// Which network, and what its file leaves open.
struct NetworkOptions {
  std::string workload = "blazeface_front";
  std::optional<std::int64_t> batch;
  std::map<std::string, std::int64_t> dims;
};

/// How it is compiled.
struct CompileChoice {
  std::optional<DataType> precision;  ///< empty: the network's own, else the chip's first
  Objective objective = Objective::Latency;
};

/// The numbers that go through it.
struct DataOptions {
  bool values = true;
  std::uint64_t seed = 1;
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
};

/// Everything that run, gemm and conv take.
struct RunOptions {
  MachineOptions machine;
  NetworkOptions network;
  CompileChoice compile;
  DataOptions data;
  ResultOptions results;
};

/// Throws BadInput for files that cannot be written or options that exclude each other.
void checkTogether(const DataOptions& data, const ResultOptions& results);

/// What the words after `npusim run` ask for; empty after printing --help.
std::optional<RunOptions> parseRun(const std::vector<std::string>& arguments);

}  // namespace npusim::tools
