#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sim/core/error.h"
#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing_onnx::floats;
using testing_onnx::importError;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;

/// A model with one node "n" on x (1x2x4x4) that breaks one rule, and the line that says so.
struct Mistake {
  const char* message;
  std::function<void(ModelBuilder&)> make;
};

using Make = std::function<void(ModelBuilder&)>;

Make plain(const char* op) {
  return [op](ModelBuilder& b) { b.node(op, {"x"}, {"y"}); };
}

/// The operator with a list of integers as its second input.
Make listed(const char* op, const Ints& list) {
  return [op, list](ModelBuilder& b) { b.constant("l", list).node(op, {"x", "l"}, {"y"}); };
}

template <typename Value>
Make pool(const char* name, const Value& value) {
  return [name, value](ModelBuilder& b) {
    b.node("MaxPool", {"x"}, {"y"}).attribute("kernel_shape", Ints{2, 2}).attribute(name, value);
  };
}

/// Checks that each mistake, made in a model of its own, is named with file and node.
void expectNamed(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    ModelBuilder builder(13);
    builder.input("x", {"1", "2", "4", "4"}).output("y");
    mistake.make(builder);
    const std::string line = importError(builder);
    EXPECT_THAT(line, StartsWith("m.onnx: node 'n' ("));
    EXPECT_THAT(line, HasSubstr(mistake.message));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
  }
}

TEST(ImportError, ConvolutionsAndPools) {
  const Tensor w = floats({2, 2, 3, 3});
  expectNamed({
      {"(Conv): input 1 is missing", plain("Conv")},
      {"kernel_shape 5x5 differs from the weights",
       [w](ModelBuilder& b) {
         b.constant("w", w).node("Conv", {"x", "w"}, {"y"}).attribute("kernel_shape", Ints{5, 5});
       }},
      {"larger than the padded input",
       [](ModelBuilder& b) {
         b.constant("w", floats({2, 2, 9, 9})).node("Conv", {"x", "w"}, {"y"});
       }},
      {"with 3 groups expect another number",
       [w](ModelBuilder& b) {
         b.constant("w", w).node("Conv", {"x", "w"}, {"y"}).attribute("group", 3);
       }},
      {"do not have the rank of the input",
       [](ModelBuilder& b) {
         b.constant("w", floats({2, 2, 3})).node("Conv", {"x", "w"}, {"y"});
       }},
      {"auto_pad is 'FULL', expected NOTSET", pool("auto_pad", "FULL")},
      {"strides holds 0, expected 1 to 2^31", pool("strides", Ints{0, 1})},
      {"strides has 1 entries, expected 2", pool("strides", Ints{1})},
      {"pads holds -1, expected 0 to 2^31", pool("pads", Ints{0, 0, -1, 0})},
      {"dilations holds 9223372036854775807", pool("dilations", Ints{INT64_MAX, 1})},
      {"attribute 'ceil_mode' is of another type, expected an integer", pool("ceil_mode", 1.0f)},
      {"has an attribute 'alpha', which MaxPool does not have in opset 13", pool("alpha", 1.0f)},
      {"attribute 'kernel_shape' is missing", plain("AveragePool")},
      {"a window holds nothing but padding", pool("pads", Ints{2, 0, 0, 0})},
  });
}

TEST(ImportError, Arithmetic) {
  expectNamed({
      {"takes matrices, not 1x2x4x4 and 4x4",
       [](ModelBuilder& b) {
         b.constant("b", floats({4, 4})).node("Gemm", {"x", "b"}, {"y"});
       }},
      {"cannot multiply 1x2x4x4 with 5x4",
       [](ModelBuilder& b) {
         b.constant("b", floats({5, 4})).node("MatMul", {"x", "b"}, {"y"});
       }},
      {"do not broadcast",
       [](ModelBuilder& b) {
         b.constant("b", floats({3})).node("Add", {"x", "b"}, {"y"});
       }},
      {"operands are fp32 and int64", listed("Add", {1, 2, 3, 4})},
      {"divides integers by zero",
       [](ModelBuilder& b) {
         b.constant("a", Ints{1}).constant("b", Ints{0}).node("Div", {"a", "b"}, {"y"});
       }},
      {"scale is 3, expected 2 channels",
       [](ModelBuilder& b) {
         b.constant("c", floats({3})).node("BatchNormalization", {"x", "c", "c", "c", "c"}, {"y"});
       }},
      {"axis 4 is outside the 4 dimensions",
       [](ModelBuilder& b) { b.node("Softmax", {"x"}, {"y"}).attribute("axis", 4); }},
      {"an axis is given twice", listed("ReduceSum", {1, -3})},
  });
}

