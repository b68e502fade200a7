#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

/// Products of 8-bit codes whose zero points are constants or come at run time: every bit as
/// evaluated.
namespace npusim::end_to_end {
namespace {

Tensor codes(Random& random, DataType type, const Shape& shape) {
  Tensor made(type, shape);
  const std::int64_t least = type == DataType::UInt8 ? 0 : -128;
  for (std::int64_t i = 0; i < made.size(); ++i)
    made.set(i, static_cast<double>(random.integer(least, least + 255)));
  return made;
}

/// A network and what it is given.
struct Problem {
  GraphBuilder net;
  Inputs inputs;
  Random random;

  explicit Problem(unsigned seed) : random(seed) {}

  /// Random codes, as a constant or as an input.
  ValueId operand(DataType type, const Shape& shape, bool constant) {
    Tensor tensor = codes(random, type, shape);
    if (constant) return net.constant(std::move(tensor));
    const ValueId id = net.input(shape, type);
    inputs[net.graph().value(id).name] = std::move(tensor);
    return id;
  }
  /// A zero point, or none.
  ValueId zeroPoint(DataType type, const Shape& shape) {
    return random.once(4) ? kNoValue : operand(type, shape, random.once(2));
  }
  DataType type() { return random.once(2) ? DataType::UInt8 : DataType::Int8; }

  /// The sums themselves, or what real steps make of them.
  void finish(ValueId sums) {
    if (random.once(2)) {
      const ValueId scale = net.constant(random.floats({}, 0.01));
      sums = net.binary(net.binary(sums, ElementOp::Mul, scale), ElementOp::Max,
                        net.constant(random.floats({}, 1)));
    }
    net.graph().outputs = {sums};
  }
};

void addConvolution(Problem& problem) {
  Random& random = problem.random;
  const std::int64_t groups = random.integer(1, 3), each = random.integer(1, 9);
  const std::int64_t outputs = groups * random.integer(1, 20), kernel = random.integer(1, 3);
  const DataType x = problem.type(), w = problem.type();
  const ValueId in =
      problem.operand(x, {2, groups * each, random.integer(3, 12), random.integer(3, 12)}, false);
  const ValueId weights =
      problem.operand(w, {outputs, each, kernel, kernel}, groups > 1 || random.once(2));
  const std::int64_t pad = random.integer(0, 2), stride = random.integer(1, 2);
  const Convolution op{{stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, groups};
  const ValueId zeroX = problem.zeroPoint(x, {});
  const Shape perOutput = {outputs, 1, 1, 1};
  const ValueId zeroW = problem.zeroPoint(w, random.once(2) ? perOutput : Shape{});
  problem.finish(problem.net.add(op, {in, weights, kNoValue, zeroX, zeroW}));
}

void addProduct(Problem& problem) {
  Random& random = problem.random;
  const std::int64_t m = random.integer(1, 40), k = random.integer(1, 70),
                     n = random.integer(1, 50);
  const DataType a = problem.type(), b = problem.type();
  const ValueId left = problem.operand(a, {m, k}, false);
  const ValueId right = problem.operand(b, {k, n}, random.once(2));
  const ValueId zeroA = problem.zeroPoint(a, random.once(2) ? Shape{m, 1} : Shape{});
  const ValueId zeroB = problem.zeroPoint(b, random.once(2) ? Shape{n} : Shape{});
  problem.finish(problem.net.add(MatMul{}, {left, right, kNoValue, zeroA, zeroB}));
}

TEST(ZeroPoints, SumsAreBitExactOnTheMachine) {
  const std::vector<Override> small = {{"array.rows", "8"}, {"array.cols", "8"}};
  const std::vector<ChipConfig> chips = {loadChip("edge", {}), loadChip("edge", small),
                                         loadChip("nvdla_large", {})};
  for (unsigned seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Problem problem(seed);
    problem.random.once(2) ? addConvolution(problem) : addProduct(problem);
    const Graph& graph = problem.net.graph();
    SCOPED_TRACE(graph.toText());
    const ChipConfig& chip = problem.random.among(chips);
    const DataType precision = chip.formats.front();
    const Compiled compiled = compileFor(graph, chip, precision, {problem.inputs});
    const Execution execution = execute(compiled.program, problem.inputs);
    ASSERT_EQ(execution.error, "");
    ASSERT_TRUE(sameBytes(execution.outputs, evaluate(graph, problem.inputs)));
  }
}

}  // namespace
}  // namespace npusim::end_to_end
