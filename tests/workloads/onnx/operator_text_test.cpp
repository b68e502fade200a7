#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using ::testing::HasSubstr;
using testing_onnx::floats;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;

/// What a model becomes, in canonical text without inputs, constants and the return line.
std::string body(const ModelBuilder& builder) {
  const std::string text = builder.import().toText();
  std::string kept;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    if (line.find('(') != std::string::npos && line.find("splat(") == std::string::npos) {
      kept += line;
    }
    begin = end;
  }
  return kept;
}

ModelBuilder image(int opset = 13) {
  ModelBuilder builder(opset);
  builder.input("x", {"1", "4", "8", "8"}).output("y");
  return builder;
}

TEST(OperatorText, WholeNetwork) {
  const Graph graph = ModelBuilder(13)
                          .input("x", {"1", "2", "4", "4"})
                          .constant("w", floats({3, 2, 3, 3}))
                          .constant("b", floats({3}))
                          .node("Conv", {"x", "w", "b"}, {"c"}, "conv")
                          .attribute("pads", Ints{1, 1, 1, 1})
                          .attribute("strides", Ints{2, 2})
                          .node("Relu", {"c"}, {"r"}, "relu")
                          .node("Flatten", {"r"}, {"y"}, "flat")
                          .output("y")
                          .import();
  EXPECT_EQ(graph.name, "m");
  EXPECT_EQ(graph.nodes[0].opName, "Conv");
  EXPECT_EQ(graph.nodes[1].name, "relu");
  EXPECT_EQ(graph.toText(), R"(%x = input : fp32 1x2x4x4
%w = dense : fp32 3x2x3x3
%b = [0, 1, 2] : fp32 3
%c = Convolution(%x, %w, %b) {strides=2x2 dilations=1x1 pads=1x1:1x1 groups=1} : fp32 1x3x2x2
%r = Elementwise(%c) |> relu : fp32 1x3x2x2
%y = Reshape(%r) : fp32 1x12
return %y
)");
}

TEST(OperatorText, ConvolutionForms) {
  ModelBuilder depthwise = image();
  depthwise.constant("w", floats({4, 1, 3, 3}))
      .node("Conv", {"x", "w"}, {"y"})
      .attribute("group", 4)
      .attribute("dilations", Ints{2, 1})
      .attribute("auto_pad", "SAME_LOWER")
      .attribute("strides", Ints{1, 2});
  EXPECT_EQ(body(depthwise),
            "%y = Convolution(%x, %w, _) {strides=1x2 dilations=2x1 pads=2x1:2x0 groups=4} "
            ": fp32 1x4x8x4\n");
  ModelBuilder signal(9);
  signal.input("x", {"1", "1", "100"})
      .constant("w", floats({8, 1, 10}))
      .node("Conv", {"x", "w", ""}, {"y"})
      .attribute("pads", Ints{3, 0})
      .attribute("auto_pad", "NOTSET")
      .output("y");
  EXPECT_EQ(body(signal),
            "%y = Convolution(%x, %w, _) {strides=1 dilations=1 pads=3:0 groups=1} "
            ": fp32 1x8x94\n");
}

TEST(OperatorText, Pools) {
  ModelBuilder max = image();
  max.node("MaxPool", {"x"}, {"y", ""})
      .attribute("kernel_shape", Ints{3, 3})
      .attribute("strides", Ints{2, 2})
      .attribute("ceil_mode", 1)
      .attribute("storage_order", 0);
  EXPECT_EQ(body(max),
            "%y = Pool(%x) {max kernel=3x3 strides=2x2 dilations=1x1 pads=0x0:0x0} "
            ": fp32 1x4x4x4\n");
  ModelBuilder mean = image();
  mean.node("AveragePool", {"x"}, {"y"})
      .attribute("kernel_shape", Ints{2, 2})
      .attribute("auto_pad", "SAME_UPPER")
      .attribute("count_include_pad", 1);
  EXPECT_EQ(body(mean),
            "%y = Pool(%x) {mean kernel=2x2 strides=1x1 dilations=1x1 pads=0x0:1x1 countPadding} "
            ": fp32 1x4x8x8\n");
  ModelBuilder global = image();
  global.node("GlobalMaxPool", {"x"}, {"y"});
  EXPECT_EQ(body(global), "%y = Reduce(%x) {max axes=2,3 keepDims} : fp32 1x4x1x1\n");
}

