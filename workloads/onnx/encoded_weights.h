#pragma once

#include <cstdint>
#include <optional>

#include "workloads/onnx/node_context.h"

namespace npusim::onnx_import {

/// What a DequantizeLinear of constant int8 or uint8 codes [at least 2 dimensions] with constant
/// fp32 scales gives: (code - zero point) * scale in fp32, with the form in which it may stay
/// encoded: 4 bits where all codes and zero points fit. Unsigned codes are taken 128 (8 with 4
/// bits) lower, and so are their zero points. Scale and zero point are one, or one an index along
/// `axis`, or with `blockSize` > 0 one for each block of so many along it (opset 21). Empty for any
/// other operands, BadInput for scales of the wrong shape.
std::optional<Constant> encodedWeights(NodeContext& c, std::size_t axis, std::int64_t blockSize);

}  // namespace npusim::onnx_import
