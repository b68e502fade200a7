#pragma once

#include <string>

#include "sim/core/tensor.h"

namespace npusim {

/// Reads a NumPy .npy file of version 1 to 3, little endian and in C order, of any of our types but
/// bf16. Throws BadInput naming the file.
/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
Tensor readNpy(const std::string& file);

/// Writes version 1.0. The file appears under its name only when complete. Throws BadInput when it
/// cannot be written or the type is bf16, which NumPy does not have.
void writeNpy(const std::string& file, const Tensor& tensor);

}  // namespace npusim
