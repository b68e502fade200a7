#include <algorithm>
#include <array>

#include "workloads/onnx/activations.h"
#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// One direction of a recurrent layer over `steps` time steps: its operands and the arithmetic
/// inside a step. All values of a step are [batch, ...].
struct Layer {
  NodeContext& c;
  std::int64_t steps, batch, hidden;
  bool reverse = false;
  std::vector<Activation> activations;
  float clip = 0;        ///< of what goes into an activation; 0: none
  ValueId w, r;          ///< [gates x hidden, inputs], [gates x hidden, hidden]
  ValueId wBias, rBias;  ///< [gates x hidden], or kNoValue
  ValueId peepholes;     ///< [3 x hidden] (input, output, forget), or kNoValue

  ValueId add(ValueId a, ValueId b) const { return emitBinary(c, ElementOp::Add, a, b); }
  ValueId mul(ValueId a, ValueId b) const { return emitBinary(c, ElementOp::Mul, a, b); }
  ValueId one() const { return c.splat("one", DataType::Float32, {}, 1); }

  /// Rows or columns [first, first + count) x hidden of dimension `axis`.
  ValueId part(ValueId x, std::int64_t first, std::int64_t count = 1, std::size_t axis = 1) const {
    std::vector<std::vector<std::int64_t>> source(c.shape(x).size());
    for (std::int64_t i = first * hidden; i < (first + count) * hidden; ++i) {
      source[axis].push_back(i);
    }
    return remap(c, x, std::move(source));
  }

  ValueId product(ValueId x, ValueId weights, ValueId bias) const {
    return emitProduct(c, x, weights, true, bias);
  }

  ValueId activate(std::size_t which, ValueId x) const {
    if (clip > 0) x = c.emitStep({.op = ElementOp::Clip, .alpha = -clip, .beta = clip}, x);
    return activations.at(which).emit(c, x);
  }

  /// What each gate gets from its peephole.
  ValueId peep(ValueId gate, std::int64_t which, ValueId cell) const {
    return peepholes == kNoValue ? gate : add(gate, mul(cell, part(peepholes, which, 1, 0)));
  }
};

/// A kind of cell: what it takes from a direction's biases for the product with the inputs, and one
/// step: from this step's inputs x W^T + bias and the state to the next state (hidden first).
struct Cell {
  std::int64_t gates;
  std::size_t states;
  std::vector<std::string> activations;  ///< by default, of one direction
  ValueId (*inputBias)(const Layer& layer);
  std::vector<ValueId> (*step)(const Layer& layer, ValueId x, const std::vector<ValueId>& state);
};

/// Both biases are added to the same sum.
ValueId bothBiases(const Layer& layer) {
  return layer.wBias == kNoValue ? kNoValue : layer.add(layer.wBias, layer.rBias);
}

/// H' = f(x + H R^T).
std::vector<ValueId> stepRnn(const Layer& layer, ValueId x, const std::vector<ValueId>& state) {
  const ValueId sum = layer.add(layer.product(state[0], layer.r, kNoValue), x);
  return {layer.activate(0, sum)};
}

/// ONNX LSTM; gates in the order input, output, forget, cell.
std::vector<ValueId> stepLstm(const Layer& layer, ValueId x, const std::vector<ValueId>& state) {
  const ValueId sums = layer.add(layer.product(state[0], layer.r, kNoValue), x);
  const ValueId cell = state[1];
  const ValueId in = layer.activate(0, layer.peep(layer.part(sums, 0), 0, cell));
  const bool coupled = layer.c.integer("input_forget", 0) != 0;
  const ValueId forget = coupled ? emitBinary(layer.c, ElementOp::Sub, layer.one(), in)
                                 : layer.activate(0, layer.peep(layer.part(sums, 2), 2, cell));
  const ValueId candidate = layer.activate(1, layer.part(sums, 3));
  const ValueId next = layer.add(layer.mul(forget, cell), layer.mul(in, candidate));
  const ValueId out = layer.activate(0, layer.peep(layer.part(sums, 1), 1, next));
  return {layer.mul(out, layer.activations.at(2).emit(layer.c, next)), next};
}

bool resetsAfter(const Layer& layer) { return layer.c.integer("linear_before_reset", 0) != 0; }

/// The candidate's recurrent bias is reset with its product, where that is reset afterwards.
ValueId gruInputBias(const Layer& layer) {
  if (layer.wBias == kNoValue || !resetsAfter(layer)) return bothBiases(layer);
  const ValueId gates =
      layer.add(layer.part(layer.wBias, 0, 2, 0), layer.part(layer.rBias, 0, 2, 0));
  return layer.c.emit(Concat{0}, {gates, layer.part(layer.wBias, 2, 1, 0)});
}

