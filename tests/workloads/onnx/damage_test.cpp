#include <gtest/gtest.h>

#include <random>

#include "sim/core/error.h"
#include "tests/workloads/onnx/model_builder.h"

namespace npusim {
namespace {

using testing_onnx::floats;
using testing_onnx::Ints;
using testing_onnx::ModelBuilder;

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

}  // namespace
}  // namespace npusim
