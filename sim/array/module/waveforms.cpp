#include "sim/array/module/waveforms.h"

#include <fstream>

#include "sim/core/error.h"

namespace npusim::modules {
namespace {

constexpr std::string_view kEnding = ".vcd";

/// The library adds the ending itself, and only warns where it cannot write.
std::string withoutEnding(const std::string& path) {
  if (!path.ends_with(kEnding)) throw BadInput(path + ": must end in .vcd");
  if (!std::ofstream(path)) throw BadInput(path + ": cannot be written");
  return path.substr(0, path.size() - kEnding.size());
}

}  // namespace

/// The kernel's own resolution, so that no clock is rounded. The library would tell the user.
Waveforms::Waveforms(const std::string& path)
    : file_(sc_core::sc_create_vcd_trace_file(withoutEnding(path).c_str())) {
  using Reports = sc_core::sc_report_handler;
  const char* const unitSet = "tracing timescale unit set";
  const sc_core::sc_actions before = Reports::set_actions(unitSet, sc_core::SC_DO_NOTHING);
  file_->set_time_unit(1, sc_core::SC_FS);
  Reports::set_actions(unitSet, before);
}

Waveforms::~Waveforms() { sc_core::sc_close_vcd_trace_file(file_); }

}  // namespace npusim::modules
