#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/chip/turns.h"
#include "sim/isa/program.h"

namespace npusim {

/// A loop around several layers whose passes do the same by the program: each moves and multiplies
/// as much, at other addresses.
struct EqualPasses {
  /// What one queue has of it: the loop's begin and end are at these positions.
  struct Part {
    isa::Engine engine{};
    std::size_t begin = 0, end = 0;
  };

  SharedPasses shared;
  std::string name;  ///< what its layers' names begin with
  isa::CoreRange cores;
  std::vector<Part> parts;
  /// Passes after which it meets slots and bursts of memories in the same way again.
  std::int64_t period = 1;
  std::int64_t completions = 0;  ///< of instructions in a pass, on all cores
  std::int64_t bytes = 0;        ///< that its transfers move to and from memories, in all passes
};

/// The outermost loops of a program that are such. Theirs are all the work of their layers and no
/// condition; nothing in them shrinks, is cut off or begins a sum by the number of the pass; each
/// pass takes as many tokens of every semaphore as it gives; the passes are whole periods.
/// `unitBytes`, by storage: what memories move at least at a time, 1 for others.
std::vector<EqualPasses> equalPasses(const isa::Program& program, const Turns& turns,
                                     std::int64_t cores, std::span<const std::int64_t> unitBytes);

}  // namespace npusim