TEST(OperatorText, GemmFoldsScalesAndKeepsBiasRows) {
  ModelBuilder builder;
  builder.input("x", {"5", "2"})
      .constant("b", floats({3, 5}))
      .constant("c", floats({1, 3}))
      .node("Gemm", {"x", "b", "c"}, {"y"})
      .attribute("transA", 1)
      .attribute("transB", 1)
      .attribute("alpha", 2.0f)
      .attribute("beta", 3.0f)
      .output("y");
  const std::string text = builder.import().toText();
  EXPECT_THAT(text, HasSubstr("%n/reshape = [0, 3, 6] : fp32 3\n"));
  EXPECT_EQ(body(builder),
            "%n/transpose = Transpose(%x) {1,0} : fp32 2x5\n"
            "%y = MatMul(%n/transpose, %n/elementwise, %n/reshape) {transposeB} : fp32 2x3\n");
}

TEST(OperatorText, GemmAddsWhatIsNoRow) {
  ModelBuilder builder;
  builder.input("x", {"2", "5"})
      .constant("b", floats({5, 3}))
      .constant("c", floats({2, 1}))
      .node("Gemm", {"x", "b", "c"}, {"y"})
      .output("y");
  EXPECT_EQ(body(builder),
            "%n/matmul = MatMul(%x, %b, _) : fp32 2x3\n"
            "%y = Elementwise(%n/matmul, %c) |> add(%c) : fp32 2x3\n");
}

TEST(OperatorText, SoftmaxBeforeOpset13NormalisesARow) {
  ModelBuilder old = image(12);
  old.node("Softmax", {"x"}, {"y"});
  EXPECT_EQ(body(old),
            "%n/reshape = Reshape(%x) : fp32 1x256\n"
            "%n/softmax = Softmax(%n/reshape) {axis=1} : fp32 1x256\n"
            "%y = Reshape(%n/softmax) : fp32 1x4x8x8\n");
  ModelBuilder lastAxis = image(12);
  lastAxis.node("Softmax", {"x"}, {"y"}).attribute("axis", 3);
  EXPECT_EQ(body(lastAxis), "%y = Softmax(%x) {axis=3} : fp32 1x4x8x8\n");
  ModelBuilder recent = image(13);
  recent.node("Softmax", {"x"}, {"y"}).attribute("axis", 1);
  EXPECT_EQ(body(recent), "%y = Softmax(%x) {axis=1} : fp32 1x4x8x8\n");
}

TEST(OperatorText, ElementwiseForms) {
  ModelBuilder reversed = image();
  reversed.constant("c", floats({1}, {3})).node("Sub", {"c", "x"}, {"y"});
  EXPECT_EQ(body(reversed), "%y = Elementwise(%x, %c) |> subReversed(%c) : fp32 1x4x8x8\n");
  ModelBuilder mean = image();
  mean.constant("c", floats({8}, std::vector<float>(8, 2))).node("Mean", {"c", "x", "x"}, {"y"});
  EXPECT_EQ(body(mean),
            "%y = Elementwise(%x, %c, %x, %n/share) |> add(%c) |> add(%x) |> mul(%n/share) "
            ": fp32 1x4x8x8\n");
  ModelBuilder leaky = image();
  leaky.node("LeakyRelu", {"x"}, {"y"}).attribute("alpha", 0.5f);
  EXPECT_EQ(body(leaky), "%y = Elementwise(%x) |> leaky_relu(0.5) : fp32 1x4x8x8\n");
}

