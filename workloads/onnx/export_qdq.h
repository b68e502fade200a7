#pragma once

#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// What a quantised copy of a model holds.
struct QdqSummary {
  int activations = 0;            ///< tensors with a QuantizeLinear and DequantizeLinear pair
  int products = 0;               ///< nodes whose weights are int8 now
  std::vector<std::string> left;  ///< nodes whose weights stay as they were
};

/// Writes the ONNX model `from` to `to` as `quantized` computes it: the model's own nodes, with a
/// QuantizeLinear and DequantizeLinear pair behind every tensor that is int8 in `quantized`
/// (matched by name), and DequantizeLinear of int8 weights and int32 biases before its Conv, Gemm
/// and MatMul nodes; constant BatchNormalization, Mul, Add, Sub and Div nodes that were folded into
/// the weights are gone. LSTM, GRU and RNN get int8 weights; their state is not visible in ONNX and
/// stays float. `quantized` is the int8 graph of the same model. Throws NotPossible for an opset
/// below 13 (the first with a scale for each channel) and for external data, BadInput for files
/// that cannot be read or written.
QdqSummary exportQdq(const std::string& from, const Graph& quantized, const std::string& to);

}  // namespace npusim
