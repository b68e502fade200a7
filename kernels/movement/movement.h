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

}  // namespace npusim::movement
