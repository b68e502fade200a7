#pragma once

#include "kernels/lowering/lowering.h"

namespace npusim::movement {

/// Operators that move data. Where a tensor can simply be seen through other strides (most
/// Reshapes and Transposes, Slices, parts of a Concat that were written in place) nothing is
/// moved; else each piece is one strided DMA transfer, a layer of its own.
void lowerReshape(lowering::Lowering& lowering, const Node& node);
void lowerTranspose(lowering::Lowering& lowering, const Node& node);
void lowerConcat(lowering::Lowering& lowering, const Node& node);
void lowerRemap(lowering::Lowering& lowering, const Node& node);
void lowerGather(lowering::Lowering& lowering, const Node& node);

/// Of loops. A part is taken by seeing it through the number of the pass; state has two places, by
/// turns read and written; what is collected is copied to its part.
void lowerTake(lowering::Lowering& lowering, const Node& node);
void lowerCarried(lowering::Lowering& lowering, const Node& node);
void lowerCollect(lowering::Lowering& lowering, const Node& node);

/// Of branches: each writes what it hands on where the Merge has its result. After
/// passes::settleMerges().
void lowerMerge(lowering::Lowering& lowering, const Node& node);

}  // namespace npusim::movement
