#pragma once

#include "workloads/onnx/import.h"
#include "workloads/onnx/model.h"

namespace npusim::onnx_import {

/// The shape of every input of the model, in order, with symbolic dimensions bound by `options`.
/// Throws BadInput for a dimension that nothing binds, and for options that name nothing.
std::vector<Shape> bindInputShapes(const OnnxModel& model, const OnnxOptions& options);

}  // namespace npusim::onnx_import
