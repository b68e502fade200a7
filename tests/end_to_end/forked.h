#pragma once

#include "tools/forked.h"

namespace npusim::end_to_end {

using tools::Forked;
using tools::runForked;

}  // namespace npusim::end_to_end
