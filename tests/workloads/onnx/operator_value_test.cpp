#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing_onnx::elements;
using testing_onnx::floats;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;
using testing_onnx::run;

std::vector<std::string> dimensions(const Shape& shape) {
  std::vector<std::string> texts;
  for (const std::int64_t extent : shape) texts.push_back(std::to_string(extent));
  return texts;
}

// --- Slice, against numpy's rule applied element by element ---

struct Python {
  std::int64_t start, end, step;
};

/// x[start:end:step] as Python defines it: clamp, then walk.
std::vector<double> pythonSlice(Python s, std::int64_t extent) {
  const auto clamp = [&](std::int64_t bound) {
    if (bound < 0) bound += extent;
    if (bound < 0) return s.step > 0 ? std::int64_t{0} : std::int64_t{-1};
    if (bound >= extent) return s.step > 0 ? extent : extent - 1;
    return bound;
  };
  std::vector<double> taken;
  const std::int64_t end = clamp(s.end);
  for (std::int64_t i = clamp(s.start); s.step > 0 ? i < end : i > end; i += s.step) {
    taken.push_back(static_cast<double>(i));
  }
  return taken;
}

TEST(OperatorValue, SliceFollowsPython) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int least, int most) {
      return std::int64_t{std::uniform_int_distribution<int>(least, most)(random)};
    };
    const std::int64_t extent = pick(1, 9);
    Python s{pick(-12, 12), pick(-12, 12), pick(1, 4)};
    if (pick(0, 1) == 1) s.step = -s.step;
    if (pick(0, 9) == 0) s.end = s.step > 0 ? INT64_MAX : INT64_MIN;
    ModelBuilder builder(13);
    builder.constant("x", floats({extent}))
        .constant("start", Ints{s.start})
        .constant("end", Ints{s.end})
        .constant("axis", Ints{-1})
        .constant("step", Ints{s.step})
        .node("Slice", {"x", "start", "end", "axis", "step"}, {"y"})
        .output("y");
    EXPECT_THAT(elements(run(builder.import(), {})), ElementsAreArray(pythonSlice(s, extent)))
        << "seed " << seed << ": [" << s.start << ":" << s.end << ":" << s.step << "] of "
        << extent;
  }
}

TEST(OperatorValue, SliceBeforeOpset10TakesAttributes) {
  ModelBuilder builder(9);
  builder.input("x", {"2", "4"}).node("Slice", {"x"}, {"y"}).output("y");
  builder.attribute("starts", Ints{1}).attribute("ends", Ints{-1}).attribute("axes", Ints{1});
  EXPECT_THAT(elements(run(builder.import(), {floats({2, 4})})), ElementsAre(1, 2, 5, 6));
}

// --- Before opset 7 attributes say which dimensions the second operand has ---

TEST(OperatorValue, OldOperandsLieWhereTheirAxisSays) {
  for (const char* op : {"Add", "Mul", "PRelu"}) {
    ModelBuilder builder(6);
    builder.input("x", {"2", "3", "2"}).constant("b", floats({3}, {10, 20, 30}));
    builder.node(op, {"x", "b"}, {"y"}).output("y");
    const bool slopes = std::string_view(op) == "PRelu";
    if (!slopes) builder.attribute("broadcast", 1).attribute("axis", 1);
    const Tensor x = floats({2, 3, 2}, {1, -1, 1, -1, 1, -1, 2, -2, 2, -2, 2, -2});
    const Tensor y = run(builder.import(), {x});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const double b = 10.0 * static_cast<double>(i / 2 % 3 + 1), a = x.at(i);
      const double product = slopes && a > 0 ? a : a * b;
      EXPECT_EQ(y.at(i), std::string_view(op) == "Add" ? a + b : product) << op << " " << i;
    }
  }
}

TEST(OperatorValue, OldReshapeHasItsShapeAsAttribute) {
  ModelBuilder builder(1);
  builder.input("x", {"2", "6"}).node("Reshape", {"x"}, {"y"}).output("y");
  builder.attribute("shape", Ints{0, 3, -1}).attribute("consumed_inputs", Ints{0});
  EXPECT_EQ(run(builder.import(), {floats({2, 6})}).shape(), (Shape{2, 3, 2}));
}

// --- Pad ---

std::vector<double> padded(const char* mode, const Ints& pads, std::int64_t extent) {
  ModelBuilder builder(13);
  builder.input("x", {std::to_string(extent)})
      .constant("pads", pads)
      .constant("fill", scalarTensor(9))
      .node("Pad", {"x", "pads", "fill"}, {"y"})
      .attribute("mode", mode)
      .output("y");
  return elements(run(builder.import(), {floats({extent})}));
}

TEST(OperatorValue, PadModes) {
  EXPECT_THAT(padded("constant", {2, 1}, 3), ElementsAre(9, 9, 0, 1, 2, 9));
  EXPECT_THAT(padded("edge", {2, 1}, 3), ElementsAre(0, 0, 0, 1, 2, 2));
  EXPECT_THAT(padded("reflect", {2, 2}, 3), ElementsAre(2, 1, 0, 1, 2, 1, 0));
  EXPECT_THAT(padded("reflect", {-1, 2}, 3), ElementsAre(1, 2, 1, 0));
}

