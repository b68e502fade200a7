#pragma once

#include "sim/array/matrix_tile.h"
#include "sim/isa/program.h"
#include "sim/vector/vector_tile.h"

namespace npusim {

/// Instructions with the loop indices filled in. The results refer to the instruction, which must
/// outlive them.
ResolvedAccess resolve(const isa::Access& access, const isa::LoopIndices& indices);
MatrixTile resolve(const isa::Matrix& matrix, const isa::LoopIndices& indices);
VectorTile resolve(const isa::VectorPass& pass, const isa::LoopIndices& indices);

}  // namespace npusim
