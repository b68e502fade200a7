#pragma once

#include <string>
#include <vector>

#include "kernels/emit/placement.h"
#include "kernels/mapping/mapping.h"
#include "kernels/pipeline/compile.h"
#include "kernels/plan/plan.h"
#include "kernels/plan/storage_map.h"
#include "workloads/graph/graph.h"

namespace npusim::passes {

// --- On the graph ---

/// Replaces LayerNorm, RMSNorm, GELU, Swish and HardSwish that are written out in simpler
/// operations by the operation itself, in whatever order and grouping they are written: what counts
/// is that the formula is the same among real numbers. Values change by roundings; the mean square
/// of a LayerNorm is summed over the same elements in the same order. A form of which a value is
/// needed elsewhere too stays as it is.
void recognizeForms(Graph& graph);

/// Lets a convolution do the zero padding of a Pad before it, which then moves nothing.
void absorbPads(Graph& graph);

/// Lets a node's only reader, when that is elementwise, run as steps on the node's result: bias,
/// normalisation, activation and residual add then cost no pass of their own.
void fuseSteps(Graph& graph);

/// Multiplies and adds leading constant steps (a BatchNormalization, a bias) into the weights and
/// bias of a Convolution or MatMul. After fuseSteps, which brings them there.
void foldConstantSteps(Graph& graph);

/// Makes min(0, least element) the constant 0 where no element can be below 0, as behind a Relu:
/// dynamic quantisation then reads such a tensor once less. After fuseSteps.
void foldKnownMinima(Graph& graph);

/// Makes a product of each part of a product that is only read in runs of columns (the gates of a
/// recurrent cell), so that each one's own arithmetic can follow it as steps; only where all parts
/// take as many folds of the array's columns as the whole. False where there are none.
bool sliceProducts(Graph& graph, const ChipConfig& chip);

/// Sets fp16 or bf16: activations and weights; biases and step constants stay fp32.
void setFloatFormat(Graph& graph, DataType format);

/// Sets int8: activations with scale and zero point from what
/// calibration observed, weights symmetric per output
/// channel, biases int32. With `floatTail` what comes after the last products stays fp32. Or int16,
/// all of it symmetric, with biases of int64.
void quantizeTo(Graph& graph, DataType type, const Calibration& calibration, bool floatTail);

/// Stores as fp16 the fp32 sums of products that a loop takes part by part (those of an LSTM's
/// gates with its inputs): they are read and written whole, and the sums with the state, which are
/// added to them, come of int8. Not where calibration saw more than half of what fp16 holds; always
/// without calibration, when no values are computed.
void narrowLoopInputs(Graph& graph, const Calibration& calibration);

// --- To the plan, and on it ---

/// Lets branches write what they hand to a Merge for it alone: anything else (a constant, a value
/// from before the branch, one that is needed elsewhere) becomes a copy, in a branch of its own.
void settleMerges(Graph& graph);

/// Turns every node into tasks over views of blocks. Throws NotPossible for what no task does.
plan::Plan lower(const Graph& graph, const ChipConfig& chip, const CompileOptions& options);

/// Decides which activations stay on chip for their whole life, so that their readers find them
/// in the buffer: short-lived ones first, while every task of one core keeps at least `tileShare`
/// of the buffer for its tiles.
void keepOnChip(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                bool keepLoops, double tileShare);

/// The same for several cores: such activations are spread over the cores' buffers, and so is
/// everything that no memory holds.
/// With `keepLoops` constants that loops read in every pass stay in the cores that read them.
void distribute(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                bool keepLoops);

/// Keeps constants in the buffers of the cores that work with them, as far as they fit in a part of
/// the buffer and in `most` bytes of every core; `ofLoops`: only those that a loop reads in every
/// pass.
void keepWeights(plan::Plan& plan, const plan::StorageMap& storages, std::int64_t most,
                 bool ofLoops = false);

/// What became of the constants that loops read in every pass.
struct Held {
  int count = 0;
  std::int64_t bytes = 0;  ///< held on chip through their loops
  /// Weights of a product that are loaded again in each pass.
  struct Streamed {
    std::string layer;
    std::int64_t bytes = 0, passes = 0;
  };
  std::vector<Streamed> streamed;
};

/// Brings constants that a loop reads in every pass to the buffer once, before the loop, by a copy
/// task of their own, and lets the loop's tasks read them there: as many as fit in `share` of the
/// buffer beside what the loop's tasks need, those first that are read most often. One core only.
Held holdConstants(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                   double share);

/// Gives every block that is spread over cores a storage of its own to be addressed by.
void addSpreadStorages(plan::Plan& plan, plan::StorageMap& storages);

/// Chooses a tiling for every task and an address for everything on chip; takes activations off
/// chip again where the pieces do not fit together. Throws NotPossible with what is needed, what
/// there is and the smallest change that fits.
std::vector<emit::PlacedTask> mapAndPlace(plan::Plan& plan, const plan::StorageMap& storages,
                                          const ChipConfig& chip, Objective objective);

/// A plan that is dealt to the cores, with its tasks mapped and everything on chip placed.
struct Placed {
  plan::Plan plan;
  std::vector<emit::PlacedTask> tasks;  ///< of `plan`
  std::string note;  ///< for the user: what could not be dealt as asked, or empty
  double cost = 0;   ///< as expected of all mappings together; smaller is better
};

/// Deals a lowered plan, keeps on chip what it can, maps and places: as `options.partition` says,
/// or in the way of those that lead to the lowest cost where that leaves the choice.
Placed dealAndPlace(const plan::Plan& plan, const plan::StorageMap& storages,
                    const ChipConfig& chip, const CompileOptions& options);

/// What is expected of all mappings together, which know what lies where: cycles and bytes.
mapping::Estimate estimateOf(const Placed& made);

/// `dealAndPlace()` in one way only: nothing that loops read is held, and tasks are not dealt. One
/// core only.
Placed placedOnce(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                  Objective objective);

/// Cuts attention whose scores do not stay on chip into loops in which they do, wherever that is
/// expected to cost less; values stay the same to the bit. One core only: else it does nothing.
void tileAttention(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                   Objective objective);

/// Lays the constant weights of every matrix task out by cores and the columns of their tiles,
/// which load as one run then.
void blockWeights(plan::Plan& plan, std::vector<emit::PlacedTask>& tasks);

/// Encodes the weights that are to lie encoded in memory, as they lie after blockWeights(). Those
/// that stay on chip, or whose layout or values do not allow it, lie as values; returns their
/// names.
std::vector<std::string> encodeWeights(plan::Plan& plan);

/// Gives every block of encoded weights a storage of its own to be addressed by.
void addEncodedStorages(plan::Plan& plan, plan::StorageMap& storages);

/// Decides in which memory every block lies that does not stay on chip, as far as is known before
/// weights are laid out by tiles: as placeInMemory() does, which has the last word. Throws
/// NotPossible where no memory may hold a block.
void chooseMemories(plan::Plan& plan, const plan::StorageMap& storages);

/// Gives every block that does not stay on chip an address in memory. Of several memories that may
/// hold it, the chip file names the nearest first, and a block lies whole in the first that has
/// room for it; those choose first of which most bytes are touched for the room they take and the
/// time they take it. Throws NotPossible as mapAndPlace() does.
void placeInMemory(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip);

}  // namespace npusim::passes