TEST(ImportError, Shapes) {
  expectNamed({
      {"cannot reshape 1x2x4x4 to 33", listed("Reshape", {33})},
      {"two dimensions of -1", listed("Reshape", {-1, -1})},
      {"elements do not divide by 5", listed("Reshape", {5, -1})},
      {"the new shape has dimension -2", listed("Reshape", {-2})},
      {"copies dimension 4 of 1x2x4x4, which has fewer", listed("Reshape", {1, 2, 4, 4, 0})},
      {"cannot squeeze dimension 1 of 1x2x4x4", listed("Squeeze", {1})},
      {"axes are missing", plain("Unsqueeze")},
      {"permutation does not name each dimension",
       [](ModelBuilder& b) {
         b.node("Transpose", {"x"}, {"y"}).attribute("perm", Ints{0, 1, 1, 2});
       }},
  });
}

TEST(ImportError, Indices) {
  expectNamed({
      {"a step is 0",
       [](ModelBuilder& b) {
         b.constant("z", Ints{0}).node("Slice", {"x", "z", "z", "z", "z"}, {"y"});
       }},
      {"starts, ends, axes and steps have different lengths",
       [](ModelBuilder& b) {
         b.constant("s", Ints{0}).constant("e", Ints{1, 2}).node("Slice", {"x", "s", "e"}, {"y"});
       }},
      {"cannot split 2 into 3 equal parts",
       [](ModelBuilder& b) {
         b.node("Split", {"x"}, {"y", "a", "b"}).attribute("axis", 1);
       }},
      {"gives 2 sizes for 1 outputs", listed("Split", {0, 1})},
      {"the sizes of the parts do not add up to 1", listed("Split", {2})},
      {"pads holds 2 entries, expected 8", listed("Pad", {1, 2})},
      {"a pad is -9 for a dimension of 1", listed("Pad", {-9, 0, 0, 0, 0, 0, 0, 0})},
      {"a result with 1099511627777 indices along one dimension is too large",
       listed("Pad", {0, 0, 0, 0, INT64_C(1) << 40, 0, 0, 0})},
      {"reflects past the other end",
       [](ModelBuilder& b) {
         b.constant("p", Ints{0, 0, 9, 0, 0, 0, 0, 0});
         b.node("Pad", {"x", "p"}, {"y"}).attribute("mode", "reflect");
       }},
      {"mode is 'wrap', expected constant, edge or reflect",
       [](ModelBuilder& b) {
         b.constant("p", Ints(8, 1)).node("Pad", {"x", "p"}, {"y"}).attribute("mode", "wrap");
       }},
      {"index 7 is outside a dimension of 1", listed("Gather", {7})},
      {"indices are no integers",
       [](ModelBuilder& b) {
         b.constant("i", floats({1})).node("Gather", {"x", "i"}, {"y"});
       }},
      {"repeats has 1 entries for 1x2x4x4", listed("Tile", {2})},
      {"repeats holds -2, expected", listed("Tile", {1, -2, 1, 1})},
      {"the new shape has dimension 0", listed("Expand", {0})},
      {"attribute 'axis' is missing",
       [](ModelBuilder& b) {
         b.node("Concat", {"x", "x"}, {"y"});
       }},
      {"cannot join 2 to 1x2x4x4",
       [](ModelBuilder& b) {
         b.constant("b", floats({2})).node("Concat", {"x", "b"}, {"y"}).attribute("axis", 1);
       }},
  });
}

