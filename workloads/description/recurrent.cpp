#include <fmt/format.h>

#include "workloads/description/kinds.h"

namespace npusim {
namespace {

/// One direction of one layer; values of a step are [batch, ...]. Gates lie one after another along
/// the last dimension, in ONNX's order.
struct Direction {
  Layer& layer;
  std::string name;  ///< added to the layer's
  std::int64_t steps, batch, hidden;
  bool reverse = false;
  bool recurrentBias = false;

  std::string own(std::string_view what) const { return name + std::string(what); }

  ValueId gate(std::string_view what, ValueId x, std::int64_t first, std::int64_t count = 1) const {
    const int axis = static_cast<int>(layer.net.shape(x).size()) - 1;
    return sliced(layer, own(what), x, axis, first * hidden, count * hidden);
  }
  ValueId op(std::string_view what, ElementOp step, ValueId x, ValueId operand) const {
    return binary(layer, own(what), step, x, operand);
  }
  ValueId op(std::string_view what, ElementOp step, ValueId x) const {
    return unary(layer, own(what), step, x);
  }

  /// x times weights [inputs, gates x hidden].
  ValueId product(std::string_view what, ValueId x, std::int64_t gates, bool bias) const {
    DescriptionBuilder& net = layer.net;
    const std::string part = own(what);
    const bool constant = net.weightsAreConstant();
    const std::int64_t outputs = gates * hidden;
    const ValueId w =
        net.weight(layer.part(part + ".weight"), {outputs, net.shape(x).back()}, 0, !constant);
    const ValueId b =
        bias && constant ? net.weight(layer.part(part + ".bias"), {outputs}) : kNoValue;
    const ValueId y =
        net.add(layer.part(part), "MatMul", MatMul{.transposeB = constant}, {x, w, b});
    if (!bias || constant) return y;
    return binary(layer, part + ".biased", ElementOp::Add, y,
                  net.weight(layer.part(part + ".bias"), {outputs}));
  }
};

/// A kind of cell: one step, from this step's products with the inputs and the state to the next
/// state (hidden first).
struct Cell {
  std::string_view kind;
  std::int64_t gates;
  std::size_t states;
  std::vector<ValueId> (*step)(const Direction& d, ValueId x, const std::vector<ValueId>& state);
};

/// h' = tanh(x + h R).
std::vector<ValueId> stepRnn(const Direction& d, ValueId x, const std::vector<ValueId>& state) {
  const ValueId past = d.product(".recurrent", state[0], 1, d.recurrentBias);
  return {d.op(".hidden", ElementOp::Tanh, d.op(".sum", ElementOp::Add, past, x))};
}

/// Gates input, output, forget, cell (Hochreiter and Schmidhuber 1997, with forget gates).
std::vector<ValueId> stepLstm(const Direction& d, ValueId x, const std::vector<ValueId>& state) {
  const ValueId past = d.product(".recurrent", state[0], 4, d.recurrentBias);
  const ValueId sums = d.op(".sums", ElementOp::Add, past, x);
  const ValueId in = d.op(".input", ElementOp::Sigmoid, d.gate(".input_sum", sums, 0));
  const ValueId out = d.op(".output", ElementOp::Sigmoid, d.gate(".output_sum", sums, 1));
  const ValueId forget = d.op(".forget", ElementOp::Sigmoid, d.gate(".forget_sum", sums, 2));
  const ValueId candidate = d.op(".candidate", ElementOp::Tanh, d.gate(".cell_sum", sums, 3));
  const ValueId kept = d.op(".kept", ElementOp::Mul, forget, state[1]);
  const ValueId cell =
      d.op(".cell", ElementOp::Add, kept, d.op(".new", ElementOp::Mul, in, candidate));
  const ValueId hidden =
      d.op(".hidden", ElementOp::Mul, out, d.op(".squashed", ElementOp::Tanh, cell));
  return {hidden, cell};
}

/// Gates update, reset, candidate; reset after the product, as cuDNN, PyTorch and Keras have it:
/// h' = n + z (h - n).
std::vector<ValueId> stepGru(const Direction& d, ValueId x, const std::vector<ValueId>& state) {
  const ValueId past = d.product(".recurrent", state[0], 3, d.recurrentBias);
  const ValueId sums = d.op(".sums", ElementOp::Add, d.gate(".past_gates", past, 0, 2),
                            d.gate(".input_gates", x, 0, 2));
  const ValueId update = d.op(".update", ElementOp::Sigmoid, d.gate(".update_sum", sums, 0));
  const ValueId reset = d.op(".reset", ElementOp::Sigmoid, d.gate(".reset_sum", sums, 1));
  const ValueId seen = d.op(".seen", ElementOp::Mul, reset, d.gate(".past_candidate", past, 2));
  const ValueId sum =
      d.op(".candidate_sum", ElementOp::Add, seen, d.gate(".input_candidate", x, 2));
  const ValueId candidate = d.op(".candidate", ElementOp::Tanh, sum);
  const ValueId apart = d.op(".apart", ElementOp::Sub, state[0], candidate);
  const ValueId rest = d.op(".rest", ElementOp::Mul, update, apart);
  return {d.op(".hidden", ElementOp::Add, rest, candidate)};
}

constexpr Cell kCells[] = {
    {"rnn", 1, 1, stepRnn}, {"lstm", 4, 2, stepLstm}, {"gru", 3, 1, stepGru}};

/// The product with the inputs of all steps at once, then step by step what needs the state: from
/// [steps, batch, inputs] to [steps, batch, hidden].
ValueId runDirection(const Direction& d, const Cell& cell, ValueId x, bool bias) {
  DescriptionBuilder& net = d.layer.net;
  const auto named = [&](std::string_view what) { return d.layer.part(d.own(what)); };
  const ValueId inputs = d.product(".inputs", x, cell.gates, bias);
  const ValueId zero = net.splat(named(".initial"), {d.batch, d.hidden}, 0);
  net.beginLoop(named(".steps"), d.steps, false);
  std::vector<ValueId> state;
  for (std::size_t s = 0; s < cell.states; ++s) {
    state.push_back(net.carried(named(".state_" + std::to_string(s)), zero));
  }
  const ValueId now = net.add(named(".now"), "Take", Take{d.reverse}, {inputs});
  const std::vector<ValueId> next = cell.step(d, now, state);
  for (std::size_t s = 0; s < cell.states; ++s) net.carryOn(state[s], next[s]);
  const ValueId all = net.add(named(".all"), "Collect", Collect{d.steps, d.reverse}, {next[0]});
  net.endLoop();
  return all;
}

/// Which directions a layer runs in.
std::vector<bool> readDirections(Layer& layer) {
  const std::optional<Field> field = layer.options.optional("direction");
  const std::string text = field ? field->text() : "forward";
  if (text == "forward") return {false};
  if (text == "reverse") return {true};
  if (text != "bidirectional") {
    field->fail("is '" + text + "', must be forward, reverse or bidirectional");
  }
  return {false, true};
}

}  // namespace

/// [batch, steps, features] to [batch, steps, hidden x directions].
ValueId buildRecurrent(Layer& layer, const LayerKind& kind) {
  const Shape x = layer.shape();
  if (x.size() != 3) {
    layer.options.place().fail(
        fmt::format("{} takes [batch, steps, features], its input is {}", kind.name, toString(x)));
  }
  std::size_t which = 0;
  while (kCells[which].kind != kind.name) ++which;
  const std::int64_t hidden = layer.options.required("hidden").integer(1);
  const std::int64_t layers = layer.options.integer("layers", 1, 1);
  constexpr std::int64_t kMostLayers = 100;
  if (layers > kMostLayers) {
    layer.options.place().fail(fmt::format("{} layers; give at most {}", layers, kMostLayers));
  }
  const bool bias = layer.options.flag("bias", true);
  const bool recurrentBias = layer.options.flag("recurrent_bias", false);
  const std::vector<bool> directions = readDirections(layer);
  ValueId y = transposed(layer, "steps_first", layer.inputs[0], {1, 0, 2});
  for (std::int64_t l = 1; l <= layers; ++l) {
    std::vector<ValueId> all;
    for (const bool reverse : directions) {
      const std::string own = fmt::format("{}.{}", l, reverse ? "reverse" : "forward");
      const Direction direction{layer, own, x[1], x[0], hidden, reverse, recurrentBias};
      all.push_back(runDirection(direction, kCells[which], y, bias));
    }
    y = all.size() == 1
            ? all[0]
            : layer.net.add(layer.part(fmt::format("{}.both", l)), "Concat", Concat{2}, all);
  }
  return layer.net.add(layer.name, "Transpose", Transpose{{1, 0, 2}}, {y});
}

}  // namespace npusim
