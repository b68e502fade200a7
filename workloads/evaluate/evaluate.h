#pragma once

#include <functional>
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
/// - fp64 among the values: elementwise steps, pools, sums and moves in fp64, the rest in fp32.
/// - Products with zero points (hasZeroPoints()): int32 sums of the codes less their zero points,
///   modulo 2^32; where steps follow, float(sum), then they in fp32.
/// - int64, int32, Bool and other plain integers (no `quantization`): exact integer arithmetic in
///   int64 (uint64 where any value is), division truncating toward zero.
///
/// Padding contributes real zero. The formulas, each operation one fp32 rounding and std::
/// functions of float: Sigmoid 1 / (1 + exp(-x)); HardSigmoid max(0, min(1, alpha * x + beta));
/// HardSwish x * max(0, min(1, x / 6 + 0.5)); Gelu 0.5 * x * (1 + erf(x / sqrt 2)); GeluTanh 0.5 *
/// x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))); Swish x * Sigmoid(alpha * x); Max a <
/// b ? b : a; Min b < a ? b : a; Relu Max(x, 0); Clip Min(Max(x, alpha), beta); Softmax e_i / sum
/// of e, e_i = exp(x_i - max); LRN x / pow(bias + (alpha / size) * sum, beta). A quantised NaN is
/// the zero point. Integer sums wrap: products of quantised values modulo 2^32, plain integers
/// modulo 2^64. A mean pool's window that holds no value gives 0; a max pool has none.
///
/// Throws InternalError for inconsistent graphs, BadInput naming the node for what only the data
/// show: integer division by zero, a Gather index outside its axis, a float operation on integers.
Tensor evaluateNode(const Graph& graph, const Node& node, const std::vector<const Tensor*>& inputs);

/// Evaluates the whole graph on `inputs` (by value name, already in each input value's type) and
/// returns every graph output in order.
std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs);

/// As evaluate(), showing every tensor as it is written, in a loop in each pass (calibration,
/// debugging): inputs first, constants never.
using Observer = std::function<void(const Value&, const Tensor&)>;
std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                             const Observer& observe);

/// Real values to the integers of `quantization` along its axis (rne, saturate), and back.
Tensor quantize(const Tensor& real, DataType type, const Quantization& quantization);
Tensor dequantize(const Tensor& integers, const Quantization& quantization);

}  // namespace npusim
