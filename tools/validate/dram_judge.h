#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/memory/dram/trace_run.h"
#include "tools/validate/dram_reference.h"

namespace npusim::tools {

/// One of our figures beside those of the references.
struct DramRow {
  enum class Figure : std::uint8_t { Cycles, RowHitRate, ReadLatency, Refreshes };

  std::string trace;
  Figure figure = Figure::Cycles;
  double own = 0;
  /// By simulator: a share of cycles, else a difference.
  std::map<std::string, double> errors;
  double nearest = 0;   ///< the least error of a judge, with its sign
  double within = 0;    ///< what is allowed
  bool judged = false;  ///< else only shown

  bool passed() const;
};

/// Our results of the traces by name, row by row, for what the references have.
std::vector<DramRow> judgeDram(const DramConfiguration& configuration,
                               const std::map<std::string, TraceResult>& own);

/// Refreshes against the time over REFI, for results with refresh.
std::vector<DramRow> judgeRefreshes(const std::map<std::string, TraceResult>& own,
                                    std::int64_t interval, double within);

/// The table of a configuration for a person.
std::string dramText(const DramConfiguration& configuration, const std::vector<DramRow>& rows);

}  // namespace npusim::tools
