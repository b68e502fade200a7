#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_onnx::elements;
using testing_onnx::floats;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;

/// The constant that output "y" of the model is.
Tensor folded(const ModelBuilder& builder) {
  const Graph graph = builder.import();
  EXPECT_TRUE(graph.nodes.empty()) << graph.toText();
  const Value& value = graph.value(graph.outputs.at(0));
  EXPECT_EQ(value.name, "y");
  return value.constant.value().materialize(value.type, value.shape);
}

TEST(Folding, ShapeArithmeticDisappears) {
  ModelBuilder builder(13);
  builder.input("x", {"2", "3", "4"})
      .constant("zero", Ints{0})
      .constant("minus", Ints{-1})
      .node("Shape", {"x"}, {"s"}, "s")
      .node("Gather", {"s", "zero"}, {"n"}, "n0")
      .node("Concat", {"n", "minus"}, {"target"}, "cat")
      .attribute("axis", 0)
      .node("Reshape", {"x", "target"}, {"y"}, "flat")
      .output("y");
  const Graph graph = builder.import();
  EXPECT_EQ(graph.toText(), "%x = input : fp32 2x3x4\n%y = Reshape(%x) : fp32 2x12\nreturn %y\n");
}

TEST(Folding, ConstantForms) {
  const auto constant = [](const char* name, auto value) {
    return folded(ModelBuilder(13).node("Constant", {}, {"y"}).attribute(name, value).output("y"));
  };
  EXPECT_THAT(elements(constant("value", floats({2}, {1, 2}))), ElementsAre(1, 2));
  EXPECT_THAT(elements(constant("value_float", 2.5f)), ElementsAre(2.5));
  EXPECT_THAT(elements(constant("value_floats", std::vector<float>{1, 2})), ElementsAre(1, 2));
  EXPECT_EQ(constant("value_int", 7).shape(), Shape{});
  EXPECT_THAT(elements(constant("value_ints", Ints{7, 8})), ElementsAre(7, 8));
}

TEST(Folding, ShapeSizeAndSlicesOfThem) {
  const auto shape = [](int start, int end) {
    ModelBuilder builder(15);
    builder.input("x", {"2", "3", "4"}).node("Shape", {"x"}, {"y"}).output("y");
    builder.attribute("start", start).attribute("end", end);
    return elements(folded(builder));
  };
  EXPECT_THAT(shape(0, 3), ElementsAre(2, 3, 4));
  EXPECT_THAT(shape(-2, 99), ElementsAre(3, 4));
  EXPECT_THAT(shape(1, -1), ElementsAre(3));
  EXPECT_THAT(shape(2, 1), ElementsAre());
  ModelBuilder size;
  size.input("x", {"2", "3"}).node("Size", {"x"}, {"y"}).output("y");
  EXPECT_THAT(elements(folded(size)), ElementsAre(6));
}

TEST(Folding, LargeConstantsStaySymbolic) {
  ModelBuilder builder(13);
  builder.constant("shape", Ints{1 << 15, 1 << 20})
      .constant("wide", Ints{1 << 10, 1 << 25})
      .node("ConstantOfShape", {"shape"}, {"c"}, "c")
      .attribute("value", floats({1}, {0.5}))
      .node("Transpose", {"c"}, {"t"}, "t")
      .node("Reshape", {"t", "wide"}, {"r"}, "r")
      .node("Cast", {"r"}, {"y"}, "cast")
      .attribute("to", 10)
      .output("y");
  EXPECT_THAT(builder.import().toText(), HasSubstr("%y = splat(0.5) : fp16 1024x33554432\n"));
}

TEST(Folding, TooLargeResultsStayForTheRun) {
  ModelBuilder builder(13);
  builder.constant("shape", Ints{1 << 15, 1 << 20})
      .node("ConstantOfShape", {"shape"}, {"c"}, "c")
      .node("Exp", {"c"}, {"y"}, "exp")
      .output("y");
  EXPECT_THAT(builder.import().toText(), HasSubstr("%y = Elementwise(%c) |> exp"));
}

TEST(Folding, EmptyTensorsTakePart) {
  ModelBuilder builder(13);
  builder.constant("list", Ints{4, 5, 6})
      .constant("three", Ints{3})
      .node("Slice", {"list", "three", "three"}, {"none"}, "slice")
      .node("Concat", {"none", "list", "none"}, {"y"}, "cat")
      .attribute("axis", 0)
      .output("y");
  EXPECT_THAT(elements(folded(builder)), ElementsAre(4, 5, 6));
}

TEST(Folding, WhereChoosesConstants) {
  Tensor condition(DataType::Bool, {2, 1});
  condition.set(1, 1);
  ModelBuilder builder(13);
  builder.constant("c", condition)
      .constant("a", floats({2}, {1, 2}))
      .constant("b", floats({2, 2}, {5, 6, 7, 8}))
      .node("Where", {"c", "a", "b"}, {"y"})
      .output("y");
  EXPECT_THAT(elements(folded(builder)), ElementsAre(5, 6, 1, 2));
}

TEST(Folding, InitialisersThatAreInputsAreConstants) {
  ModelBuilder builder(8);
  builder.input("w", {"2"}).constant("w", floats({2}, {1, -1})).node("Relu", {"w"}, {"y"});
  builder.output("y");
  EXPECT_THAT(elements(folded(builder)), ElementsAre(1, 0));
}

}  // namespace
}  // namespace npusim