TEST(ImportError, ResizeAndConstants) {
  expectNamed({
      {"scale -1.000000 of a dimension of 1",
       [](ModelBuilder& b) {
         b.constant("s", floats({4}, {-1, 1, 1, 1})).node("Resize", {"x", "", "s"}, {"y"});
       }},
      {"nearest_mode is 'up', expected one of round_prefer_floor, round_prefer_ceil, floor, ceil",
       [](ModelBuilder& b) { b.node("Resize", {"x"}, {"y"}).attribute("nearest_mode", "up"); }},
      {"scales has 0 entries, expected 4", plain("Resize")},
      {"'to' is 999, no element type",
       [](ModelBuilder& b) { b.node("Cast", {"x"}, {"y"}).attribute("to", 999); }},
      {"element type 77 is none of ONNX's",
       [](ModelBuilder& b) { b.node("Cast", {"x"}, {"y"}).attribute("to", 77); }},
      {"value is 2, expected one element",
       [](ModelBuilder& b) {
         b.constant("s", Ints{2}).node("ConstantOfShape", {"s"}, {"y"});
         b.attribute("value", floats({2}));
       }},
      {"has more than 2^40 elements",
       [](ModelBuilder& b) {
         b.constant("s", Ints{1 << 21, 1 << 21}).node("ConstantOfShape", {"s"}, {"y"});
       }},
      {"has no sensible number of elements",
       [](ModelBuilder& b) {
         b.constant("s", Ints{INT64_MAX, INT64_MAX}).node("ConstantOfShape", {"s"}, {"y"});
       }},
      {"slope 3x2x4x4 does not broadcast",
       [](ModelBuilder& b) {
         b.constant("s", floats({3, 2, 4, 4})).node("PRelu", {"x", "s"}, {"y"});
       }},
      {"expected a list of int64",
       [](ModelBuilder& b) {
         b.constant("s", floats({4})).node("Reshape", {"x", "s"}, {"y"});
       }},
  });
}