TEST(OperatorText, ClipTakesAttributesOrInputs) {
  ModelBuilder old = image(10);
  old.node("Clip", {"x"}, {"y"}).attribute("min", 0.0f).attribute("max", 6.0f);
  ModelBuilder recent = image(11);
  recent.constant("low", scalarTensor(0)).constant("high", scalarTensor(6));
  recent.node("Clip", {"x", "low", "high"}, {"y"});
  const std::string expected = "%y = Elementwise(%x) |> clip(0, 6) : fp32 1x4x8x8\n";
  EXPECT_EQ(body(old), expected);
  EXPECT_EQ(body(recent), expected);
  ModelBuilder computed = image(11);
  computed.input("high", {}).node("Clip", {"x", "", "high"}, {"y"});
  EXPECT_EQ(body(computed), "%y = Elementwise(%x, %high) |> min(%high) : fp32 1x4x8x8\n");
}

TEST(OperatorText, BatchNormalizationIsOneFactorAndOneAddend) {
  ModelBuilder builder;
  builder.input("x", {"1", "2", "3"})
      .constant("scale", floats({2}, {2, 4}))
      .constant("b", floats({2}, {1, 1}))
      .constant("mean", floats({2}, {3, 0}))
      .constant("var", floats({2}, {3, 0}))
      .node("BatchNormalization", {"x", "scale", "b", "mean", "var"}, {"y"})
      .attribute("epsilon", 1.0f)
      .attribute("momentum", 0.9f)
      .output("y");
  const std::string text = builder.import().toText();
  EXPECT_THAT(text, HasSubstr("%n/scale = [1, 4] : fp32 2x1\n%n/shift = [-2, 1] : fp32 2x1\n"));
  EXPECT_THAT(text, HasSubstr("|> mul(%n/scale) |> add(%n/shift) : fp32 1x2x3"));
}

TEST(OperatorText, MovesBecomeRemaps) {
  ModelBuilder pad = image(13);
  pad.constant("pads", Ints{0, 0, 1, 0, 0, 0, 2, -3}).node("Pad", {"x", "pads"}, {"y"});
  EXPECT_EQ(body(pad), "%y = Remap(%x) {[all] [all] [-1,0:8,-1,-1] [0:5]} : fp32 1x4x11x5\n");
  ModelBuilder split = image(13);
  split.output("z").constant("sizes", Ints{1, 3}).node("Split", {"x", "sizes"}, {"y", "z"});
  split.attribute("axis", 1);
  EXPECT_EQ(body(split),
            "%y = Remap(%x) {[all] [0] [all] [all]} : fp32 1x1x8x8\n"
            "%z = Remap(%x) {[all] [1:4] [all] [all]} : fp32 1x3x8x8\n");
  ModelBuilder gather = image(13);
  gather.constant("i", Tensor(DataType::Int64, {})).node("Gather", {"x", "i"}, {"y"});
  gather.attribute("axis", 2);
  EXPECT_EQ(body(gather),
            "%n/remap = Remap(%x) {[all] [all] [0] [all]} : fp32 1x4x1x8\n"
            "%y = Reshape(%n/remap) : fp32 1x4x8\n");
}

TEST(OperatorText, WhatChangesNothingLeavesNoNode) {
  ModelBuilder builder = image(13);
  builder.constant("shape", Ints{0, -1, 8, 8})
      .constant("pads", Ints(8, 0))
      .node("Reshape", {"x", "shape"}, {"a"}, "a")
      .node("Pad", {"a", "pads"}, {"b"}, "b")
      .node("Transpose", {"b"}, {"c"}, "c")
      .attribute("perm", Ints{0, 1, 2, 3})
      .node("Identity", {"c"}, {"d"}, "d")
      .node("Dropout", {"d"}, {"e"}, "e")
      .node("Cast", {"e"}, {"f"}, "f")
      .attribute("to", 1)
      .node("Relu", {"f"}, {"y"}, "relu");
  EXPECT_EQ(body(builder), "%y = Elementwise(%x) |> relu : fp32 1x4x8x8\n");
}

