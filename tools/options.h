#pragma once

#include <string>

#include "tools/command_line.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// Options that fill the struct when a command line is parsed. The struct must outlive the parse.
void addChipOptions(CommandLine& line, MachineOptions& options);
void addMemoryOption(CommandLine& line, MachineOptions& options);
void addFidelityOption(CommandLine& line, MachineOptions& options);
void addNetworkOptions(CommandLine& line, NetworkOptions& options);
void addPrecisionOption(CommandLine& line, CompileChoice& options);
/// --weights.
void addWeightsOption(CommandLine& line, CompileChoice& options);
/// --precision, --weights, --objective, --partition and --allow-streaming.
void addCompileOptions(CommandLine& line, CompileChoice& options);
/// --fallback.
void addFallbackOption(CommandLine& line, CompileChoice& options);
void addSeedOption(CommandLine& line, DataOptions& options);
/// --values and --seed.
void addDataOptions(CommandLine& line, DataOptions& options);
/// --passes.
void addPassesOption(CommandLine& line, DataOptions& options);
/// --input and --data.
void addInputOptions(CommandLine& line, DataOptions& options);
/// --tolerance.
void addCheckOptions(CommandLine& line, DataOptions& options);
/// --calibrate.
void addCalibrationOption(CommandLine& line, DataOptions& options);
void addResultOptions(CommandLine& line, ResultOptions& options);
/// --dram-trace.
/// --reference and --json alone.
void addComparisonOptions(CommandLine& line, ResultOptions& options);
void addDramTraceOption(CommandLine& line, ResultOptions& options);
/// What gemm and conv take like run.
void addProblemOptions(CommandLine& line, RunOptions& options);

/// How inputs are made from --seed, for --help.
std::string seedNote();
/// The same for gemm and conv, which make all they compute with.
std::string problemNote();
/// What --passes leaves out.
std::string passesNote();
std::string calibrationNote();

}  // namespace npusim::tools
