#include <gtest/gtest.h>

#include <random>

#include "sim/core/error.h"
#include "tests/workloads/onnx/one_operator.h"

namespace npusim {
namespace {

using testing_onnx::floats;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;
using testing_onnx::OneOperator;

/// A small network that uses one converter of every family.
std::string model() {
  ModelBuilder builder(13);
  builder.input("x", {"1", "2", "6", "6"})
      .constant("w", floats({2, 1, 3, 3}))
      .constant("pads", Ints{0, 0, 1, 1, 0, 0, 1, 1})
      .constant("scales", floats({4}, {1, 1, 2, 2}))
      .constant("starts", Ints{1})
      .constant("ends", Ints{5})
      .constant("axes", Ints{2})
      .constant("list", Ints{1, 0})
      .constant("target", Ints{1, -1})
      .constant("dense", floats({36, 3}))
      .node("Pad", {"x", "pads"}, {"p"}, "pad")
      .node("Conv", {"p", "w"}, {"c"}, "conv")
      .attribute("group", 2)
      .attribute("strides", Ints{2, 1})
      .node("Clip", {"c"}, {"k"}, "clip")
      .node("Resize", {"k", "", "scales"}, {"r"}, "resize")
      .node("Slice", {"r", "starts", "ends", "axes"}, {"s"}, "slice")
      .node("Gather", {"s", "list"}, {"g"}, "gather")
      .attribute("axis", 1)
      .node("MaxPool", {"g"}, {"m"}, "pool")
      .attribute("kernel_shape", Ints{2, 2})
      .attribute("strides", Ints{1, 2})
      .attribute("ceil_mode", 1)
      .node("Shape", {"m"}, {"h"}, "shape")
      .node("Div", {"h", "h"}, {"ones"}, "div")
      .node("Expand", {"m", "ones"}, {"e"}, "expand")
      .node("Reshape", {"e", "target"}, {"f"}, "flat")
      .node("Gemm", {"f", "dense"}, {"d"}, "gemm")
      .attribute("alpha", 0.5f)
      .node("Softmax", {"d"}, {"y"}, "softmax")
      .output("y");
  return builder.bytes();
}

/// Imports, and accepts either a verified graph or one line for the user: anything else (a crash, a
/// contradiction of ours, std::bad_alloc) fails.
::testing::AssertionResult importsOrExplains(const std::string& bytes) {
  try {
    importOnnxBytes(bytes, "m.onnx").verify();
  } catch (const Error& error) {
    const std::string line = error.what();
    if (line.rfind("m.onnx: ", 0) != 0 || line.find('\n') != std::string::npos)
      return ::testing::AssertionFailure() << line;
  } catch (const std::exception& error) {
    return ::testing::AssertionFailure() << "not an Error: " << error.what();
  }
  return ::testing::AssertionSuccess();
}

TEST(Damage, TheModelItselfImports) { EXPECT_NO_THROW(importOnnxBytes(model(), "m.onnx")); }

TEST(Damage, TruncationsAreExplained) {
  const std::string whole = model();
  for (std::size_t length = 0; length < whole.size(); length += 3) {
    EXPECT_TRUE(importsOrExplains(whole.substr(0, length))) << "first " << length << " bytes";
  }
}

TEST(Damage, FlippedBitsAreExplained) {
  const std::string whole = model();
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const std::size_t bit = random() % (8 * whole.size());
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(importsOrExplains(damaged)) << "bit " << bit;
  }
}

TEST(Damage, RandomBytesAreExplained) {
  const std::string whole = model();
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    std::string damaged = whole;
    for (int i = 0; i < 4; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    EXPECT_TRUE(importsOrExplains(damaged)) << "seed " << seed;
  }
}

/// Models of one operator whose attributes and constants decide what is built.
std::vector<ModelBuilder> decidingOperators() {
  std::vector<ModelBuilder> models;
  const auto add = [&](const OneOperator& op, std::size_t outputs = 1) {
    models.push_back(op.model(outputs));
  };
  const Tensor image = floats({1, 4, 3, 3}), bytes(DataType::UInt8, {1, 4, 3, 3});
  const Tensor byte(DataType::UInt8, {}), scale = floats({1}, {0.5f});
  const Ints twice{2, 2};
  add(OneOperator("ConvTranspose", 11)
          .operand(image)
          .constant(floats({4, 2, 3, 3}))
          .attribute("strides", twice)
          .attribute("dilations", twice)
          .attribute("output_shape", Ints{9, 8})
          .attribute("group", 2));
  add(OneOperator("MaxPool", 12)
          .operand(image)
          .attribute("kernel_shape", twice)
          .attribute("storage_order", 1),
      2);
  add(OneOperator("QLinearConv", 13)
          .operand(bytes)
          .constant(scale)
          .operand(byte)
          .constant(Tensor(DataType::UInt8, {2, 4, 2, 2}))
          .constant(floats({2}, {1, 2}))
          .constant(Tensor(DataType::UInt8, {2}))
          .constant(scale)
          .constant(byte));
  add(OneOperator("ScatterND", 16)
          .operand(image)
          .constant(int64Tensor({0, 1, 0, 1}).reshaped({2, 2}))
          .operand(floats({2, 3, 3}))
          .attribute("reduction", "add"));
  add(OneOperator("GatherND", 13)
          .operand(image)
          .constant(int64Tensor({1, -2}).reshaped({1, 2}))
          .attribute("batch_dims", 1));
  add(OneOperator("GatherElements", 13)
          .operand(floats({3, 4}))
          .constant(int64Tensor({1, -2}).reshaped({1, 2}))
          .attribute("axis", 1));
  add(OneOperator("TopK", 11)
          .operand(floats({3, 4}))
          .constant(int64Tensor({2}))
          .attribute("largest", 0),
      2);
  add(OneOperator("CumSum", 14).operand(floats({3, 4})).constant(int64Tensor({1})));
  add(OneOperator("Einsum", 12)
          .operand(floats({2, 3, 4}))
          .operand(floats({2, 4, 5}))
          .attribute("equation", "...ij,...jk->...ki"));
  add(OneOperator("LayerNormalization", 17).operand(image).constant(floats({3})), 3);
  add(OneOperator("ReduceProd", 13).operand(image).attribute("axes", Ints{1, 3}));
  add(OneOperator("Trilu", 14).operand(image).constant(int64Tensor({1})));
  add(OneOperator("EyeLike", 9).operand(floats({3, 4})).attribute("k", -1).attribute("dtype", 7));
  add(OneOperator("Range", 11).constant(scale).constant(floats({1}, {9})).constant(scale));
  add(OneOperator("DepthToSpace", 13).operand(image).attribute("blocksize", 2));
  add(OneOperator("Resize", 13)
          .operand(image)
          .absent()
          .absent()
          .constant(int64Tensor({1, 4, 5, 2}))
          .attribute("mode", "cubic"));
  return models;
}

TEST(Damage, FlippedBitsOfOperatorsAreExplained) {
  for (const ModelBuilder& builder : decidingOperators()) {
    const std::string whole = builder.bytes();
    ASSERT_NO_THROW(importOnnxBytes(whole, "m.onnx"));
    for (unsigned seed = 0; seed < 200; ++seed) {
      std::mt19937 random(seed);
      const std::size_t bit = random() % (8 * whole.size());
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_TRUE(importsOrExplains(damaged)) << whole.size() << " bytes, bit " << bit;
    }
  }
}

}  // namespace
}  // namespace npusim