TEST(OperatorText, OutputsThatStandForOthersAreCopied) {
  ModelBuilder builder = image();
  builder.node("Identity", {"x"}, {"y"});
  EXPECT_EQ(body(builder), "%y = Elementwise(%x) : fp32 1x4x8x8\n");
  ModelBuilder twice = image();
  twice.node("Relu", {"x"}, {"z"}).node("Identity", {"z"}, {"y"}).output("z");
  EXPECT_EQ(twice.import().toText(), R"(%x = input : fp32 1x4x8x8
%y = Elementwise(%x) |> relu : fp32 1x4x8x8
%z = Elementwise(%y) : fp32 1x4x8x8
return %y, %z
)");
}

TEST(OperatorText, NodesWithoutOrWithEqualNamesAreTold) {
  ModelBuilder builder = image();
  builder.node("Relu", {"x"}, {"a"}, "")
      .node("Relu", {"a"}, {"b"}, "same")
      .node("Relu", {"b"}, {"y"}, "same");
  const Graph graph = builder.import();
  EXPECT_EQ(graph.nodes[0].name, "a");
  EXPECT_EQ(graph.nodes[1].name, "same");
  EXPECT_EQ(graph.nodes[2].name, "same.2");
}

TEST(OperatorText, LayersAreNormalizedByOneOperation) {
  ModelBuilder builder(17);
  builder.input("x", {"2", "3", "4"}).constant("s", floats({4})).constant("b", floats({4}));
  builder.node("LayerNormalization", {"x", "s", "b"}, {"y"}).output("y");
  EXPECT_EQ(body(builder),
            "%n/layernorm = LayerNorm(%x) {axis=2 epsilon=1e-05} : fp32 2x3x4\n"
            "%y = Elementwise(%n/layernorm, %s, %b) |> mul(%s) |> add(%b) : fp32 2x3x4\n");
}

/// A stride of 2 by 1 becomes two convolutions over parts of the weights, which are constant.
TEST(OperatorText, TransposedConvolutionIsOneForEachPhase) {
  ModelBuilder builder = image(11);
  builder.constant("w", floats({4, 2, 4, 1}))
      .node("ConvTranspose", {"x", "w"}, {"y"})
      .attribute("strides", Ints{2, 1})
      .attribute("pads", Ints{1, 0, 1, 0});
  EXPECT_EQ(body(builder),
            "%n/convolution = Convolution(%x, %n/remap, _) {strides=1x1 dilations=1x1 "
            "pads=1x0:0x0 groups=1} : fp32 1x2x8x8\n"
            "%n/convolution.2 = Convolution(%x, %n/remap.2, _) {strides=1x1 dilations=1x1 "
            "pads=0x0:1x0 groups=1} : fp32 1x2x8x8\n"
            "%n/reshape.3 = Reshape(%n/convolution) : fp32 1x2x8x1x8\n"
            "%n/reshape.4 = Reshape(%n/convolution.2) : fp32 1x2x8x1x8\n"
            "%n/concat = Concat(%n/reshape.3, %n/reshape.4) {axis=3} : fp32 1x2x8x2x8\n"
            "%y = Reshape(%n/concat) : fp32 1x2x16x8\n");
}

TEST(OperatorText, QuantizedProductsAreIntegerArithmetic) {
  ModelBuilder builder(13);
  builder.input("a", {"2", "3"}, DataType::UInt8).input("za", {}, DataType::UInt8);
  builder.constant("b", Tensor(DataType::Int8, {3, 4})).constant("zb", Tensor(DataType::Int8, {}));
  for (const char* scale : {"sa", "sb", "sy"}) builder.constant(scale, floats({}, {0.5f}));
  builder.constant("zy", Tensor(DataType::UInt8, {}));
  builder.node("QLinearMatMul", {"a", "sa", "za", "b", "sb", "zb", "sy", "zy"}, {"y"});
  EXPECT_EQ(body(builder.output("y")),
            "%n/matmul = MatMul(%a, %b, _, %za, _) : int32 2x4\n"
            "%y = Elementwise(%n/matmul, %n/elementwise.2, %zy) |> mul(%n/elementwise.2) |> round "
            "|> add(%zy) : uint8 2x4\n");
}

}  // namespace
}  // namespace npusim
