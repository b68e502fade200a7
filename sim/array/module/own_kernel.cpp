#include "sim/array/module/own_kernel.h"

#include <cstdlib>

namespace npusim::modules {

OwnKernel::OwnKernel() {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  context_ = new sc_core::sc_simcontext;
  const Inside inside(*this);
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
}

/// The modules are gone, and with them the events of their clock, but not the times at which those
/// were due; looking for the next one that still is throws them away.
OwnKernel::~OwnKernel() {
  const Inside inside(*this);
  sc_core::sc_pending_activity_at_future_time(context_);
  delete context_;
}

OwnKernel::Inside::Inside(const OwnKernel& kernel)
    : current_(sc_core::sc_curr_simcontext), global_(sc_core::sc_default_global_context) {
  sc_core::sc_curr_simcontext = kernel.context_;
  sc_core::sc_default_global_context = kernel.context_;
}

OwnKernel::Inside::~Inside() {
  sc_core::sc_curr_simcontext = current_;
  sc_core::sc_default_global_context = global_;
}

}  // namespace npusim::modules
