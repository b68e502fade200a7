#pragma once

#include <string>

#include "sim/trace/array_recording.h"
#include "sim/trace/array_subject.h"

namespace npusim::tools {

/// The recorded cycles `cycles` as JSON that a viewer can animate; docs/trace_format.md describes
/// it.
std::string traceJson(const ArraySubject& subject, const ArrayRecording& recording,
                      Interval cycles);

}  // namespace npusim::tools
