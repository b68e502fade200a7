#pragma once

#include <span>
#include <string_view>

#include "workloads/onnx/node_context.h"

namespace npusim::onnx_import {

/// One ONNX operator: how a node of it becomes canonical operations.
struct Converter {
  std::string_view op;
  void (*convert)(NodeContext& context);
  /// Attributes that have no meaning for inference, separated by spaces.
  std::string_view ignoredAttributes = {};
};

/// The operators of each family; converter tables live in converters_*.cpp.
std::span<const Converter> convolutionConverters();  ///< Conv, pooling
std::span<const Converter> transposedConverters();   ///< ConvTranspose
std::span<const Converter> quantizedConverters();
std::span<const Converter> matrixConverters();  ///< Gemm, MatMul
std::span<const Converter> einsumConverters();
std::span<const Converter> recurrentConverters();  ///< RNN, LSTM, GRU
std::span<const Converter> normalizationConverters();
std::span<const Converter> elementwiseConverters();
std::span<const Converter> logicConverters();  ///< comparisons, truths, Where
std::span<const Converter> reductionConverters();
std::span<const Converter> orderConverters();    ///< ArgMax, TopK, CumSum
std::span<const Converter> shapeConverters();    ///< the same elements under another shape
std::span<const Converter> indexConverters();    ///< elements taken from fixed places
std::span<const Converter> scatterConverters();  ///< elements at places that tensors say
std::span<const Converter> resizeConverters();   ///< Resize, Upsample
std::span<const Converter> controlConverters();  ///< If
std::span<const Converter> constantConverters();

/// The converter of an operator, or nullptr.
const Converter* findConverter(std::string_view op);
/// Names of all operators in the tables, sorted.
std::vector<std::string_view> operatorNames();

// --- What several families need ---

/// f(a, b) with numpy broadcasting. The operand that is computed at run time and has the result's
/// shape becomes input 0. Throws BadInput when the types differ.
ValueId emitBinary(NodeContext& context, ElementOp op, ValueId a, ValueId b);
/// `value` as a scalar of x's type.
ValueId scalarLike(NodeContext& context, ValueId x, double value);
/// `x` in another type; `x` itself when it has that type.
ValueId emitCast(NodeContext& context, ValueId x, DataType type);
/// Input 1 of a binary operator; before opset 7 attributes `broadcast` and `axis` say which
/// dimensions of input 0 it has.
ValueId secondOperand(NodeContext& context);
/// KeepIf or KeepUnless: x, or 0, by whether the condition is 0; of x's type.
ValueId emitKept(NodeContext& context, ElementOp op, ValueId x, ValueId condition);
/// x B + bias, or x B^T + bias with `transposeB`; any bias that broadcasts, or kNoValue.
ValueId emitProduct(NodeContext& context, ValueId x, ValueId b, bool transposeB, ValueId bias);
/// `x` repeated to `target`, which it must broadcast to.
ValueId expandTo(NodeContext& context, ValueId x, const Shape& target);
/// `x` under another shape; `x` itself when it has that shape.
ValueId reshapeTo(NodeContext& context, ValueId x, const Shape& shape);
/// Remap by index lists, where an empty list keeps its dimension; `x` itself when all do.
ValueId remap(NodeContext& context, ValueId x, std::vector<std::vector<std::int64_t>> source,
              float fill = 0);
/// 1 at the first greatest element along a dimension, else 0; of x's type.
ValueId emitHardmax(NodeContext& context, ValueId x, int axis);
/// Conv's attributes for an input and weights.
Convolution readConvolution(NodeContext& context, ValueId x, ValueId w);
/// Convolution and Pool over any number of spatial dimensions, in terms of those over one and two.
ValueId emitConvolution(NodeContext& context, const Convolution& op, ValueId x, ValueId w,
                        ValueId bias);
ValueId emitPool(NodeContext& context, const Pool& op, ValueId x);
/// Dimensions [first, rank).
std::vector<int> axesFrom(std::size_t first, std::size_t rank);
/// Throws NotPossible for a shape of more than 2^24 elements: what a converter computes for one
/// operator, its constants counted together.
void requireComputed(const Shape& shape);
/// Zeros for a constant that a converter computes; throws as requireComputed() does.
Tensor blankConstant(DataType type, const Shape& shape);
/// Throws NotPossible when an operator would become more than 4,096 parts of a kind.
void requireParts(std::int64_t count, const char* parts);
/// Longest index list of a Remap; throws NotPossible for a longer one.
void requireIndexList(std::int64_t length);

}  // namespace npusim::onnx_import
