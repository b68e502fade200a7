#pragma once

#include <string>

#include "sim/isa/program.h"

namespace npusim::isa {

/// A small valid program with every kind of instruction and field: a padded 3 x 3 convolution in
/// four row tiles (the last one ragged) with double-buffered inputs, and a head of gathered rows,
/// an int8 product and a reduction.
Program exampleProgram();

/// The message with which verify refuses a program; empty when it accepts it.
std::string refusal(const Program& program);

}  // namespace npusim::isa