/// ONNX GRU; gates in the order update, reset, candidate.
std::vector<ValueId> stepGru(const Layer& layer, ValueId x, const std::vector<ValueId>& state) {
  const ValueId hidden = state[0];
  const ValueId gates =
      layer.add(layer.product(hidden, layer.part(layer.r, 0, 2, 0), kNoValue), layer.part(x, 0, 2));
  const ValueId update = layer.activate(0, layer.part(gates, 0));
  const ValueId reset = layer.activate(0, layer.part(gates, 1));
  const ValueId r = layer.part(layer.r, 2, 1, 0);
  ValueId past = kNoValue;
  if (resetsAfter(layer)) {
    const bool biased = layer.rBias != kNoValue;
    const ValueId bias = biased ? layer.part(layer.rBias, 2, 1, 0) : kNoValue;
    past = layer.mul(layer.product(hidden, r, bias), reset);
  } else {
    past = layer.product(layer.mul(reset, hidden), r, kNoValue);
  }
  const ValueId candidate = layer.activate(1, layer.add(past, layer.part(x, 2)));
  const ValueId rest = emitBinary(layer.c, ElementOp::Sub, layer.one(), update);
  return {layer.add(layer.mul(rest, candidate), layer.mul(update, hidden))};
}

/// What a direction gives: [steps, batch, hidden], and the last of each state, [batch, hidden].
struct Results {
  ValueId all;
  std::vector<ValueId> last;
};

/// Runs a direction: the product with the inputs for all steps at once, then step by step what
/// needs the state. Where `mask` [steps, batch, 1] is 0 the state stays and the output is 0.
Results runLayer(const Layer& layer, const Cell& cell, ValueId x, ValueId mask,
                 const std::vector<ValueId>& initial) {
  NodeContext& c = layer.c;
  const ValueId inputs = layer.product(x, layer.w, cell.inputBias(layer));
  c.beginRepeat(layer.steps);
  std::vector<ValueId> state;
  for (const ValueId value : initial) state.push_back(c.emitCarried(value));
  const ValueId now = c.emit(Take{layer.reverse}, {inputs});
  std::vector<ValueId> next = cell.step(layer, now, state);
  ValueId output = next[0];
  if (mask != kNoValue) {
    const ValueId goesOn = c.emit(Take{layer.reverse}, {mask});
    output = emitKept(c, ElementOp::KeepIf, next[0], goesOn);
    for (std::size_t s = 0; s < next.size(); ++s) {
      const ValueId taken = s == 0 ? output : emitKept(c, ElementOp::KeepIf, next[s], goesOn);
      next[s] = layer.add(taken, emitKept(c, ElementOp::KeepUnless, state[s], goesOn));
    }
  }
  for (std::size_t s = 0; s < next.size(); ++s) c.carryOn(state[s], next[s]);
  const ValueId all = c.emit(Collect{layer.steps, layer.reverse}, {output});
  c.endRepeat();
  return {all, next};
}

/// The operands of a recurrent node, all directions together.
class RecurrentNode {
 public:
  RecurrentNode(NodeContext& c, const Cell& cell)
      : c_(c), cell_(cell), batchFirst_(c.integer("layout", 0) != 0) {
    const std::string direction = c.text("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
      throw BadInput("direction is '" + direction + "', must be forward, reverse or bidirectional");
    }
    reverse_ = direction == "reverse";
    directions_ = direction == "bidirectional" ? 2 : 1;
    x_ = timeFirst(c.input(0), 3);
    steps_ = c.shape(x_)[0];
    batch_ = c.shape(x_)[1];
    if (c.shape(c.input(2)).size() != 3) throw BadInput("R is " + toString(c.shape(c.input(2))));
    hidden_ = c.shape(c.input(2))[2];
    check(1, {directions_, cell.gates * hidden_, c.shape(x_)[2]});
    check(2, {directions_, cell.gates * hidden_, hidden_});
    if (c.integer("hidden_size", hidden_) != hidden_) {
      throw BadInput("hidden_size does not fit R " + toString(c.shape(c.input(2))));
    }
    activations_ = readActivations(c, cell.activations, static_cast<std::size_t>(directions_));
  }

  void convert() {
    const ValueId mask = maskOf(c_.optionalInput(4));
    std::vector<ValueId> all;
    std::vector<std::vector<ValueId>> last(cell_.states);
    for (std::int64_t d = 0; d < directions_; ++d) {
      const Layer layer = layerOf(d);
      const Results results = runLayer(layer, cell_, x_, mask, initialOf(d));
      all.push_back(reshapeTo(c_, results.all, {steps_, 1, batch_, hidden_}));
      for (std::size_t s = 0; s < cell_.states; ++s) {
        last[s].push_back(reshapeTo(c_, results.last[s], {1, batch_, hidden_}));
      }
    }
    const ValueId y = joined(all, 1);
    c_.output(0, batchFirst_ ? c_.emit(Transpose{{2, 0, 1, 3}}, {y}) : y);
    for (std::size_t s = 0; s < cell_.states; ++s) {
      const ValueId state = joined(last[s], 0);
      c_.output(s + 1, batchFirst_ ? c_.emit(Transpose{{1, 0, 2}}, {state}) : state);
    }
  }

 private:
  ValueId joined(const std::vector<ValueId>& parts, int axis) {
    return parts.size() == 1 ? parts[0] : c_.emit(Concat{axis}, parts);
  }

