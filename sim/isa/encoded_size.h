#pragma once

#include <cstdint>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Bytes of a program's instructions as a chip keeps them: fields that are at their default take
/// none; an opcode, a reference (storage, semaphore, type, loop) and a flag take 2 bytes, a number
/// 4 bytes, a float 4, and an address's constant part 8 (assumed: dense encodings of this kind;
/// no vendor publishes its own).
std::int64_t encodedBytes(const Program& program);

}  // namespace npusim::isa
