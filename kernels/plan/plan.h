#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/operator_work.h"
#include "sim/core/tensor.h"
#include "sim/isa/program.h"

namespace npusim::plan {

/// A plan is a network after lowering: tasks over iteration spaces, reading and writing views of
/// blocks of storage. It knows nothing of tiles or addresses yet.

using BlockId = std::int32_t;
constexpr BlockId kNoBlock = -1;

/// Constant weights that are to lie encoded in their memory.
struct Encoding {
  WeightCode code;
  std::int64_t rowsPerScale = 0;  ///< wanted; 0: all rows
  bool tiled = false;             ///< the layout is known: tileBy() was called
  isa::StorageId memory = -1;
  std::int64_t address = 0;
  /// For every value, in the same width and layout as the contents of the block: its scale, and its
  /// zero point as an integer; null without values or where the format has none.
  std::shared_ptr<const std::vector<std::byte>> scales, zeros;
  std::shared_ptr<const std::vector<std::byte>> bytes;  ///< encoded

  /// The values lie as tiles of `rows` x `columns`, columns innermost.
  void tileBy(std::int64_t columns, std::int64_t rows);
};

/// A contiguous allocation that lives from its first use to its last.
struct Block {
  /// Held: a copy of constants, on chip while the loop runs that reads them (`storage` says in
  /// which buffer); a task before the loop makes it.
  enum class Kind : std::uint8_t { Activation, Weights, Held };
  std::string name;
  std::int64_t bytes = 0;
  Kind kind = Kind::Activation;
  bool port =
      false;  ///< holds a graph input or output: in memory for the whole run, if there is one
  bool raw = false;  ///< never compressed in memory
  /// Contents of a constant block; null without values.
  std::shared_ptr<const std::vector<std::byte>> contents;

  /// `bytes` and `contents` are those of the values. Dropped where the block stays on chip.
  std::optional<Encoding> encoding;
  /// What it takes in a memory.
  std::int64_t memoryBytes() const { return encoding ? encoding->code.bytes() : bytes; }