TEST(OperatorValue, PadBeforeOpset11TakesAttributes) {
  ModelBuilder builder(10);
  builder.input("x", {"2"}).node("Pad", {"x"}, {"y"}).output("y");
  builder.attribute("pads", Ints{1, 0}).attribute("value", 5.0f);
  EXPECT_THAT(elements(run(builder.import(), {floats({2})})), ElementsAre(5, 0, 1));
}

// --- Gather, Expand, Tile ---

TEST(OperatorValue, GatherWrapsIndicesAndKeepsTheirShape) {
  for (const bool constant : {true, false}) {
    const Tensor indices = int64Tensor({0, -1, 1, 1}).reshaped({2, 2});
    ModelBuilder builder(13);
    builder.input("x", {"2", "3"}).output("y");
    if (constant) builder.constant("i", constant ? indices : Tensor());
    if (!constant) builder.input("i", {"2", "2"}, DataType::Int64);
    builder.node("Gather", {"x", "i"}, {"y"}).attribute("axis", 1);
    std::vector<Tensor> inputs = {floats({2, 3})};
    if (!constant) inputs.push_back(int64Tensor({0, 2, 1, 1}).reshaped({2, 2}));
    const Tensor y = run(builder.import(), inputs);
    EXPECT_EQ(y.shape(), (Shape{2, 2, 2}));
    EXPECT_THAT(elements(y), ElementsAre(0, 2, 1, 1, 3, 5, 4, 4)) << "constant " << constant;
  }
}

TEST(OperatorValue, ExpandAndTileRepeat) {
  ModelBuilder expand(13);
  expand.input("x", {"2", "1"}).constant("s", Ints{2, 1, 3}).node("Expand", {"x", "s"}, {"y"});
  expand.output("y");
  const Tensor expanded = run(expand.import(), {floats({2, 1})});
  EXPECT_EQ(expanded.shape(), (Shape{2, 2, 3}));
  EXPECT_THAT(elements(expanded), ElementsAre(0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1));
  ModelBuilder tile(13);
  tile.input("x", {"1", "2"}).constant("r", Ints{2, 2}).node("Tile", {"x", "r"}, {"y"});
  tile.output("y");
  EXPECT_THAT(elements(run(tile.import(), {floats({1, 2})})), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1));
}

TEST(OperatorValue, SqueezeAndUnsqueezeInBothForms) {
  for (const int opset : {11, 13}) {
    ModelBuilder builder(opset);
    builder.input("x", {"1", "3", "1"}).output("y");
    if (opset == 13) {
      builder.constant("a", Ints{-1}).constant("b", Ints{-1, 0});
      builder.node("Squeeze", {"x", "a"}, {"s"}).node("Unsqueeze", {"s", "b"}, {"y"});
    } else {
      builder.node("Squeeze", {"x"}, {"s"}).attribute("axes", Ints{-1});
      builder.node("Unsqueeze", {"s"}, {"y"}).attribute("axes", Ints{-1, 0});
    }
    EXPECT_EQ(run(builder.import(), {floats({1, 3, 1})}).shape(), (Shape{1, 1, 3, 1}))
        << "opset " << opset;
  }
}

TEST(OperatorValue, ReductionsInBothForms) {
  for (const int opset : {11, 13}) {
    ModelBuilder builder(opset);
    builder.input("x", {"2", "3"}).output("y");
    if (opset == 13) builder.constant("a", Ints{-1}).node("ReduceSum", {"x", "a"}, {"y"});
    if (opset == 11) builder.node("ReduceSum", {"x"}, {"y"}).attribute("axes", Ints{-1});
    builder.attribute("keepdims", 0);
    const Tensor y = run(builder.import(), {floats({2, 3})});
    EXPECT_EQ(y.shape(), Shape{2});
    EXPECT_THAT(elements(y), ElementsAre(3, 12)) << "opset " << opset;
  }
}

TEST(OperatorValue, ReversedOperandsAndPowers) {
  ModelBuilder builder(13);
  builder.input("x", {"3"})
      .constant("ten", scalarTensor(10))
      .constant("two", Ints{2})
      .node("Sub", {"ten", "x"}, {"a"})
      .node("Pow", {"a", "two"}, {"y"})
      .output("y");
  EXPECT_THAT(elements(run(builder.import(), {floats({3})})), ElementsAre(100, 81, 64));
}

// --- Resize: the examples of ONNX's operator documentation ---

struct ResizeCase {
  const char* name;
  Shape from;
  Ints sizes;
  std::vector<float> scales;
  const char *mode, *coordinates, *nearest;
  std::vector<float> expected;
};

class Resize : public ::testing::TestWithParam<ResizeCase> {};

