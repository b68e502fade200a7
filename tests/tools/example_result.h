#pragma once

#include "sim/stats/result.h"

namespace npusim::tools {

/// A small result with every field set by hand: two layers, two references.
RunResult exampleResult();

}  // namespace npusim::tools
