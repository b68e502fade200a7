#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using ::testing::HasSubstr;
using testing_onnx::importError;
using testing_onnx::ModelBuilder;

ModelBuilder dynamic() {
  ModelBuilder builder(13);
  builder.input("x", {"N", "3", "H", ""}).node("Relu", {"x"}, {"y"}).output("y");
  return builder;
}

Shape imported(const ModelBuilder& builder, const OnnxOptions& options) {
  const Graph graph = builder.import(options);
  return graph.value(graph.inputs.at(0)).shape;
}

TEST(InputShape, DimensionsAreBoundByNameOrPlace) {
  const OnnxOptions options{.dims = {{"N", 2}, {"H", 5}, {"x.3", 7}}};
  EXPECT_EQ(imported(dynamic(), options), (Shape{2, 3, 5, 7}));
}

TEST(InputShape, BatchBindsTheFirstDimension) {
  OnnxOptions options{.dims = {{"H", 5}, {"x.3", 7}}, .batch = 4};
  EXPECT_EQ(imported(dynamic(), options), (Shape{4, 3, 5, 7}));
  ModelBuilder fixed(13);
  fixed.input("x", {"1", "3"}).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_EQ(imported(fixed, {.batch = 4}), (Shape{4, 3}));
}

TEST(InputShape, WholeShapesGoBefore) {
  EXPECT_EQ(imported(dynamic(), {.inputShapes = {{"x", {1, 3, 9, 9}}}}), (Shape{1, 3, 9, 9}));
  EXPECT_EQ(imported(dynamic(), {.orderedShapes = {{1, 3, 8, 8}}}), (Shape{1, 3, 8, 8}));
  ModelBuilder shapeless(13);
  shapeless.inputWithoutShape("x").node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_EQ(imported(shapeless, {.orderedShapes = {{6}}}), Shape{6});
}

TEST(InputShape, ASymbolLearnedFromOneInputBindsTheOthers) {
  ModelBuilder builder(13);
  builder.input("x", {"N", "3"}).input("z", {"N", "3"}).node("Add", {"x", "z"}, {"y"}).output("y");
  const Graph graph = builder.import({.inputShapes = {{"x", {5, 3}}}});
  EXPECT_EQ(graph.value(graph.inputs[1]).shape, (Shape{5, 3}));
}

TEST(InputShape, FixedInputsBecomeConstants) {
  ModelBuilder builder(13);
  builder.input("x", {"2", "3"}).input("axes", {"A"}, DataType::Int64);
  builder.node("ReduceSum", {"x", "axes"}, {"y"}).output("y");
  const Graph graph = builder.import({.fixedInputs = {{"axes", int64Tensor({1})}}});
  EXPECT_EQ(graph.inputs.size(), 1u);
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{2, 1}));
}

struct Mistake {
  OnnxOptions options;
  const char* message;
};

TEST(InputShape, SaysWhatIsMissingOrWrong) {
  const std::vector<Mistake> mistakes = {
      {{},
       "open dimensions 'N' (axis 0 of input 'x'), 'H' (axis 2 of input 'x'), 'x.3' (axis 3 of "
       "input 'x'): pass --dim N=1 --dim H=1 --dim x.3=1 with the sizes you mean; --batch N binds "
       "every axis 0"},
      {{.batch = 1}, "'x.3' (axis 3 of input 'x'): pass --dim H=1 --dim x.3=1 with the sizes"},
      {{.dims = {{"H", 1}}, .batch = 1},
       "open dimension 'x.3' (axis 3 of input 'x'): pass --dim x.3=1 with the sizes you mean"},
      {{.dims = {{"Q", 1}}}, "--dim Q=1: no input has a dimension 'Q', expected H, N, x.3"},
      {{.dims = {{"N", 0}}}, "--dim N=0: must be at least 1"},
      {{.batch = -1}, "--batch -1: must be at least 1"},
      {{.inputShapes = {{"z", {1}}}}, "there is no input 'z', expected x"},
      {{.inputShapes = {{"x", {1}}}}, "has 4 dimensions, the given shape 1 another number"},
      {{.orderedShapes = {{1}, {2}}}, "has 1 inputs, data is given for 2"},
      {{.inputShapes = {{"x", {1, 3, 0, 1}}}}, "input 'x' has shape 1x3x0x1"},
      {{.inputShapes = {{"x", {1 << 20, 3, 1 << 20, 1}}}}, "more than 2^40 elements"},
      {{.batch = 2, .inputShapes = {{"x", {1, 3, 4, 5}}}},
       "--batch 2: contradicts the data given for input 'x', which has 1 there"},
      {{.dims = {{"N", 3}, {"H", 1}, {"x.3", 1}}, .batch = 2},
       "--batch 2: dimension 'N' of input 'x' is 3 already, by --dim or given data"},
      {{.dims = {{"H", 7}}, .inputShapes = {{"x", {1, 3, 4, 5}}}},
       "--dim H=7: contradicts the data given for input 'x', which has 4 there"},
      {{.fixedInputs = {{"z", int64Tensor({1})}}}, "there is no input 'z' to fix"},
      {{.fixedInputs = {{"x", int64Tensor({1})}}}, "input 'x' is fp32, its fixed value int64"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_THAT(importError(dynamic(), mistake.options), HasSubstr(mistake.message));
  }
  ModelBuilder fixed(13);
  fixed.input("x", {"2"}).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_THAT(importError(fixed, {.batch = 3}),
              HasSubstr("--batch 3: input 'x' has a fixed first dimension of 2"));
  EXPECT_THAT(importError(fixed, {.inputShapes = {{"x", {2}}}, .shapesMustBind = true}),
              HasSubstr("--input and --data change nothing"));
  ModelBuilder shapeless(13);
  shapeless.inputWithoutShape("x").node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_THAT(importError(shapeless), HasSubstr("input 'x' declares no shape"));
}

TEST(InputShape, OpenDimensionsOfAllInputsComeInOneLineForAShell) {
  ModelBuilder builder(13);
  builder.input("x", {"N", "floor(H/2)"}).input("y", {"N", "it's"});
  builder.node("Concat", {"x", "y"}, {"z"}).attribute("axis", 1).output("z");
  EXPECT_THAT(importError(builder),
              HasSubstr(R"(: pass --dim N=1 --dim 'floor(H/2)=1' --dim 'it'\''s=1' with)"));
}

TEST(InputShape, GivenShapesThatMustBindMayBind) {
  EXPECT_NO_THROW(dynamic().import({.inputShapes = {{"x", {1, 3, 4, 5}}}, .shapesMustBind = true}));
}

}  // namespace
}  // namespace npusim
