#pragma once

#include <string>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Checks a program before it runs; throws BadInput naming engine, instruction and rule:
/// loops nest at most 8 deep and close; counts, extents and steps are positive; every address
/// stays inside its storage over all loop positions; strides of dimensions and loops of extent 1
/// are 0 (so that every number in a program means something); matrix accumulator types fit; each
/// semaphore's tokens balance (initial + signalled = waited + initial again at the end of the
/// program) and are both waited for and signalled.
void verify(const Program& program);

/// Text form, one instruction a line; parse(toText(p)) gives an equal program (constants' bytes
/// excepted: they are in the container, the text names block, storage, address and size).
std::string toText(const Program& program);
Program parse(const std::string& text, const std::string& fileName);

/// Binary container (.npu): magic, format version, chip_hash, resolved chip YAML, text form,
/// constants with a checksum. write goes to a temporary file that is renamed when complete.
void write(const Program& program, const std::string& file);
/// Throws BadInput for anything truncated, altered or of another version.
Program read(const std::string& file);

}  // namespace npusim::isa
