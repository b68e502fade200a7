#include "sim/array/tile/tree_product.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/array/tile/product.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

/// Trees over up to 2^(kLevels - 1) leaves.
constexpr int kLevels = 24;

using Line = float[kPanelColumns];

[[gnu::always_inline]] inline void addTo(const Line& left, Line& right) {
  for (int j = 0; j < kPanelColumns; ++j) right[j] = left[j] + right[j];
}

int heightOf(const TreeShape& tree) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(tree.leaves - 1)));
}

/// Trees of which leaves come one by one, as a binary counter: where bit l of the count is set,
/// level l holds the sum of a whole subtree of 2^l leaves whose sibling has not come yet.
class LineTree {
 public:
  [[gnu::always_inline]] inline void push(Line& leaf) {
    int level = 0;
    for (auto bits = count_++; (bits & 1) != 0; bits >>= 1) addTo(levels_[level++], leaf);
    std::copy_n(leaf, kPanelColumns, levels_[level]);
  }

  /// The root of a tree of 2^height leaves; those that did not come are +0.0.
  [[gnu::always_inline]] inline const Line& root(int height) {
    const int lowest = std::countr_zero(count_);
    if (lowest >= height) return levels_[height];
    Line none = {};
    Line& sum = levels_[kLevels - 1];
    std::copy_n(levels_[lowest], kPanelColumns, sum);
    for (int level = lowest; level < height; ++level) {
      const bool isRight = level > lowest && (count_ >> level & 1) != 0;
      addTo(isRight ? levels_[level] : none, sum);
    }
    return sum;
  }

 private:
  Line levels_[kLevels];
  std::uint64_t count_ = 0;
};

/// One row of the block by the leaves of one piece of k: `elements` of A and lines of the panel.
[[gnu::always_inline]] inline void addPiece(const float* a, const float* panel,
                                            std::int64_t elements, const TreeShape& tree,
                                            float* sums) {
  LineTree lines;
  for (std::int64_t first = 0; first < elements; first += tree.perLeaf) {
    Line leaf = {};
    for (std::int64_t p = first; p < std::min(first + tree.perLeaf, elements); ++p) {
      for (int j = 0; j < kPanelColumns; ++j) {
        leaf[j] = std::fma(a[p], panel[p * kPanelColumns + j], leaf[j]);
      }
    }
    lines.push(leaf);
  }
  const Line& root = lines.root(heightOf(tree));
  for (int j = 0; j < kPanelColumns; ++j) sums[j] = root[j] + sums[j];
}

}  // namespace

std::optional<TreeShape> treeShape(const ArrayConfig& array, DataType format,
                                   const MatrixShape& shape) {
  if (array.dataflow.kind != ArrayKind::Systolic || array.dataflow.outputs != Travel::Tree) {
    return std::nullopt;
  }
  const auto isOfK = [](LoopDim dim) { return dim >= LoopDim::FY; };
  const bool alongRows = isOfK(array.dataflow.rows.front());
  TreeShape tree{1, 1, 1, alongRows ? array.rows : array.cols};
  for (const LoopDim dim : alongRows ? array.dataflow.rows : array.dataflow.cols) {
    tree.along *= shape.extents[static_cast<std::size_t>(dim)];
  }
  tree.repeats = shape.k() / tree.along;
  tree.perLeaf = std::max<std::int64_t>(1, std::llround(array.macsPerCycle.at(format)));
  ensure(heightOf(tree) < kLevels - 1, "an adder tree has too many leaves");
  return tree;
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void multiplyBlockByTrees(
    const float* a, std::int64_t rowStride, const float* panel, const TreeShape& tree,
    float* sums) {
  const std::int64_t piece = tree.leaves * tree.perLeaf;
  for (int i = 0; i < kBlockRows; ++i) {
    for (std::int64_t repeat = 0; repeat < tree.repeats; ++repeat) {
      for (std::int64_t begin = 0; begin < tree.along; begin += piece) {
        const std::int64_t k = repeat * tree.along + begin;
        addPiece(a + i * rowStride + k, panel + k * kPanelColumns,
                 std::min(piece, tree.along - begin), tree, sums + i * kPanelColumns);
      }
    }
  }
}

}  // namespace npusim
