#include "tools/study/recurrent_network.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tools/problem.h"

namespace npusim::tools {
namespace {

/// Writes one layer, its products, its loop and the cells' arithmetic.
class LayerWriter {
 public:
  LayerWriter(const RecurrentShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {}

  /// x W for all steps, then the loop: `step` makes the next states of these and of the states.
  template <typename Step>
  Graph write(Cell cell, std::size_t states, const Step& step) {
    const std::int64_t columns = gatesOf(cell) * shape_.hidden;
    const ValueId x = graph_.addValue(
        {"x", DataType::Float32, {shape_.steps, shape_.batch, shape_.inputs}, {}, {}});
    graph_.inputs = {x};
    const ValueId all = product(x, shape_.inputs, columns);
    graph_.repeats.push_back({.name = "steps", .passes = shape_.steps});
    repeat_ = 0;
    std::vector<ValueId> state;
    for (std::size_t s = 0; s < states; ++s) state.push_back(carried());
    const std::vector<ValueId> next = step(*this, add("x.now", Take{}, {all}), state);
    for (std::size_t s = 0; s < states; ++s) carryOn(state[s], next[s]);
    graph_.outputs = {add("output", Collect{shape_.steps, false}, {next[0]})};
    graph_.name = name(cell);
    graph_.verify();
    return std::move(graph_);
  }

  ValueId product(ValueId x, std::int64_t rows, std::int64_t columns) {
    Constant constant;
    constant.seed = seed_++;
    const ValueId w = graph_.addValue(
        {"w" + std::to_string(seed_), DataType::Float32, {rows, columns}, std::move(constant), {}});
    return add("product", MatMul{}, {x, w, kNoValue});
  }
  /// Gate `which` of [batch, gates x hidden], and `count - 1` after it.
  ValueId gate(ValueId x, std::int64_t which, std::int64_t count = 1) {
    Remap part;
    part.source.resize(2);
    for (std::int64_t i = 0; i < count * shape_.hidden; ++i) {
      part.source[1].push_back(which * shape_.hidden + i);
    }
    return add("gate", std::move(part), {x});
  }
  ValueId apply(ElementOp op, ValueId x) { return add("apply", Elementwise{}, {x}, {{.op = op}}); }
  ValueId join(ElementOp op, ValueId a, ValueId b) {
    return add("join", Elementwise{}, {a, b}, {{.op = op, .operand = 1}});
  }
  ValueId recurrent(ValueId h, std::int64_t gates) {
    return product(h, shape_.hidden, gates * shape_.hidden);
  }

 private:
  ValueId add(const std::string& what, Operation operation, std::vector<ValueId> inputs,
              std::vector<ElementStep> steps = {}) {
    Node node;
    node.name = what + "." + std::to_string(graph_.nodes.size());
    node.opName = npusim::name(operation);
    node.operation = std::move(operation);
    node.inputs = std::move(inputs);
    node.steps = std::move(steps);
    node.repeat = repeat_;
    return graph_.addNode(std::move(node));
  }

  ValueId carried() {
    Constant zeros;
    zeros.splat = 0;
    const ValueId initial = graph_.addValue({"initial" + std::to_string(graph_.values.size()),
                                             DataType::Float32,
                                             {shape_.batch, shape_.hidden},
                                             std::move(zeros),
                                             {}});
    return add("state", Carried{}, {initial, initial});
  }

  void carryOn(ValueId state, ValueId next) {
    const int node = graph_.producers()[static_cast<std::size_t>(state)];
    graph_.nodes[static_cast<std::size_t>(node)].inputs[1] = next;
  }

  RecurrentShape shape_;
  std::uint64_t seed_;
  Graph graph_;
  int repeat_ = -1;
};

using Values = std::vector<ValueId>;

Values stepRnn(LayerWriter& w, ValueId x, const Values& state) {
  return {w.apply(ElementOp::Tanh, w.join(ElementOp::Add, w.recurrent(state[0], 1), x))};
}

Values stepLstm(LayerWriter& w, ValueId x, const Values& state) {
  const ValueId sums = w.join(ElementOp::Add, w.recurrent(state[0], 4), x);
  const ValueId in = w.apply(ElementOp::Sigmoid, w.gate(sums, 0));
  const ValueId out = w.apply(ElementOp::Sigmoid, w.gate(sums, 1));
  const ValueId forget = w.apply(ElementOp::Sigmoid, w.gate(sums, 2));
  const ValueId candidate = w.apply(ElementOp::Tanh, w.gate(sums, 3));
  const ValueId kept = w.join(ElementOp::Mul, forget, state[1]);
  const ValueId cell = w.join(ElementOp::Add, w.join(ElementOp::Mul, in, candidate), kept);
  return {w.join(ElementOp::Mul, out, w.apply(ElementOp::Tanh, cell)), cell};
}

Values stepGru(LayerWriter& w, ValueId x, const Values& state) {
  const ValueId past = w.recurrent(state[0], 3);
  const ValueId sums = w.join(ElementOp::Add, w.gate(past, 0, 2), w.gate(x, 0, 2));
  const ValueId update = w.apply(ElementOp::Sigmoid, w.gate(sums, 0));
  const ValueId reset = w.apply(ElementOp::Sigmoid, w.gate(sums, 1));
  const ValueId old = w.join(ElementOp::Mul, w.gate(past, 2), reset);
  const ValueId candidate = w.apply(ElementOp::Tanh, w.join(ElementOp::Add, old, w.gate(x, 2)));
  // (1 - update) x candidate + update x state
  const ValueId change = w.join(ElementOp::Sub, state[0], candidate);
  return {w.join(ElementOp::Add, w.join(ElementOp::Mul, update, change), candidate)};
}

struct CellRow {
  const char* name;
  std::int64_t gates;
  std::size_t states;
  Values (*step)(LayerWriter&, ValueId, const Values&);
};
constexpr std::array kCells = {CellRow{"RNN", 1, 1, stepRnn}, CellRow{"GRU", 3, 1, stepGru},
                               CellRow{"LSTM", 4, 2, stepLstm}};

const CellRow& rowOf(Cell cell) { return kCells.at(static_cast<std::size_t>(cell)); }

}  // namespace

std::string_view name(Cell cell) { return rowOf(cell).name; }
std::int64_t gatesOf(Cell cell) { return rowOf(cell).gates; }

Network recurrentNetwork(Cell cell, const RecurrentShape& shape, std::uint64_t seed) {
  const CellRow& row = rowOf(cell);
  Network network;
  network.graph = LayerWriter(shape, seed).write(cell, row.states, row.step);
  network.name = network.graph.name;
  network.hash = contentHash(network.graph);
  return network;
}

Network equalProduct(Cell cell, const RecurrentShape& shape, std::uint64_t seed) {
  return gemmNetwork(shape.steps * shape.batch, gatesOf(cell) * shape.hidden,
                     shape.inputs + shape.hidden, seed);
}

}  // namespace npusim::tools
