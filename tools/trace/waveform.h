#pragma once

#include <string>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"
#include "tools/trace/traced_product.h"

namespace npusim::tools {

/// Throws BadInput unless `file` ends in ".vcd", NotPossible where the chip's array is too large
/// for one SystemC module a PE or has no such modules.
void checkWaveform(const ChipConfig& chip, const std::string& file);

/// Runs the product on the array built of modules and writes what each PE did as the VCD file
/// `file`, whole or not at all. Throws BadInput where the file cannot be written.
void writeWaveform(const ChipConfig& chip, TracedProduct& product, const std::string& file);

}  // namespace npusim::tools
