#pragma once

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
#include "sim/core/tensor.h"
#include "sim/core/weight_code.h"

namespace npusim {

/// Index of a value in Graph::values.
using ValueId = std::int32_t;
constexpr ValueId kNoValue = -1;

/// A constant known before the run. Large constants stay symbolic: a splat (one value everywhere)
/// or seeded (pseudo-random weights of a shape-only description); only dense ones hold bytes.
struct Constant {
  std::shared_ptr<const Tensor> dense;
  std::optional<double> splat;
  std::optional<std::uint64_t> seed;
  double zeroShare = 0;  ///< of a seeded constant's values that are exact zeros
  /// Of a product's weights: how they are to lie in memory. The values are those that come of it.
  std::optional<WeightForm> form = {};
  /// Of weights with scales: those of all values, in their shape and type, and their zero points as
  /// integers as wide; null where there are none, or no dense values.
  std::shared_ptr<const Tensor> scales = {}, zeros = {};

  /// The dense tensor of `type` and `shape`. A seeded constant holds values uniform in
  /// +-sqrt(3 / fan_in) with fan_in = elements / shape[0] (He et al. 2015, eq. 10 without the
  /// rectifier's factor 2), so activations keep their variance from layer to layer.
  Tensor materialize(DataType type, const Shape& shape) const;
};

/// How an integer tensor stands for reals: real = (q - zeroPoint) * scale.
struct Quantization {
  std::vector<float> scales;  ///< one, or one for each index along `axis`
  std::int32_t zeroPoint = 0;
  int axis = 0;  ///< of a per-channel scale
};

struct Value {
  std::string name;
  DataType type = DataType::Float32;
  Shape shape;
  std::optional<Constant> constant;
  std::optional<Quantization> quantization;
  double zeroShare = 0;  ///< of an input's values that are exact zeros, where they are made
  bool raw = false;      ///< an input that lies uncompressed in a memory that compresses
};

// --- Operations. Canonical: whatever the opset, one form for each meaning. ---
// Axes are non-negative. Spatial vectors have one entry a spatial dimension (N,C,spatial...).
//
// ONNX's quantised operators (QLinearConv, MatMulInteger ...) are plain integer arithmetic here:
// the Convolution or MatMul of 8-bit codes has their zero points as inputs 3 and 4
// (hasZeroPoints()) and gives int32 sums, modulo 2^32, of the differences; requantisation is an
// Elementwise of Mul (by the combined scale), Round and Add (the zero point) whose output type
// saturates. So zero points may come at run time.

/// Convolution of x [N, C, spatial...] with w [M, C/groups, kernel...] and optional bias [M].
/// Inputs: x, w, bias or kNoValue. ONNX Conv with auto_pad resolved.
struct Convolution {
  Shape strides, dilations, padsBegin, padsEnd;
  std::int64_t groups = 1;
};

/// ONNX MatMul (batch broadcasting, 1-D operands), with optional bias [N] (from Gemm).
/// Inputs: a, b, bias or kNoValue. `transposeB`: b's last two dimensions are [N, K].
struct MatMul {
  bool transposeB = false;
};

/// Copies input 0 (broadcast to the output shape) through the node's `steps`; also ONNX Cast:
/// the output value's type decides the conversion.
struct Elementwise {};

/// Windowed pooling over the spatial dimensions; padding never counts as a value for Max and
/// counts in the divisor of Mean only with `countPadding`. The output's spatial size is given by
/// `outputSpatial` (ceil_mode resolved); windows reaching past the padded input are clipped.
struct Pool {
  ReduceOp kind = ReduceOp::Max;  ///< Max or Mean
  Shape kernel, strides, dilations, padsBegin, padsEnd, outputSpatial;
  bool countPadding = false;
};

/// Reduction over `axes` (global pooling too).
struct Reduce {
  ReduceOp kind = ReduceOp::Mean;
  std::vector<int> axes;
  bool keepDims = true;
};

struct Softmax {
  int axis = 0;
};

/// ONNX LRN across channels: y = x / (bias + alpha / size * sum of squares over the window)^beta.
struct LocalResponseNorm {
  std::int64_t size = 1;
  float alpha = 0, beta = 0, bias = 0;
};

/// (x - mean) / sqrt(mean((x - mean)^2) + epsilon), the means over dimensions [axis, rank)
/// together; not `centered`: x / sqrt(mean(x^2) + epsilon). Scale and bias are elementwise steps
/// behind it.
struct LayerNorm {
  int axis = 0;
  float epsilon = 1e-5f;
  bool centered = true;
};

/// Gathers by a fixed index list an axis: out[i0, i1, ...] = in[source0[i0], source1[i1], ...],
/// or `fill` where any index is -1. An empty list is the identity of that axis.
/// Slice, Split, Pad (all modes), Resize nearest, Tile and Gather with constant indices.
struct Remap {
  std::vector<std::vector<std::int64_t>> source;
  float fill = 0;
};

/// Same elements in row-major order under another shape (Flatten, Squeeze, Unsqueeze too).
struct Reshape {
  Shape shape;
};

struct Transpose {
  std::vector<int> permutation;  ///< output dimension d is input dimension permutation[d]
};

struct Concat {
  int axis = 0;
};

/// Gather along `axis` with run-time indices. Inputs: data, indices (int64 or int32).
struct Gather {
  int axis = 0;
};

// --- Of loops (Graph::repeats) ---

/// This pass's part of input 0, which is [passes, ...] and written before the loop. `reverse`: the
/// last part first.
struct Take {
  bool reverse = false;
};

/// State: input 0, written before the loop, in the first pass; then what input 1, written later in
/// the loop, was in the pass before. At the loop's beginning, before all that is no Carried.
struct Carried {};

/// What input 0 is in each pass, as [passes, ...]; to be read after the loop. `reverse`: the last
/// pass's first.
struct Collect {
  std::int64_t passes = 1;
  bool reverse = false;
};

/// Input 1 if input 0 (one element) is not 0, else input 2. Each is written only in that case: in
/// loops that run on this condition.
struct Merge {};

using Operation = std::variant<Convolution, MatMul, Elementwise, Pool, Reduce, Softmax,
                               LocalResponseNorm, LayerNorm, Remap, Reshape, Transpose, Concat,
                               Gather, Take, Carried, Collect, Merge>;

std::string_view name(const Operation& operation);

/// Has the operation a value in a pass of a loop only?
bool isOfLoops(const Operation& operation);

/// One scalar step applied to every element of a node's result, in fp32 (exact integers for
/// integer tensors). Binary steps take `operand`, an index into Node::inputs, broadcast to the
/// output shape; `reversed` computes f(operand, x).
struct ElementStep {
  ElementOp op = ElementOp::Relu;
  int operand = -1;
  float alpha = 0, beta = 0;
  bool reversed = false;
};

struct Node {
  std::string name;    ///< the network's own name, unique
  std::string opName;  ///< what the network calls it: Conv, Gemm ...; fused elementwise: "Add+Relu"
  Operation operation;
  std::vector<ValueId> inputs;
  std::vector<ElementStep> steps;  ///< applied to the result, in order
  ValueId output = kNoValue;
  std::optional<RowStationaryMapping> mapping = {};  ///< given, not searched
  int repeat = -1;  ///< the innermost loop it is in: index into Graph::repeats
};

/// A loop: its nodes follow one another and run `passes` times, each value anew. What is read after
/// the loop is what the last pass wrote, or a Collect. With a `condition` (one element, written
/// before) it runs only where that is `runsIf`: a branch.
struct Repeat {
  std::string name;
  std::int64_t passes = 1;
  int parent = -1;  ///< the loop around it
  ValueId condition = kNoValue;
  bool runsIf = true;
};

/// A network: values, and nodes in an order in which every input is produced before it is used.
class Graph {
 public:
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<Repeat> repeats;
  /// Inputs that the file has and the graph has not: they became constants, since shapes follow
  /// from their values.
  struct SettledInput {
    std::string name;
    std::size_t position = 0;  ///< among the file's inputs
  };
  std::vector<SettledInput> settledInputs;

