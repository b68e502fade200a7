#pragma once

#include <optional>
#include <vector>

#include "workloads/evaluate/array.h"
#include "workloads/graph/graph.h"

/// The operations of evaluate.h on arrays of one arithmetic each. T is float, double, int64 or
/// uint64; the two products take float, int64, and int32 (quantised operands, modulo 2^32).
namespace npusim {

template <typename T>
Array<T> convolve(const Convolution& op, const Array<T>& x, const Array<T>& w,
                  const std::optional<Array<T>>& bias);

template <typename T>
Array<T> multiplyMatrices(const MatMul& op, Array<T> a, Array<T> b,
                          const std::optional<Array<T>>& bias);

template <typename T>
Array<T> broadcastTo(Array<T> x, const Shape& shape);

/// x (already of the result's shape) through one step; `operand` is null for unary steps.
template <typename T>
Array<T> applyStep(const ElementStep& step, Array<T> x, const Array<T>* operand);

template <typename T>
Array<T> pool(const Pool& op, const Array<T>& x);

template <typename T>
Array<T> reduce(const Reduce& op, const Array<T>& x);

Array<float> softmax(const Softmax& op, const Array<float>& x);
Array<float> normalize(const LocalResponseNorm& op, const Array<float>& x);
Array<float> normalizeLayer(const LayerNorm& op, const Array<float>& x);

template <typename T>
Array<T> remap(const Remap& op, const Array<T>& x);

template <typename T>
Array<T> transpose(const Transpose& op, const Array<T>& x);

template <typename T>
Array<T> concat(const Concat& op, const std::vector<Array<T>>& parts);

/// Throws BadInput for an index outside [-n, n); negative ones count from the end.
template <typename T>
Array<T> gather(const Gather& op, const Array<T>& data, const Array<std::int64_t>& indices);

}  // namespace npusim
