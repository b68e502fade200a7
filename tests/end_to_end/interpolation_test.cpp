#include <gtest/gtest.h>

#include <algorithm>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

/// (b - a) * share + a along dimension `d`, a and b being the neighbours of each of `scale` results
/// an element.
ValueId interpolated(GraphBuilder& net, ValueId x, std::size_t d, std::int64_t scale) {
  const Shape shape = net.shape(x);
  const std::int64_t extent = shape[d];
  std::vector<std::vector<std::int64_t>> lower(shape.size()), upper(shape.size());
  Shape along(shape.size() - d, 1);
  along[0] = extent * scale;
  Tensor share(DataType::Float32, along);
  for (std::int64_t i = 0; i < extent * scale; ++i) {
    const double at = std::clamp((static_cast<double>(i) + 0.5) / static_cast<double>(scale) - 0.5,
                                 0.0, static_cast<double>(extent - 1));
    const auto below = static_cast<std::int64_t>(at);
    lower[d].push_back(below);
    upper[d].push_back(std::min(below + 1, extent - 1));
    share.set(i, at - static_cast<double>(below));
  }
  const std::vector<ValueId> inputs = {net.add(Remap{upper}, {x}), net.add(Remap{lower}, {x}),
                                       net.constant(std::move(share))};
  return net.add(Elementwise{}, inputs,
                 {{.op = ElementOp::Sub, .operand = 1},
                  {.op = ElementOp::Mul, .operand = 2},
                  {.op = ElementOp::Add, .operand = 1}});
}

/// One or both spatial dimensions of images in either layout, what is seen of them joined with
/// something else.
Graph randomNetwork(Random& random) {
  GraphBuilder net;
  ValueId x = net.input(
      {random.integer(1, 2), random.integer(1, 9), random.integer(1, 12), random.integer(1, 40)});
  if (random.once(2)) {
    x = net.add(Pool{ReduceOp::Max,
                     {1, 1},
                     {1, 1},
                     {1, 1},
                     {0, 0},
                     {0, 0},
                     {net.shape(x)[2], net.shape(x)[3]},
                     false},
                {x});
  }
  ValueId y = x;
  for (const std::size_t d : {2U, 3U}) {
    if (!random.once(4)) y = interpolated(net, y, d, random.integer(2, 5));
  }
  if (random.once(2)) y = net.add(Concat{1}, {net.unary(y, ElementOp::Relu), y});
  if (random.once(2)) y = net.unary(y, ElementOp::Sigmoid);
  net.graph().outputs = {net.unary(y, ElementOp::Neg)};
  net.graph().verify();
  return net.graph();
}

TEST(Interpolation, HasTheRightValuesOnOneCoreAndOnSeveral) {
  for (unsigned seed = 1; seed <= 16; ++seed) {
    Random random(seed);
    const Graph graph = randomNetwork(random);
    const Value& input = graph.value(graph.inputs[0]);
    const Inputs inputs = {{input.name, random.floats(input.shape, 1)}};
    const std::string cores = std::to_string(random.once(3) ? 3 : 1);
    const ChipConfig chip = loadChip("edge", {{"cores", cores}, {"buffer.capacity_kib", "16"}});
    const Compiled compiled = compileFor(graph, chip, DataType::Float32, {});
    const Execution execution = execute(compiled.program, inputs);
    EXPECT_EQ(execution.error, "") << "seed " << seed;
    EXPECT_TRUE(sameBytes(execution.outputs, evaluate(graph, inputs))) << "seed " << seed;
  }
}

/// Neighbours are read where they lie: x twice, the result written once.
TEST(Interpolation, MovesNoCopies) {
  constexpr std::int64_t kRows = 300, kColumns = 1000;
  GraphBuilder net;
  net.graph().outputs = {interpolated(net, net.input({1, kRows, kColumns}), 1, 2)};
  const ChipConfig chip = loadChip("edge", {});
  const isa::Program program =
      compile(net.graph(), chip, {DataType::Float32, Objective::Latency, false});
  const ReadWrite bytes = dramBytesOf(chip, program);
  EXPECT_LE(bytes.read + bytes.write, (2 + 2) * kRows * kColumns * 4 * 21 / 20);
}

/// Every element `scale` times along dimension `d`.
ValueId repeated(GraphBuilder& net, ValueId x, std::size_t d, std::int64_t scale) {
  std::vector<std::vector<std::int64_t>> source(net.shape(x).size());
  for (std::int64_t i = 0; i < net.shape(x)[d] * scale; ++i) source[d].push_back(i / scale);
  return net.add(Remap{source}, {x});
}

/// What repeats twice and four times moves evenly only four elements long: of two such inputs one
/// is written out.
TEST(Interpolation, OfTwoScalesInOneSumIsNotCutToPieces) {
  const ChipConfig chip = loadChip("edge", {});
  for (const std::size_t d : {1U, 2U}) {
    Shape half = {1, 64, 64}, quarter = half;
    half[d] = 32;
    quarter[d] = 16;
    GraphBuilder net;
    const ValueId a = net.input(half), b = net.input(quarter);
    net.graph().outputs = {
        net.binary(repeated(net, a, d, 2), ElementOp::Add, repeated(net, b, d, 4))};
    const Compiled compiled = compileFor(net.graph(), chip, DataType::Float32, {});
    EXPECT_LE(compiled.program.queue(isa::Engine::Vector).size(), 4U) << "dimension " << d;
    Random random(1);
    const Inputs inputs = {{net.graph().value(a).name, random.floats(half, 1)},
                           {net.graph().value(b).name, random.floats(quarter, 1)}};
    const Execution execution = execute(compiled.program, inputs);
    EXPECT_EQ(execution.error, "");
    EXPECT_TRUE(sameBytes(execution.outputs, evaluate(net.graph(), inputs)));
  }
}

}  // namespace
}  // namespace npusim::end_to_end