  /// First and last task that touches it. Inputs live from the first task of all, outputs to the
  /// last; -1: nobody touches it.
  int firstTask = -1;
  int lastTask = -1;
  /// Decided by the mapping: kept on chip for its whole life.
  bool resident = false;
  /// Constants that lie in the cores' own buffers, loaded once: each of `keptCores` keeps the part
  /// of `keptPart` bytes that its digit names (parts follow one another in the block).
  bool kept = false;
  isa::CoreDigit keptDigit;
  isa::CoreRange keptCores;
  std::int64_t keptPart = 0;
  /// Spread over the buffers of several cores for its whole life. It is reached by transfers, from
  /// and to slots, like a block in memory.
  std::optional<isa::Distribution> distribution;
  std::int64_t share = 0;  ///< room in each core's buffer for a kept or a spread block
  /// Decided by the allocation.
  isa::StorageId storage = -1;
  std::int64_t address = 0;
};

/// What is read or written moves from pass to pass of a loop (Plan::repeats): by `bytes` x the
/// number of the pass, with a `modulo` that number modulo it.
struct PassStride {
  int repeat = 0;
  std::int64_t bytes = 0;
  std::int64_t passes = 1;  ///< of that loop
  std::int64_t modulo = 0;
  /// How far the last pass is from the first, and the farthest.
  std::int64_t last() const { return bytes * (modulo > 0 ? (passes - 1) % modulo : passes - 1); }
  std::int64_t farthest() const {
    return bytes * ((modulo > 0 ? std::min(modulo, passes) : passes) - 1);
  }
  bool operator==(const PassStride&) const = default;
};

/// A tensor's place in a block: byte address = offset + sum of stride x index.
struct View {
  BlockId block = kNoBlock;
  std::int64_t offset = 0;
  DataType type = DataType::Float32;
  Shape shape;
  Shape strides;                        ///< bytes
  std::vector<PassStride> passes = {};  ///< of the loops that its reader or writer is in
};

/// One axis of an operand's tensor, indexed from the iteration space:
/// coordinate = offset + sum over dimensions of coefficients[d] x position[d].
/// Coordinates outside [0, extent) are padding.
struct Axis {
  std::int64_t extent = 1;
  std::int64_t stride = 0;  ///< bytes in the block
  std::vector<std::int64_t> coefficients;
  std::int64_t offset = 0;
  /// Blocked layout: coordinate c lies at (c / blockLength) x blockStride + (c mod blockLength) x
  /// stride. Tiles of such an axis are whole blocks. 0: not blocked.
  std::int64_t blockLength = 0, blockStride = 0;
};

/// `axes` are listed in the order of the on-chip layout of a tile, innermost last.
struct Operand {
  BlockId block = kNoBlock;
  std::int64_t offset = 0;  ///< bytes from the block's start
  DataType type = DataType::Float32;
  isa::Scaling scaling;
  std::vector<Axis> axes;
  std::vector<PassStride> passes = {};  ///< of the loops around the task
};

struct Dimension {
  std::int64_t extent = 1;
  bool tileable = true;
  /// A dimension that is dealt to cores: each works at the one position that its digit names. It
  /// was split off dimension `of`, which has the `extent` of one part left, of `whole` in all; the
  /// last part may be shorter, and parts after that be empty. Such dimensions come after all
  /// others, have no loop and tile 1.
  std::optional<isa::CoreDigit> digit = {};
  int of = -1;
  std::int64_t whole = 0;
  /// Split off likewise, in equal parts: the images that go through a pipeline of cores one after
  /// another, each a pass of the loop around the tasks of a stage. Before the dealt dimensions.
  bool images = false;
  bool isOuter() const { return digit.has_value() || images; }
};

/// Dimensions of every matrix task, in this order: two of batch or group (one instruction each),
/// rows, columns, reduction. For a convolution m is (image, row, column) and k is (window row,
/// window column, input channel of the group).
enum MatrixDim : int { G0, G1, M0, M1, M2, N, K0, K1, K2, kMatrixDims };

/// C[g, m, n] = bias[g, n] + sum over k of A[g, m, k] x B[g, k, n], then `steps` on the vector
/// unit. Operand fields are indices into Task::operands.
struct MatrixWork {
  int a = 0, b = 1;
  int bias = -1;
  int zeroA = -1, zeroB = -1;  ///< zero points known at run time: of A over m, of B over n
  std::vector<isa::VectorStep> steps;
  std::int32_t padding = 0;  ///< A's zero point
  /// Useful MACs per MAC of the product (block-diagonal weights).
  std::int64_t usefulNumerator = 1, usefulDenominator = 1;
  /// Input rows and columns from one output to the next and from one tap to the next, without their
  /// common factor.
  std::array<std::int64_t, 2> strides = {1, 1}, dilations = {1, 1};
  std::optional<RowStationaryMapping> mapping;  ///< given, not searched
  /// Does the array read the operand, and not the vector unit behind it?
  bool inArray(int operand) const {
    return operand == a || operand == b || operand == bias || operand == zeroA || operand == zeroB;
  }
};

/// A pass of the vector unit; operands >= 0 are Task::operands, below 0 temporaries (~index).
struct Pass {
  std::vector<int> dims;  ///< of the task, the last `reduceDims` reduced
  int reduceDims = 0;
  ReduceOp reduce = ReduceOp::Sum;
  std::vector<int> operands;
  std::vector<isa::VectorStep> pre, post;  ///< operand: index into this pass's `operands`
  std::optional<int> temporary;            ///< writes this temporary, else the task's output
};

/// On-chip fp32 intermediate of a vector task, over some of the task's dimensions.
struct Temporary {
  std::vector<int> dims;
};

struct VectorWork {
  std::vector<Pass> passes;
  std::vector<Temporary> temporaries;
};

/// One strided copy from operand 0; with `gatherDim`, operand 1 holds indices into it.
struct CopyWork {
  std::optional<std::uint32_t> fill;  ///< element pattern for positions outside the source
  std::optional<int> gatherDim;       ///< task dimension whose source positions are looked up
};

struct Task {
  int layer = 0;
  std::vector<Dimension> dims;
  std::vector<Operand> operands;
  Operand output;
  std::variant<MatrixWork, VectorWork, CopyWork> work;
  isa::CoreRange cores = {};  ///< that work on it: as many as its digits tell apart
  int repeat = -1;            ///< the innermost loop it is in: index into Plan::repeats
};

/// A loop around tasks that follow one another, as Repeat in workloads/graph/graph.h: with a
/// `condition` (a Bool, as seen from the loop around it) it runs only where that is `runsIf`.
struct Repeat {
  std::int64_t passes = 1;
  int parent = -1;
  std::optional<View> condition = {};
  bool runsIf = true;
};

/// Consecutive tasks [first, last) that some of the cores repeat for one image after another.
struct Stage {
  int first = 0, last = 0;
  isa::CoreRange cores;
};

struct Port {
  std::string name;
  View view;
  isa::Scaling scaling;
  bool quantized = false;
};

struct Plan {
  std::string network;
  DataType precision = DataType::Float32;  ///< operand format of the array
  DataType sumType = DataType::Float32;    ///< of the partial sums of float products
  std::vector<Block> blocks;
  std::vector<Task> tasks;
  std::vector<isa::Layer> layers;
  std::vector<Port> inputs, outputs;
  std::int64_t cores = 1;  ///< with queues of their own
  std::vector<Repeat> repeats;
  std::vector<Stage> stages;  ///< of a pipeline of more than one image
  std::int64_t images = 1;    ///< passes of each stage
  /// Of the memory of the weights: bytes of one row in every channel, and after how many of those
  /// the same banks come again. Several cores that read at once are fastest in different banks.
  std::int64_t rowBytes = 0, rowsAround = 1;
  bool supersteps = false;  ///< all cores move data, then all compute: nothing overlaps
  bool values = true;
  bool streams = false;  ///< tiles of activations lie in memory as streams, coded unless raw