TEST_P(Resize, GivesTheDocumentedValues) {
  const ResizeCase& c = GetParam();
  Tensor x = floats(c.from);
  for (float& value : x.as<float>()) value += 1;
  ModelBuilder builder(13);
  builder.input("x", dimensions(c.from)).output("y");
  if (!c.sizes.empty()) builder.constant("sizes", c.sizes);
  if (!c.scales.empty()) builder.constant("scales", floats({4}, c.scales));
  builder.node("Resize",
               {"x", "", c.scales.empty() ? "" : "scales", c.sizes.empty() ? "" : "sizes"}, {"y"});
  builder.attribute("mode", c.mode).attribute("coordinate_transformation_mode", c.coordinates);
  builder.attribute("nearest_mode", c.nearest);
  const Tensor y = run(builder.import(), {x});
  const std::vector<float> values(y.as<float>().begin(), y.as<float>().end());
  EXPECT_THAT(values, Pointwise(FloatNear(1e-5f), c.expected));
}

INSTANTIATE_TEST_SUITE_P(Documented, Resize,
                         ::testing::Values(ResizeCase{"upsample_nearest",
                                                      {1, 1, 2, 2},
                                                      {},
                                                      {1, 1, 2, 3},
                                                      "nearest",
                                                      "half_pixel",
                                                      "round_prefer_floor",
                                                      {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,
                                                       3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4}},
                                           ResizeCase{"downsample_nearest",
                                                      {1, 1, 2, 4},
                                                      {},
                                                      {1, 1, 0.6f, 0.6f},
                                                      "nearest",
                                                      "half_pixel",
                                                      "round_prefer_floor",
                                                      {1, 3}},
                                           ResizeCase{"floor_align_corners",
                                                      {1, 1, 1, 4},
                                                      {1, 1, 1, 8},
                                                      {},
                                                      "nearest",
                                                      "align_corners",
                                                      "floor",
                                                      {1, 1, 1, 2, 2, 3, 3, 4}},
                                           ResizeCase{"ceil_half_pixel",
                                                      {1, 1, 1, 4},
                                                      {1, 1, 1, 8},
                                                      {},
                                                      "nearest",
                                                      "half_pixel",
                                                      "ceil",
                                                      {1, 2, 2, 3, 3, 4, 4, 4}},
                                           ResizeCase{"prefer_ceil_asymmetric",
                                                      {1, 1, 1, 4},
                                                      {1, 1, 1, 8},
                                                      {},
                                                      "nearest",
                                                      "asymmetric",
                                                      "round_prefer_ceil",
                                                      {1, 2, 2, 3, 3, 4, 4, 4}},
                                           ResizeCase{"tf_half_pixel",
                                                      {1, 1, 1, 4},
                                                      {1, 1, 1, 2},
                                                      {},
                                                      "nearest",
                                                      "tf_half_pixel_for_nn",
                                                      "round_prefer_floor",
                                                      {2, 4}},
                                           ResizeCase{
                                               "linear",
                                               {1, 1, 2, 2},
                                               {},
                                               {1, 1, 2, 2},
                                               "linear",
                                               "half_pixel",
                                               "floor",
                                               {1, 1.25f, 1.75f, 2, 1.5f, 1.75f, 2.25f, 2.5f, 2.5f,
                                                2.75f, 3.25f, 3.5f, 3, 3.25f, 3.75f, 4}},
                                           ResizeCase{"linear_align_corners",
                                                      {1, 1, 1, 2},
                                                      {},
                                                      {1, 1, 1, 2},
                                                      "linear",
                                                      "align_corners",
                                                      "floor",
                                                      {1, 1.3333333f, 1.6666667f, 2}},
                                           ResizeCase{"downsample_linear",
                                                      {1, 1, 2, 4},
                                                      {},
                                                      {1, 1, 0.6f, 0.6f},
                                                      "linear",
                                                      "half_pixel",
                                                      "floor",
                                                      {2.6666665f, 4.3333331f}}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(OperatorValue, UpsampleInBothForms) {
  for (const int opset : {7, 9}) {
    ModelBuilder builder(opset);
    builder.input("x", {"1", "1", "1", "2"}).output("y");
    const std::vector<float> scales = {1, 1, 1, 2};
    if (opset == 9) builder.constant("s", floats({4}, scales)).node("Upsample", {"x", "s"}, {"y"});
    if (opset == 7) builder.node("Upsample", {"x"}, {"y"}).attribute("scales", scales);
    EXPECT_THAT(elements(run(builder.import(), {floats({1, 1, 1, 2})})), ElementsAre(0, 0, 1, 1))
        << "opset " << opset;
  }
}

TEST(OperatorValue, CropAndResizeFillsOutside) {
  ModelBuilder builder(13);
  builder.input("x", {"3"})
      .constant("roi", floats({2}, {0, 2}))
      .constant("sizes", Ints{5})
      .node("Resize", {"x", "roi", "", "sizes"}, {"y"})
      .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
      .attribute("extrapolation_value", 7.0f)
      .output("y");
  EXPECT_THAT(elements(run(builder.import(), {floats({3})})), ElementsAre(0, 1, 2, 7, 7));
}

}  // namespace
}  // namespace npusim
