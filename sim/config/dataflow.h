#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npusim {

/// A loop of the matrix product C[m x n] += A[m x k] B[k x n] as a convolution sees it: m flattens
/// batch, output row and output column; n is the output channel; k flattens filter row, filter
/// column and input channel. A plain product has B = OY = FY = FX = 1, OX = m, K = n, C = k.
enum class LoopDim : std::uint8_t { B, OY, OX, K, FY, FX, C };
std::string_view name(LoopDim dim);

/// How one operand travels in the array.
enum class Travel : std::uint8_t {
  Hold,       ///< stays in the PEs' local stores while the others stream
  Forward,    ///< from PE to neighbour, a cycle a hop
  Broadcast,  ///< on a bus that reaches a whole row or column in the same cycle
  Chain,      ///< partial sums handed from PE to neighbour, each adding its product
  Tree,       ///< products added by a binary tree, a cycle a level
};
std::string_view name(Travel travel);

/// Which code runs the array.
enum class ArrayKind : std::uint8_t {
  Systolic,       ///< described by the fields of Dataflow
  RowStationary,  ///< Eyeriss
  Cached,         ///< every PE fetches through a cache of its own
};

/// The dataflow as data: which loops run along the rows and the columns of the array, and how each
/// operand travels. `rows` and `cols` each flatten the inner loops of one of m, n, k, the last one
/// fastest: {FY, FX, C} is all of k, {C} leaves FY and FX to further folds. What runs along neither
/// streams. The operand indexed by both is held; the other two travel.
struct Dataflow {
  std::string name;  ///< of the preset, or "custom"
  ArrayKind kind = ArrayKind::Systolic;
  std::vector<LoopDim> rows, cols;
  Travel weights = Travel::Hold, inputs = Travel::Forward, outputs = Travel::Chain;

  bool operator==(const Dataflow&) const = default;
  bool holdsOutputs() const { return outputs == Travel::Hold; }
};

/// The dataflows with names: weight_stationary, output_stationary, input_stationary, dot_product,
/// row_stationary, cached.
std::span<const Dataflow> dataflowPresets();
/// Throws InternalError for an unknown name.
const Dataflow& dataflowPreset(std::string_view name);

/// Why the description cannot run ("must ..."), or an empty text.
std::string faultOf(const Dataflow& dataflow);

}  // namespace npusim