  void check(std::size_t index, const Shape& expected) {
    if (!c_.hasInput(index) || c_.shape(c_.input(index)) == expected) return;
    throw BadInput("input " + std::to_string(index) + " is " + toString(c_.shape(c_.input(index))) +
                   ", expected " + toString(expected));
  }

  ValueId timeFirst(ValueId x, std::size_t rank) {
    if (c_.shape(x).size() != rank) throw BadInput("input is " + toString(c_.shape(x)));
    return batchFirst_ ? c_.emit(Transpose{{1, 0, 2}}, {x}) : x;
  }

  /// Direction `d` of an input whose first dimension counts them; kNoValue where it is left out.
  ValueId directionOf(std::size_t index, std::int64_t d) {
    if (!c_.hasInput(index)) return kNoValue;
    const ValueId x = c_.input(index);
    std::vector<std::vector<std::int64_t>> source(c_.shape(x).size());
    source[0] = {d};
    const Shape& shape = c_.shape(x);
    return reshapeTo(c_, remap(c_, x, std::move(source)), Shape(shape.begin() + 1, shape.end()));
  }

  Layer layerOf(std::int64_t d) {
    check(3, {directions_, 2 * cell_.gates * hidden_});
    Layer layer{c_,
                steps_,
                batch_,
                hidden_,
                reverse_ || d == 1,
                {},
                c_.real("clip", 0),
                directionOf(1, d),
                directionOf(2, d),
                kNoValue,
                kNoValue,
                kNoValue};
    const auto each = static_cast<std::ptrdiff_t>(cell_.activations.size());
    layer.activations.assign(activations_.begin() + d * each,
                             activations_.begin() + (d + 1) * each);
    const ValueId biases = directionOf(3, d);
    if (biases != kNoValue) {
      layer.wBias = layer.part(biases, 0, cell_.gates, 0);
      layer.rBias = layer.part(biases, cell_.gates, cell_.gates, 0);
    }
    if (cell_.states > 1) {
      check(7, {directions_, 3 * hidden_});
      layer.peepholes = directionOf(7, d);
    }
    return layer;
  }

  std::vector<ValueId> initialOf(std::int64_t d) {
    std::vector<ValueId> initial;
    for (std::size_t s = 0; s < cell_.states; ++s) {
      const std::size_t index = 5 + s;
      if (!c_.hasInput(index)) {
        initial.push_back(c_.splat("initial", c_.type(x_), {batch_, hidden_}, 0));
        continue;
      }
      ValueId given = c_.input(index);
      if (batchFirst_) given = c_.emit(Transpose{{1, 0, 2}}, {given});
      if (c_.shape(given) != Shape{directions_, batch_, hidden_}) check(index, {});
      initial.push_back(reshapeTo(c_, slice(given, d), {batch_, hidden_}));
    }
    return initial;
  }

  ValueId slice(ValueId x, std::int64_t d) {
    std::vector<std::vector<std::int64_t>> source(c_.shape(x).size());
    source[0] = {d};
    return remap(c_, x, std::move(source));
  }

  /// 1 where a sequence has a step [steps, batch, 1]; kNoValue where all are of full length.
  ValueId maskOf(ValueId lengths) {
    if (lengths == kNoValue) return kNoValue;
    if (c_.shape(lengths) != Shape{batch_}) check(4, {batch_});
    if (c_.isConstant(lengths)) {
      const Tensor tensor = c_.constantValue(lengths, "sequence_lens");
      bool full = true;
      for (std::int64_t b = 0; b < batch_; ++b)
        full = full && tensor.at(b) >= static_cast<double>(steps_);
      if (full) return kNoValue;
    }
    Tensor step = blankConstant(c_.type(lengths), {steps_, 1});
    for (std::int64_t t = 0; t < steps_; ++t) step.set(t, static_cast<double>(t));
    const ValueId runs = emitBinary(c_, ElementOp::Less, c_.constant("step", std::move(step)),
                                    reshapeTo(c_, lengths, {1, batch_}));
    return reshapeTo(c_, runs, {steps_, batch_, 1});
  }

  NodeContext& c_;
  const Cell& cell_;
  bool batchFirst_;
  bool reverse_ = false;
  std::int64_t directions_ = 1, steps_ = 0, batch_ = 0, hidden_ = 0;
  ValueId x_ = kNoValue;
  std::vector<Activation> activations_;
};

void convertRnn(NodeContext& c) {
  RecurrentNode(c, {1, 1, {"Tanh"}, bothBiases, stepRnn}).convert();
}
void convertLstm(NodeContext& c) {
  RecurrentNode(c, {4, 2, {"Sigmoid", "Tanh", "Tanh"}, bothBiases, stepLstm}).convert();
}
void convertGru(NodeContext& c) {
  RecurrentNode(c, {3, 1, {"Sigmoid", "Tanh"}, gruInputBias, stepGru}).convert();
}

constexpr std::array kConverters = {
    Converter{"GRU", convertGru, "linear_before_reset output_sequence"},
    Converter{"LSTM", convertLstm, "input_forget output_sequence"},
    Converter{"RNN", convertRnn, "output_sequence"},
};

}  // namespace

std::span<const Converter> recurrentConverters() { return kConverters; }

}  // namespace npusim::onnx_import
