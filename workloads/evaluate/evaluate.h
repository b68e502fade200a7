#pragma once

#include <map>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// Plain nested-loop evaluation: the reference that simulated values are held against. Shares no
/// compute code with sim/. Semantics of one node, by the types of its values:
///
/// - Floats (fp16 and bf16 too): inputs widen to fp32, the operation and its steps run in fp32
///   (a MatMul or Convolution accumulates in fp32 starting from the bias, k ascending in the order
///   (window, input channel)), and the result rounds once to the output's type.
/// - Quantised (values with `quantization`): a Convolution or MatMul accumulates
///   int32 sum of (qx - zx) * qw plus the int32 bias exactly; real = float(acc) * (sx * sw[n])
///   with sx * sw[n] rounded to fp32 first; steps run in fp32; the output is
///   saturate(rne(real / sy) + zy). Any other operation first dequantises each input element,
///   float(q - z) * s, then computes in fp32 (reductions in ascending order of the reduced axes,
///   starting from the first element for Max and from 0 for sums; Mean multiplies the sum by
///   float(1) / count), runs its steps and quantises as above. Operands of steps dequantise alike.
/// - int64, int32, Bool and other plain integers (no `quantization`): exact integer arithmetic in
///   int64, division truncating toward zero.
///
/// Padding contributes real zero. Throws InternalError for inconsistent graphs.
Tensor evaluateNode(const Graph& graph, const Node& node, const std::vector<const Tensor*>& inputs);

/// Evaluates the whole graph on `inputs` (by value name, already in each input value's type) and
/// returns every graph output in order.
std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs);

/// As evaluate(), but returns every value's tensor (calibration, debugging); constants excluded.
std::vector<Tensor> evaluateAll(const Graph& graph, const std::map<std::string, Tensor>& inputs);

/// Real values to the integers of `quantization` along its axis (rne, saturate), and back.
Tensor quantize(const Tensor& real, DataType type, const Quantization& quantization);
Tensor dequantize(const Tensor& integers, const Quantization& quantization);

}  // namespace npusim
