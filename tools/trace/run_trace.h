#pragma once

#include <string>

#include "tools/trace/trace_options.h"
#include "tools/trace/traced_product.h"

namespace npusim::tools {

/// Runs the product as one instruction on the array, PE by PE, prints its cycles and writes the
/// files that the options ask for. `title` says what runs. Throws BadInput for windows outside the
/// instruction or the array, NotPossible for a format that the chip lacks or too large a product.
void runTrace(const TraceOptions& options, const std::string& title, const WindowProduct& product);

}  // namespace npusim::tools