  Block& block(BlockId id) { return blocks.at(static_cast<std::size_t>(id)); }
  const Block& block(BlockId id) const { return blocks.at(static_cast<std::size_t>(id)); }

  /// Is loop `repeat` the loop `outer` or inside it? All are in -1.
  bool isIn(int repeat, int outer) const;
  /// The outermost loop inside `outer` that `repeat` is in; `outer` itself when it is that.
  int loopInside(int repeat, int outer) const;
  /// How many loops lie around what is in `repeat`, and how many passes they make in all.
  int depthOf(int repeat) const;
  std::int64_t passesOf(int repeat) const;

  /// Sets firstTask and lastTask of every block from the tasks and ports. What a loop reads first
  /// lives as long as the loop, and so does what is touched outside of it too; what is made and
  /// used up in one pass lives that long.
  void computeLifetimes();
  /// Lets every block live from the first task to the last: stages of a pipeline are at work on
  /// different images at the same time.
  void keepAll();
  /// Throws InternalError when indices or sizes are inconsistent.
  void verify() const;
};

/// The dimension that was dealt off `dim`, or -1.
int dealtFrom(const Task& task, int dim);

/// The extent of a dimension over all cores; 1 for a dealt dimension, whose positions count there.
std::int64_t wholeExtent(const Task& task, int dim);

/// Is a dimension dealt so that not all parts are equal; so that some cores have none at all?
bool endsEarly(const Task& task, int dim);
bool leavesIdle(const Task& task, int dim);

/// The digits of the cores that work on a task, smallest divisor first.
std::vector<isa::CoreDigit> digitsOf(const Task& task);

/// The cores that need the same bytes of an operand at the same time: those that differ only in a
/// digit (or several neighbouring ones) that its address does not follow. Count 1: all differ.
isa::CoreDigit sharersOf(const Task& task, const Operand& operand);

/// Coordinates low .. high of an axis that a task comes to over all its positions; before clipping
/// to the tensor.
struct Coordinates {
  std::int64_t low = 0, high = 0;
};
Coordinates coordinates(const Task& task, const Axis& axis);

/// Byte range [first, last) of its block that an operand can touch over the whole task; empty when
/// all its positions are padding.
struct ByteRange {
  std::int64_t first = 0, last = 0;
};
ByteRange footprint(const Task& task, const Operand& operand);

}  // namespace npusim::plan
