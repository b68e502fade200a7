#include <algorithm>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"
#include "workloads/evaluate/product.h"

namespace npusim {
namespace {

/// Rows computed together, so that their sums stay in the cache.
constexpr std::int64_t kRowBlock = 96;

/// One product a [m x k] times b [k x n] of a batch.
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t strideK = 0, strideN = 0;  ///< of b
};

template <typename T>
void multiplyRows(const Product& p, const T* a, const std::vector<T>& panel, const T* bias,
                  std::int64_t first, T* y) {
  const std::int64_t columns = std::min(kPanelColumns, p.n - first);
  std::vector<T> sums;
  for (std::int64_t row = 0; row < p.m; row += kRowBlock) {
    const std::int64_t rows = std::min(kRowBlock, p.m - row);
    sums.assign(static_cast<std::size_t>(rows * kPanelColumns), T{0});
    for (std::int64_t r = 0; bias != nullptr && r < rows; ++r) {
      std::copy_n(bias + first, columns, sums.data() + r * kPanelColumns);
    }
    multiplyPanel(a + row * p.k, p.k, rows, panel.data(), p.k, sums.data());
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(sums.data() + r * kPanelColumns, columns, y + (row + r) * p.n + first);
    }
  }
}

template <typename T>
void multiply(const Product& p, const T* a, const T* b, const T* bias, T* y) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < p.k; ++i) rows.push_back(i * p.strideK);
  std::vector<T> panel(static_cast<std::size_t>(p.k * kPanelColumns));
  for (std::int64_t first = 0; first < p.n; first += kPanelColumns) {
    packPanel<T>(b, rows, p.n, p.strideN, first, panel.data());
    multiplyRows(p, a, panel, bias, first, y);
  }
}

/// Offsets of the matrices of `batches` in an operand with leading dimensions `own`.
std::vector<std::int64_t> matrixOffsets(const Shape& own, const Shape& batches,
                                        std::int64_t matrixSize) {
  std::vector<std::int64_t> offsets;
  auto append = [&](std::int64_t index) { offsets.push_back(index * matrixSize); };
  forEachOffset(batches, broadcastStrides(own, batches), append);
  return offsets;
}

Shape leading(const Shape& shape) { return {shape.begin(), shape.end() - 2}; }

Product makeProduct(const MatMul& op, const Shape& a, const Shape& b) {
  const std::size_t last = b.size() - 1;
  Product p{a[a.size() - 2], b[last], a.back(), b[last], 1};
  if (op.transposeB) p = {p.m, b[last - 1], p.k, 1, b[last]};
  ensure(p.k == (op.transposeB ? b[last] : b[last - 1]), "evaluate: matmul inner sizes differ");
  return p;
}

}  // namespace

template <typename T>
Array<T> multiplyMatrices(const MatMul& op, Array<T> a, Array<T> b,
                          const std::optional<Array<T>>& bias) {
  ensure(a.rank() >= 1 && b.rank() >= 1, "evaluate: matmul of a scalar");
  const bool vectorA = a.rank() == 1, vectorB = b.rank() == 1;
  const Shape row{1, a.size()}, column{b.size(), 1}, transposed{1, b.size()};
  if (vectorA) a = std::move(a).reshaped(row);
  if (vectorB) b = std::move(b).reshaped(op.transposeB ? transposed : column);

  Product p = makeProduct(op, a.shape(), b.shape());
  ensure(!bias || bias->size() == p.n, "evaluate: matmul bias of another length");
  const Shape batches = broadcast(leading(a.shape()), leading(b.shape()));
  Shape shape = batches;
  if (!vectorA) shape.push_back(p.m);
  if (!vectorB) shape.push_back(p.n);
  Array<T> y(shape);

  const T* biasData = bias ? bias->data() : nullptr;
  if (b.rank() == 2) {  // one b for all: the rows of every batch make one product
    p.m = a.size() / std::max<std::int64_t>(1, p.k);
    multiply(p, a.data(), b.data(), biasData, y.own());
    return y;
  }
  const auto offsetsA = matrixOffsets(leading(a.shape()), batches, p.m * p.k);
  const auto offsetsB = matrixOffsets(leading(b.shape()), batches, p.k * p.n);
  T* out = y.own();
  for (std::size_t i = 0; i < offsetsA.size(); ++i, out += p.m * p.n) {
    multiply(p, a.data() + offsetsA[i], b.data() + offsetsB[i], biasData, out);
  }
  return y;
}

template Array<float> multiplyMatrices(const MatMul&, Array<float>, Array<float>,
                                       const std::optional<Array<float>>&);
template Array<std::int32_t> multiplyMatrices(const MatMul&, Array<std::int32_t>,
                                              Array<std::int32_t>,
                                              const std::optional<Array<std::int32_t>>&);
template Array<std::int64_t> multiplyMatrices(const MatMul&, Array<std::int64_t>,
                                              Array<std::int64_t>,
                                              const std::optional<Array<std::int64_t>>&);

}  // namespace npusim
