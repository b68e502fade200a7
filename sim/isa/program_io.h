#pragma once

#include <string>
#include <string_view>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Checks a program before it runs; throws BadInput naming engine, instruction, layer and rule:
/// loops nest at most 8 deep, close and are not empty; counts and extents are positive; every
/// address stays inside its storage over all loop positions (positions outside an access's bounds
/// touch nothing); constants and ports lie inside theirs and constants do not overlap; operands
/// have the types, and instructions the engines, that the machine has; each semaphore is signalled
/// by one engine, waited for by one, as often as signalled and under the same conditions; cores,
/// their digits and the storages spread over them lie within the program's cores.
///
/// Every number in a program means something: what cannot change what the program does is refused.
/// So strides of dimensions with one position are 0; loop terms have a stride, a loop with more
/// than one pass and a modulo (if any) below the number of passes; limits of extents and bounds
/// cut something off; nothing unused is set. canonicalize() removes all such idle numbers.
void verify(const Program& program);

/// Rewrites every instruction into the one form that verify() accepts without changing what it
/// does: drops idle loop terms, modulos, limits, bounds, strides, paddings, fills and
/// accumulation loops, and sorts terms by loop.
void canonicalize(Program& program);

/// Text form, one instruction a line; parse(toText(p)) gives an equal program for every p that
/// verify() accepts (constants' bytes excepted: they are in the container, the text names block,
/// storage, address and size).
///
///   storage buffer bytes 65536 on_chip yes      header: what the queues below refer to by name,
///   semaphore loaded initial 0                  or as $number where a name is not unique
///   queue matrix                                one block an engine; the number before an
///         layer conv1                           instruction is for the reader and is skipped
///      0  loop 4
///      1    matrix m [1, 8, min(8, 30 - 8*i0)] ... a buffer[4096*(p0 % 2) + 64*m1] fp16 ...
///      7  loop 1 if dram[128] bool             runs where that byte is not 0; `if not`: where it
///      is
///
/// In sums, i0 is the index of the outermost open loop, p0 its passes so far (LoopIndices::flat),
/// (c div 4 % 3) a digit of the core's number, and d0, d1, ... (for matrix m0 m1 m2 n k0 k1 k2) the
/// position in a dimension. min(a, b) is an extent with a limit, `where 0 <= sum < limit` a bound.
/// In steps, x is the value in the lane, x1 operand 1. Comments run from # to the end of the line.
/// Lines with | quote the chip's YAML.
std::string toText(const Program& program);
/// The text of one instruction, for messages.
std::string toText(const Program& program, const Instruction& instruction);
/// Throws BadInput: file:line:column: what was found, what was expected.
Program parse(const std::string& text, const std::string& fileName);

/// Binary container: magic, format version, resolved chip YAML, text form (which holds chip_hash),
/// constants, checksum.
std::string pack(const Program& program);
/// Throws BadInput, naming the file, for anything truncated, altered or of another version, and
/// for a program that verify() refuses.
Program unpack(std::string_view bytes, const std::string& fileName);

/// A container as a file (.npu). write goes to a temporary file that is renamed when complete;
/// both throw BadInput when the file cannot be written or read.
void write(const Program& program, const std::string& file);
Program read(const std::string& file);

}  // namespace npusim::isa