  Value& value(ValueId id) { return values.at(static_cast<std::size_t>(id)); }
  const Value& value(ValueId id) const { return values.at(static_cast<std::size_t>(id)); }
  bool isConstant(ValueId id) const { return id != kNoValue && value(id).constant.has_value(); }

  ValueId addValue(Value value);
  ValueId addConstant(std::string valueName, Tensor tensor);
  /// Appends a node, infers its output's shape and type and names the output after the node
  /// unless `outputName` is given. Throws BadInput naming the node when the shapes do not fit.
  ValueId addNode(Node node, std::string outputName = {});

  /// Is a node or loop in loop `outer`, itself or in one inside? All are in -1.
  bool isIn(int repeat, int outer) const;
  /// Passes in all of a loop and those around it; 1 for -1.
  std::int64_t passesOf(int repeat) const;
  /// End of the nodes from `first` on that are in loop `repeat`.
  std::size_t endOf(int repeat, std::size_t first) const;

  /// For each value the indices of the nodes that read it.
  std::vector<std::vector<int>> consumers() const;
  /// For each value the node that writes it, or -1.
  std::vector<int> producers() const;
  /// Drops nodes whose output reaches no graph output, and values nobody refers to.
  void removeDead();

  /// Throws InternalError when ids, order, shapes or types are inconsistent.
  void verify() const;
  /// One line a node, for golden tests: "%relu = Conv(%x, %w) {...} : fp32 1x8x4x4".
  std::string toText() const;
};

/// Is the node a Convolution or MatMul of plain 8-bit integers? Its inputs 3 and 4, where it has
/// them, are zero points that broadcast to inputs 0 and 1 and are subtracted from them. Steps, if
/// any, take the int32 sums as reals.
bool hasZeroPoints(const Graph& graph, const Node& node);

/// Has the network products, all of them of plain 8-bit integers?
bool allProductsOfCodes(const Graph& graph);

/// Output shape of a node on inputs of the given shapes. Throws BadInput (without node name).
Shape inferShape(const Operation& operation, const std::vector<Shape>& inputs,
                 const std::vector<ElementStep>& steps);

/// numpy broadcasting of two shapes; throws BadInput when they do not fit.
Shape broadcast(const Shape& a, const Shape& b);

/// Multiply-accumulates of a node in one run of the network, in all passes of the loops around it:
/// from shapes alone.
std::int64_t macCount(const Graph& graph, const Node& node);

}  // namespace npusim
