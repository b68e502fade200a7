#include <array>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

ValueId scaled(NodeContext& c, ValueId x, float factor, std::string_view what) {
  if (factor == 1 || x == kNoValue) return x;
  const ValueId constant = c.constant(what, convert(scalarTensor(factor), c.type(x)));
  return emitBinary(c, ElementOp::Mul, x, constant);
}

ValueId transposed(NodeContext& c, ValueId x) { return c.emit(Transpose{{1, 0}}, {x}); }

/// Whether C, which broadcasts to M x N, is one row that is added to every row of the product.
bool isRow(const Shape& shape, std::int64_t columns) {
  return shape == Shape{columns} || shape == Shape{1, columns};
}

/// Y = alpha A' B' + beta C. Scaling goes into B and C, so it folds where they are constant.
void convertGemm(NodeContext& c) {
  ValueId a = c.input(0);
  ValueId b = c.input(1);
  if (c.shape(a).size() != 2 || c.shape(b).size() != 2) {
    throw BadInput("takes matrices, not " + toString(c.shape(a)) + " and " + toString(c.shape(b)));
  }
  const bool transposeB = c.integer("transB", 0) != 0;
  const float alpha = c.real("alpha", 1);
  const float beta = c.real("beta", 1);
  if (c.integer("transA", 0) != 0) a = transposed(c, a);
  b = scaled(c, b, alpha, "alpha");
  const std::int64_t columns = c.shape(b)[transposeB ? 0 : 1];
  ValueId addend = scaled(c, c.optionalInput(2), beta, "beta");
  if (addend != kNoValue && isRow(c.shape(addend), columns)) {
    addend = reshapeTo(c, addend, {columns});
  }
  c.output(0, emitProduct(c, a, b, transposeB, addend));
}

void convertMatMul(NodeContext& c) {
  c.output(0, c.emit(MatMul{}, {c.input(0), c.input(1), kNoValue}));
}

constexpr std::array kConverters = {
    Converter{"Gemm", convertGemm, "broadcast"},
    Converter{"MatMul", convertMatMul},
};

}  // namespace

/// The array starts its sums from a bias that is constant; any other is added behind it.
ValueId emitProduct(NodeContext& c, ValueId x, ValueId b, bool transposeB, ValueId bias) {
  const std::int64_t columns = c.shape(b)[c.shape(b).size() - (transposeB ? 2 : 1)];
  const bool starts = bias != kNoValue && c.isConstant(bias) && c.shape(bias) == Shape{columns};
  const ValueId y = c.emit(MatMul{transposeB}, {x, b, starts ? bias : kNoValue});
  return bias == kNoValue || starts ? y : emitBinary(c, ElementOp::Add, y, bias);
}

std::span<const Converter> matrixConverters() { return kConverters; }

}  // namespace npusim::onnx_import
