#pragma once

#include <optional>
#include <string>

#include "sim/trace/array_recording.h"
#include "tools/command_line.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// What `npusim trace gemm` and `npusim trace conv` take beside the problem.
struct TraceOptions {
  MachineOptions machine;
  CompileChoice compile;  ///< only its precision
  DataOptions data;       ///< only its seed
  std::optional<Interval> cycles;
  std::optional<PeWindow> pes;
  std::string json, vcd;  ///< files; empty: not written
};

void addTraceOptions(CommandLine& line, TraceOptions& options);

/// "A:B" as the numbers from A to B. Throws BadInput naming the option.
Interval intervalFrom(const std::string& option, const std::string& text);

/// "R0:R1,C0:C1". Throws BadInput.
PeWindow peWindowFrom(const std::string& text);

}  // namespace npusim::tools
