#include "tests/kernels/golden.h"

#include <gtest/gtest.h>

#include "kernels/pipeline/compile.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/kernels/test_chip.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;

const std::string kFolder = "tests/kernels/pipeline/";

/// A constant that counts up, so that what folding did to it can be read.
ValueId counting(GraphBuilder& net, const Shape& shape, float first, float step) {
  Tensor tensor(DataType::Float32, shape);
  float next = first;
  for (float& element : tensor.as<float>()) {
    element = next;
    next += step;
  }
  return net.constant(std::move(tensor));
}

/// x * scale + shift by channel: what a BatchNormalization is imported as.
ValueId normalization(GraphBuilder& net, ValueId x, std::int64_t channels) {
  const ValueId scaled = net.binary(x, ElementOp::Mul, counting(net, {channels, 1, 1}, 2, 1));
  return net.binary(scaled, ElementOp::Add, counting(net, {channels, 1, 1}, 10, 10));
}

Convolution pointwise() { return {{1, 1}, {1, 1}, {0, 0}, {0, 0}, 1}; }

void expectGraphs(GraphBuilder& net, std::vector<ValueId> outputs, const std::string& name) {
  net.graph().name = name;
  net.graph().outputs = std::move(outputs);
  net.graph().verify();
  expectGolden("before\n" + net.graph().toText() + "\noptimised\n" + optimize(net.graph()).toText(),
               kFolder + name + ".golden.txt");
}

TEST(Golden, ConvolutionTakesNormalizationActivationAndResidual) {
  GraphBuilder net;
  const ValueId x = net.input({1, 2, 3, 3});
  const ValueId conv =
      net.add(pointwise(), {x, counting(net, {2, 2, 1, 1}, 1, 1), counting(net, {2}, 1, 1)});
  const ValueId sum = net.binary(normalization(net, conv, 2), ElementOp::Add, x);
  expectGraphs(net, {net.unary(sum, ElementOp::Relu)}, "residual");
}

TEST(Golden, MatMulTakesItsBias) {
  GraphBuilder net;
  const ValueId product = net.add(MatMul{}, {net.input({4, 3}), counting(net, {3, 2}, 1, 1)});
  expectGraphs(net, {net.binary(product, ElementOp::Add, counting(net, {2}, 5, 1))}, "bias");
}

TEST(Golden, ResultWithSeveralReadersStays) {
  GraphBuilder net;
  const ValueId conv =
      net.add(pointwise(), {net.input({1, 2, 3, 3}), counting(net, {2, 2, 1, 1}, 1, 1), kNoValue});
  const ValueId tanh = net.unary(conv, ElementOp::Tanh);
  const ValueId relu = net.unary(conv, ElementOp::Relu);
  expectGraphs(net, {net.binary(tanh, ElementOp::Mul, relu)}, "several_readers");
}

TEST(Golden, OutputStays) {
  GraphBuilder net;
  const ValueId conv =
      net.add(pointwise(), {net.input({1, 2, 3, 3}), counting(net, {2, 2, 1, 1}, 1, 1), kNoValue});
  const ValueId relu = net.unary(conv, ElementOp::Relu);
  expectGraphs(net, {conv, relu}, "output");
}

/// A convolution in tiles whose second half adds the first's result.
TEST(Golden, ProgramOfTiledConvolutions) {
  Random random(1);
  GraphBuilder net;
  const ValueId x = net.input({1, 4, 9, 9});
  const Convolution window{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
  const ValueId first = net.add(window, {x, net.constant(random.floats({8, 4, 3, 3}, 1)),
                                         net.constant(random.floats({8}, 1))});
  const ValueId second =
      net.add(pointwise(), {x, net.constant(random.floats({8, 4, 1, 1}, 1)), kNoValue});
  const ValueId sum = net.unary(net.binary(second, ElementOp::Add, first), ElementOp::Relu);
  net.graph().name = "tiled";
  net.graph().outputs = {sum};
  const ChipConfig chip = testChip(4, 4, 2048);
  const Graph graph = toPrecision(optimize(net.graph()), chip, DataType::Float32, {});
  isa::Program program = compile(graph, chip, {});
  program.chipHash = program.chipYaml = "";  // changes with every key of chip files
  expectGolden(isa::toText(program), kFolder + "tiled.golden.txt");
}

/// Two layers dealt to four cores: digits of the core's number, what cores share, barriers.
TEST(Golden, ProgramOfFourCores) {
  Random random(1);
  GraphBuilder net;
  const Convolution window{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
  const ValueId first = net.add(
      window, {net.input({1, 4, 9, 9}), net.constant(random.floats({8, 4, 3, 3}, 1)), kNoValue});
  const ValueId second =
      net.add(pointwise(), {first, net.constant(random.floats({6, 8, 1, 1}, 1)), kNoValue});
  net.graph().name = "four_cores";
  net.graph().outputs = {net.unary(second, ElementOp::Relu)};
  ChipConfig chip = testChip(4, 4, 2048);
  chip.cores = 4;
  const Graph graph = toPrecision(optimize(net.graph()), chip, DataType::Float32, {});
  isa::Program program = compile(graph, chip, {});
  program.chipHash = program.chipYaml = "";
  expectGolden(isa::toText(program), kFolder + "four_cores.golden.txt");
}

}  // namespace
}  // namespace npusim