template <typename Expected>
void expectThrow(const ModelBuilder& builder, const std::string& message) {
  try {
    builder.import();
    ADD_FAILURE() << "imported; expected: " << message;
  } catch (const Expected& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(ImportError, WhatIsNotSupportedIsNamedWithWhatIs) {
  ModelBuilder builder(13);
  builder.input("x", {"1"}).node("Zork", {"x"}, {"y"}, "odd").output("y");
  expectThrow<NotPossible>(
      builder,
      "m.onnx: node 'odd' (Zork): operator Zork (opset 13) is not supported; supported "
      "are Abs, Add, ");
  ModelBuilder foreign(13);
  foreign.input("x", {"1"}).node("Relu", {"x"}, {"y"}).domain("com.example").output("y");
  expectThrow<NotPossible>(foreign, "operator Relu (domain 'com.example') is not supported");
}

TEST(ImportError, MaximaWithConstantsForTooManyTaps) {
  ModelBuilder maxima(12);
  maxima.input("x", {"1", "1", "2050", "2050"}).node("MaxPool", {"x"}, {"y", "i"}, "n");
  maxima.attribute("kernel_shape", Ints{3, 3}).output("y").output("i");
  expectThrow<NotPossible>(maxima,
                           "needs constants of shape 2048x2048x9, at most 16777216 elements");
}

TEST(ImportError, NamesCannotBreakTheLine) {
  ModelBuilder builder(13);
  builder.input("x", {"1"}).node("Relu", {"a\nb\x1b"}, {"y"}, "n\tm").output("y");
  expectThrow<BadInput>(builder, "m.onnx: node 'n?m' (Relu): reads 'a?b?', which no ");
}

TEST(ImportError, FormsThatAreNotSupported) {
  const auto on = [](int opset, const std::function<void(ModelBuilder&)>& make) {
    ModelBuilder builder(opset);
    builder.input("x", {"1", "2", "4", "4"}).output("y");
    make(builder);
    return builder;
  };
  expectThrow<NotPossible>(on(13,
                              [](auto& b) {
                                b.node("Relu", {"x"}, {"v", "y"});
                              }),
                           "reads 'y', output 1 of Relu, which is not supported");
  expectThrow<BadInput>(on(13,
                           [](auto& b) {
                             b.constant("s", floats({4}, {1, 1, 2, 2}));
                             b.node("Resize", {"x", "", "s"}, {"y"}).attribute("mode", "sinc");
                           }),
                        "mode is 'sinc', expected nearest, linear or, since opset 11, cubic");
  expectThrow<NotPossible>(on(13,
                              [](auto& b) {
                                b.input("shape", {"2"}, DataType::Int64);
                                b.node("Reshape", {"x", "shape"}, {"y"});
                              }),
                           "shape ('shape') is computed at run time, it must be constant");
  expectThrow<NotPossible>(on(18, [](auto& b) { b.node("Relu", {"x"}, {"y"}); }),
                           "opset 18 is not supported, only 1 to 17");
  expectThrow<NotPossible>(
      on(1, [](auto& b) { b.node("Cast", {"x"}, {"y"}).attribute("to", "INT"); }),
      "names its type by a text before opset 6");
  ModelBuilder deep(13);
  deep.input("x", {"1", "1", "2", "2", "2", "2"}).node("GlobalAveragePool", {"x"}, {"p"});
  deep.node("MaxPool", {"x"}, {"y"}).attribute("kernel_shape", Ints{1, 1, 1, 1}).output("y");
  expectThrow<NotPossible>(deep, "only N,C,W and N,C,H,W and N,C,D,H,W");
}

TEST(ImportError, BrokenStructure) {
  const auto relu = [] {
    ModelBuilder builder(13);
    builder.input("x", {"1"}).node("Relu", {"x"}, {"y"}, "n");
    return builder;
  };
  expectThrow<BadInput>(ModelBuilder(13).input("x", {"1"}), "the graph has no outputs");
  ModelBuilder unwritten = relu();
  expectThrow<BadInput>(unwritten.output("z"), "no node writes the graph's output 'z'");
  ModelBuilder twice = relu();
  expectThrow<BadInput>(twice.output("y").output("y"), "output 'y' is given twice");
  ModelBuilder again = relu();
  expectThrow<BadInput>(again.node("Relu", {"x"}, {"y"}, "m").output("y"),
                        "node 'm' (Relu): writes 'y', which exists already");
  ModelBuilder over = relu();
  expectThrow<BadInput>(over.node("Relu", {"y"}, {"x"}, "m").output("y"),
                        "node 'm' (Relu): writes 'x', which exists already");
  ModelBuilder cycle(13);
  cycle.node("Relu", {"b"}, {"a"}, "first").node("Relu", {"a"}, {"b"}, "second").output("b");
  expectThrow<BadInput>(cycle,
                        "node 'first' (Relu): reads 'b', which no initialiser, graph input "
                        "or earlier node provides");
  ModelBuilder nameless(13);
  nameless.input("x", {"1"}).node("Relu", {"x"}, {""}, "").output("x");
  expectThrow<BadInput>(nameless, "has no outputs");
  ModelBuilder twin = relu();
  expectThrow<BadInput>(twin.input("x", {"1"}).output("y"), "input 'x' is given twice");
  ModelBuilder weights = relu();
  weights.constant("w", Ints{1}).constant("w", Ints{2}).output("y");
  expectThrow<BadInput>(weights, "initialiser 'w' is given twice");
  ModelBuilder attributes = relu();
  attributes.attribute("a", 1).attribute("a", 2).output("y");
  expectThrow<BadInput>(attributes, "attribute 'a' is given twice");
}

TEST(ImportError, FilesThatAreNoModels) {
  EXPECT_THROW(importOnnx(NPUSIM_SOURCE_DIR), BadInput);
  EXPECT_THROW(importOnnx(NPUSIM_SOURCE_DIR "/no such file.onnx"), BadInput);
  EXPECT_THROW(importOnnx(NPUSIM_SOURCE_DIR "/CMakeLists.txt"), BadInput);
  EXPECT_THROW(importOnnxBytes("", "empty.onnx"), BadInput);
  EXPECT_THROW(importOnnxBytes("not an onnx model", "text.onnx"), BadInput);
}

TEST(SupportedOperators, AreSortedAndDistinct) {
  const std::vector<std::string> names = supportedOperators();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_THAT(names, ::testing::IsSupersetOf({"Conv", "Gemm", "Resize", "Where"}));
}

}  // namespace
}  // namespace npusim
