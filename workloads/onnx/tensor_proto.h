#pragma once

#include <optional>
#include <string>

#include "sim/core/tensor.h"

namespace onnx {
class TensorProto;
}

namespace npusim::onnx_import {

/// Our type for an ONNX TensorProto.DataType; throws NotPossible for strings and complex numbers
/// and BadInput for numbers outside ONNX's list.
DataType toDataType(int onnxType);

/// Where external data may lie; without a folder it is refused.
struct TensorSource {
  std::optional<std::string> folder;
};

/// Converts and frees the message's data, so that a model is never held twice. Throws BadInput
/// (without file or tensor name) when dimensions, type and data disagree.
Tensor takeTensor(onnx::TensorProto& message, const TensorSource& source);

}  // namespace npusim::onnx_import
