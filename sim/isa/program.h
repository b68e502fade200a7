#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/core/array_cost.h"
#include "sim/core/data_type.h"
#include "sim/core/element_op.h"
#include "sim/core/operator_work.h"
#include "sim/core/tensor.h"
#include "sim/core/weight_code.h"

namespace npusim::isa {

/// Each engine runs one in-order instruction queue; engines meet only through semaphores.
enum class Engine : std::uint8_t { LoadWeights, LoadInputs, Matrix, Vector, Store };
constexpr int kEngineCount = 5;
std::string_view name(Engine engine);

constexpr int kMaxLoopDepth = 8;

/// Cores [first, first + count) of the chip; count 0: all of them.
struct CoreRange {
  std::int32_t first = 0, count = 0;
  bool all() const { return count == 0; }
  bool contains(std::int64_t core) const {
    return all() || (core >= first && core < std::int64_t{first} + count);
  }
  bool operator==(const CoreRange&) const = default;
};

/// One digit of a core's number among the cores that run an instruction:
/// (number / divisor) mod count.
struct CoreDigit {
  std::int64_t divisor = 1, count = 1;
  std::int64_t of(std::int64_t number) const { return number / divisor % count; }
  bool operator==(const CoreDigit&) const = default;
};

/// Where a queue stands in its open loops, by depth (0 = outermost). `index` counts passes of the
/// loop since it was last entered; `flat` counts its passes since the outermost loop was entered:
/// flat[d] = flat[d - 1] x count[d] + index[d], flat[0] = index[0].
struct LoopIndices {
  std::array<std::int64_t, kMaxLoopDepth> index{};
  std::array<std::int64_t, kMaxLoopDepth> flat{};
  std::int64_t core = 0;  ///< number among the cores that run the instruction
};

/// The outermost address index: every core runs the same instructions on its own part.
constexpr int kCoreDepth = -1;

/// stride x index of the loop at `depth`; with a `modulo`, stride x (flat mod modulo): slots of a
/// multiple buffer, which rotate at every pass of that loop whatever loops lie around it. At
/// kCoreDepth: stride x the core's digit (core / divisor) mod modulo, modulo > 0.
struct LoopTerm {
  int depth = 0;
  std::int64_t stride = 0;
  std::int64_t modulo = 0;
  std::int64_t divisor = 1;
  bool operator==(const LoopTerm&) const = default;
};

/// base + sum of loop terms.
struct Affine {
  std::int64_t base = 0;
  std::vector<LoopTerm> terms;
  std::int64_t at(const LoopIndices& indices) const;
  bool operator==(const Affine&) const = default;
};

/// A count that shrinks on a loop's last, ragged pass: min(size, limit - sum of loop terms).
/// Without terms it is just `size`. Never below 0.
struct Extent {
  std::int64_t size = 1;
  std::int64_t limit = 0;
  std::vector<LoopTerm> terms;
  std::int64_t at(const LoopIndices& indices) const;
  bool operator==(const Extent&) const = default;
};

/// A coordinate that must lie in [0, limit): padding and halos. The coordinate is
/// origin + sum over the instruction's dimensions of stride x position.
struct Bound {
  Affine origin;
  std::vector<std::int64_t> strides;
  std::int64_t limit = 0;
  bool operator==(const Bound&) const = default;
};

/// Index of a storage in Program::storages.
using StorageId = std::int32_t;

/// Where an operand lies: byte address = address + sum over dimensions of stride x position.
/// Elements outside any bound do not exist: reads yield the instruction's padding value.
struct Access {
  StorageId storage = 0;
  Affine address;
  std::vector<std::int64_t> strides;  ///< bytes, one a dimension of the instruction
  std::vector<Bound> bounds;
  DataType type = DataType::Float32;
  bool operator==(const Access&) const = default;
};

/// Moves `run` contiguous bytes for every position of `dims` (outermost first).
/// A position outside the source's bounds writes `fill` bytes when set and is skipped otherwise.
/// With `gather`, source positions along dimension `gatherDim` are indices read from there: -n..n -
/// 1 of the n that a bound of the source over that dimension alone allows, negative ones from the
/// end.
struct Transfer {
  std::vector<Extent> dims;
  Extent run;
  Access source, target;
  std::optional<std::uint32_t> fill;  ///< pattern of `fillBytes` bytes, little endian, repeated
  int fillBytes = 1;
  int gatherDim = -1;
  std::optional<Access> gather;  ///< int32 or int64 indices, strides over dims
  /// What lies in memory is a stream: its bytes follow one another from the address of the first
  /// one on, in the order in which they move. Addresses and extents are still those of the values.
  bool streamed = false;
  /// A stream that is run-length coded (sim/memory/run_length.h): it moves as many bytes as the
  /// code of its values takes.
  bool coded = false;
  /// Cores that differ in this digit alone read the same source bytes: where the network can, one
  /// reads for all of them. Count 1: none do.
  CoreDigit sharers = {};
  bool operator==(const Transfer&) const = default;
};

/// How many positions a gather looks its indices up in: the limit of the source's bound over the
/// gathered dimension alone; 0 without one.
std::int64_t gatheredPositions(const Transfer& transfer);

/// The source of a transfer that only fills `target` over `dims` dimensions: it reads nothing.
Access fillOnly(const Access& target, std::size_t dims);

/// One tile of a matrix product on the array: C[m, n] (+)= sum over k of A[m, k] x B[k, n], with
/// k ascending in the order of its dimensions. Position order for strides: m0 m1 m2 n k0 k1 k2.
struct Matrix {
  std::array<Extent, 3> m;  ///< for a convolution: image, row, column
  Extent n;
  std::array<Extent, 3> k;     ///< for a convolution: window row, window column, input channel
  Access a, b, c;              ///< c holds fp32, fp16 or int32 partial sums
  std::int32_t padding = 0;    ///< A's value outside its bounds (its zero point)
  std::optional<Access> bias;  ///< fp32 or int32, over n: what a new sum starts from (else zero)
  /// Zero points known at run time, of A's type over m and of B's over n: each element has its own
  /// taken off as it enters the array. Outside A's bounds it is 0 after that, and `padding` is 0.
  std::optional<Access> zeroA, zeroB;
  /// Depths of the loops over k: the tile adds to C unless all of them are at index 0.
  std::vector<int> accumulateOver;
  /// MACs that do work, as useful / total of this tile's m x n x k (block-diagonal weights).
  std::int64_t usefulNumerator = 1, usefulDenominator = 1;
  RowStationaryPass pass = {};  ///< of a row-stationary array; none: its own choice
  bool operator==(const Matrix&) const = default;
};

/// How a vector operand's stored integers stand for reals: (q - zeroPoint) * scale. Scale 1 and
/// zero point 0 leave a value as stored.
struct Scaling {
  float scale = 1;
  std::int32_t zeroPoint = 0;
  bool operator==(const Scaling&) const = default;
};

struct VectorOperand {
  Access access;
  Scaling scaling;
  bool operator==(const VectorOperand&) const = default;
};

/// One step on the value x in a lane: x = op(x, operand), or op(operand, x) when reversed.
struct VectorStep {
  ElementOp op = ElementOp::Add;
  int operand = -1;  ///< index into operands; -1: the immediate `alpha` of a binary operation
  float alpha = 0, beta = 0;
  bool reversed = false;
  bool operator==(const VectorStep&) const = default;
};

/// One pass of the vector unit over dims, the last `reduceDims` of them reduced:
/// x = operands[0]; pre steps; reduction (ascending, fp32); post steps; store, rounding to
/// nearest even and saturating. Positions outside operand 0's bounds do not take part.
struct VectorPass {
  std::vector<Extent> dims;
  int reduceDims = 0;
  ReduceOp reduce = ReduceOp::Sum;  ///< Sum, Max or Min (a mean is a sum and a step)
  std::vector<VectorOperand> operands;
  std::vector<VectorStep> pre, post;
  VectorOperand out;
  bool afterArray = false;  ///< reads accumulators: post-processing behind the array
  bool operator==(const VectorPass&) const = default;
};

/// Decides whether a loop runs at all: a byte in any storage (of type Bool, no dimensions), which
/// is read each time the loop is entered, when all before it in the queue has completed. 0 is
/// false; `inverted`: the loop runs where it is 0. Every queue that has a part of the loop reads
/// it.
struct Condition {
  Access byte;
  bool inverted = false;
  bool operator==(const Condition&) const = default;
};

struct Loop {
  std::int64_t count = 1;
  std::optional<Condition> condition = {};
  bool operator==(const Loop&) const = default;
};
struct EndLoop {
  bool operator==(const EndLoop&) const = default;
};
/// Only waits and signals.
struct Sync {
  bool operator==(const Sync&) const = default;
};

using SemaphoreId = std::int32_t;

/// Waits for one token of each semaphore in `waits`, executes, then puts one token in each of
/// `signals`, when it and every instruction before it in its queue have completed. A queue may
/// issue the next instruction before that. Loop and EndLoop wait and signal nothing; a semaphore
/// that is used in a loop with a condition is signalled and waited for under the same one.
/// A core outside `cores` skips it: neither waits nor signals. Loop and EndLoop of one loop name
/// the same cores, and so do all instructions in it.
struct Instruction {
  std::variant<Loop, EndLoop, Sync, Transfer, Matrix, VectorPass> body;
  std::int32_t layer = 0;
  std::vector<SemaphoreId> waits, signals;
  CoreRange cores = {};
  bool operator==(const Instruction&) const = default;
};

/// Every core has a semaphore of its own, unless it is collective: then its n-th token is there for
/// every core, for each to take its own, as soon as all of the `signallers` have signalled n times
/// (a barrier, when all wait).
struct Semaphore {
  std::string name;
  std::int64_t initial = 0;                  ///< tokens before the first instruction
  std::optional<CoreRange> signallers = {};  ///< of a collective one
  bool operator==(const Semaphore&) const = default;
};

/// One level of dealing: chunks of so many bytes go round `count` cores, `step` apart.
struct Deal {
  std::int64_t chunk = 0, count = 1, step = 1;
  bool operator==(const Deal&) const = default;
};

/// Bytes that lie spread over the buffers of several cores, each holding its chunks at the same
/// address. Byte o belongs to core first + sum over levels of step x (o / chunk mod count); a core
/// keeps its bytes in ascending order. Levels go from small chunks to large; the chunk of one is a
/// multiple of chunk x count of the one before.
struct Distribution {
  StorageId buffer = 0;      ///< of every core
  std::int64_t address = 0;  ///< in it
  std::int32_t first = 0;    ///< core
  std::vector<Deal> levels;
  struct Place {
    std::int64_t core = 0, address = 0;  ///< address in the core's buffer
    std::int64_t contiguous = 0;         ///< bytes from here on that follow there
  };
  Place at(std::int64_t offset) const;
  /// Bytes that a core holds of `bytes`, at most.
  std::int64_t shareOf(std::int64_t bytes) const;
  bool operator==(const Distribution&) const = default;
};

/// Weights that lie encoded in a memory from `address` on. They are addressed by the bytes of their
/// values, which a decoder of the DMA engine gives; only the source of a transfer to a buffer
/// reaches them, in whole values.
struct EncodedWeights {
  StorageId memory = 0;
  std::int64_t address = 0;
  WeightCode code;
  bool operator==(const EncodedWeights&) const = default;
};

/// A buffer or memory that the program addresses, in the order: buffers (of every core its own),
/// memories, then distributed storages and encoded weights, which only transfers reach.
struct Storage {
  std::string name;
  std::int64_t capacityBytes = 0;
  bool onChip = true;
  std::optional<Distribution> distribution = {};
  std::optional<EncodedWeights> encoded = {};
  bool operator==(const Storage&) const = default;
};

/// Which part of a constant each core's own buffer keeps: of equal parts of `partBytes`, the one
/// whose number is the core's digit; the last may be shorter.
struct Scatter {
  CoreRange cores;
  CoreDigit digit;
  std::int64_t partBytes = 0;
  bool operator==(const Scatter&) const = default;
};

/// Bytes that load() places before the first prediction. Without values `bytes` is null. In a
/// memory as one piece; in a buffer by `scatter`.
struct ConstantBlock {
  std::string name;
  StorageId storage = 0;
  std::int64_t address = 0;
  std::int64_t size = 0;
  std::shared_ptr<const std::vector<std::byte>> bytes;
  std::optional<Scatter> scatter = {};
  /// Same place and size; the bytes are not compared.
  bool operator==(const ConstantBlock& other) const {
    return name == other.name && storage == other.storage && address == other.address &&
           size == other.size && scatter == other.scatter;
  }
};

/// A graph input or output in simulated storage: dense row-major of `type` under `shape`, written
/// by the host through the strides of its layout.
struct PortTensor {
  std::string name;
  StorageId storage = 0;
  std::int64_t address = 0;
  DataType type = DataType::Float32;
  Shape shape;
  Shape strideBytes;  ///< one a dimension of `shape`
  Scaling scaling;    ///< quantised ports
  bool quantized = false;
  bool operator==(const PortTensor&) const = default;
};

struct Layer {
  std::string name, op;
  Shape outputShape;
  std::int64_t macs = 0;
  OperatorWork work;
  bool operator==(const Layer&) const = default;
};

struct Program {
  std::string network;
  std::string chipHash;
  std::string chipYaml;  ///< resolved chip: exec needs no other file
  DataType precision = DataType::Float32;
  std::int64_t batch = 1;
  std::int64_t cores = 1;
  std::vector<Storage> storages;
  std::vector<Semaphore> semaphores;
  std::vector<Layer> layers;
  std::vector<ConstantBlock> constants;
  std::vector<PortTensor> inputs, outputs;
  std::array<std::vector<Instruction>, kEngineCount> queues;
  std::int64_t compulsoryDramBytes = 0;  ///< each input, weight and output moved once
  bool values = true;                    ///< constants carry bytes

  std::vector<Instruction>& queue(Engine e) { return queues.at(static_cast<std::size_t>(e)); }
  const std::vector<Instruction>& queue(Engine e) const {
    return queues.at(static_cast<std::size_t>(e));
  }
  bool operator==(const Program&) const = default;
};

}  // namespace npusim::isa
