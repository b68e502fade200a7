#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

/// DequantizeLinear of constants: the values of the standard's formula, and the form in which they
/// may stay encoded.
namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;
using testing::HasSubstr;

constexpr std::int64_t kRows = 64, kColumns = 6;

Tensor codes(Random& random, DataType type, const Shape& shape, int bits) {
  const std::int64_t count = std::int64_t{1} << bits;
  const std::int64_t least = type == DataType::UInt8 ? 0 : -count / 2;
  return filled(type, shape,
                [&] { return static_cast<double>(random.integer(least, least + count - 1)); });
}

/// y = x W with W [64, 6] from a DequantizeLinear.
ModelBuilder product(const Tensor& w, const Tensor& scale, const Tensor& zero, std::int64_t axis,
                     std::int64_t blockSize) {
  ModelBuilder model(17);
  model.input("x", {"2", std::to_string(kRows)});
  model.constant("codes", w).constant("scale", scale).constant("zero", zero);
  model.node("DequantizeLinear", {"codes", "scale", "zero"}, {"w"}).attribute("axis", axis);
  if (blockSize > 0) model.attribute("block_size", blockSize);
  model.node("MatMul", {"x", "w"}, {"y"}).output("y");
  return model;
}

const Value& weightsOf(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (value.constant && value.constant->form) return value;
  }
  throw BadInput("no encoded weights");
}

TEST(EncodedWeights, HaveTheValuesOfTheStandardAndTheirForm) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const DataType type = random.once(2) ? DataType::UInt8 : DataType::Int8;
    const int bits = random.once(2) ? 4 : 8;
    const std::int64_t axis = random.integer(0, 1), kind = random.integer(0, 2);
    const std::int64_t block = 32;
    const std::int64_t along = axis == 0 ? kRows : kColumns;
    const Shape blocks = axis == 0 ? Shape{2, kColumns} : Shape{kRows, 1};
    const Shape shape = kind == 0 ? Shape{} : kind == 1 ? Shape{along} : blocks;
    const Tensor w = codes(random, type, {kRows, kColumns}, bits);
    const Tensor zero = codes(random, type, shape, bits);
    const Tensor scale = filled(DataType::Float32, shape, [&] { return random.real(0.001, 0.1); });
    const Graph graph = product(w, scale, zero, axis, kind == 2 ? block : 0).import();
    const Value& value = weightsOf(graph);
    EXPECT_EQ(value.constant->form->format, bits == 4 ? WeightFormat::Int4 : WeightFormat::Int8);
    for (std::int64_t i = 0; i < w.size(); ++i) {
      const std::int64_t index = axis == 0 ? i / kColumns : i % kColumns;
      const std::int64_t inBlocks =
          axis == 0 ? index / block * kColumns + i % kColumns : i / kColumns;
      const std::int64_t p = kind == 0 ? 0 : kind == 1 ? index : inBlocks;
      const float expected =
          static_cast<float>(w.at(i) - zero.at(p)) * static_cast<float>(scale.at(p));
      EXPECT_EQ(value.constant->dense->at(i), expected);
      EXPECT_EQ(value.constant->scales->at(i), scale.at(p));
    }
  }
}

TEST(EncodedWeights, UnsignedCodesAboutTheirMiddleNeedNoZeroPoints) {
  Random random(1);
  const Tensor w = codes(random, DataType::UInt8, {kRows, kColumns}, 8);
  const Tensor scale = filled(DataType::Float32, {}, [] { return 0.5; });
  const auto form = [&](double zero) {
    const Tensor point = filled(DataType::UInt8, {}, [=] { return zero; });
    return *weightsOf(product(w, scale, point, 1, 0).import()).constant->form;
  };
  EXPECT_FALSE(form(128).zeroPoints);
  EXPECT_TRUE(form(127).zeroPoints);
}

TEST(EncodedWeights, MoveWithATranspose) {
  Random random(4);
  const Tensor w = codes(random, DataType::Int8, {kColumns, kRows}, 8);
  const Tensor scale = filled(DataType::Float32, {kColumns}, [&] { return random.real(0.1, 1); });
  const Tensor zero = codes(random, DataType::Int8, {kColumns}, 8);
  ModelBuilder model(17);
  model.input("x", {"2", std::to_string(kRows)});
  model.constant("codes", w).constant("scale", scale).constant("zero", zero);
  model.node("DequantizeLinear", {"codes", "scale", "zero"}, {"w"}).attribute("axis", 0);
  model.node("Transpose", {"w"}, {"t"}).attribute("perm", Ints{1, 0});
  model.node("MatMul", {"x", "t"}, {"y"}).output("y");
  const Graph graph = model.import();
  const Value& value = weightsOf(graph);
  ASSERT_EQ(value.shape, (Shape{kRows, kColumns}));
  for (std::int64_t i = 0; i < w.size(); ++i) {
    const std::int64_t row = i / kColumns, column = i % kColumns;
    const double code = w.at(column * kRows + row) - zero.at(column);
    EXPECT_EQ(value.constant->dense->at(i),
              static_cast<float>(code) * static_cast<float>(scale.at(column)));
    EXPECT_EQ(value.constant->scales->at(i), scale.at(column));
    EXPECT_EQ(value.constant->zeros->at(i), zero.at(column));
  }
}

TEST(EncodedWeights, IntegersOfFourBitsAreUnpacked) {
  for (const int type : {21, 22}) {  // UINT4, INT4
    ModelBuilder model(17);
    model.input("x", {"1", "3"});
    onnx::TensorProto& w = *model.graph().add_initializer();
    w.set_name("codes");
    w.set_data_type(type);
    w.add_dims(3);
    w.add_dims(1);
    w.set_raw_data(std::string("\xF1\x08", 2));  // 1, 15, 8
    model.constant("scale", filled(DataType::Float32, {}, [] { return 2.0; }));
    model.node("DequantizeLinear", {"codes", "scale"}, {"w"});
    model.node("MatMul", {"x", "w"}, {"y"}).output("y");
    const Graph graph = model.import();
    const bool isSigned = type == 22;
    const std::vector<double> expected =
        isSigned ? std::vector<double>{2, -2, -16} : std::vector<double>{2, 30, 16};
    EXPECT_EQ(elements(*weightsOf(graph).constant->dense), expected);
  }
}

TEST(EncodedWeights, ScalesOfTheWrongShapeAreRefused) {
  Random random(1);
  const Tensor w = codes(random, DataType::Int8, {kRows, kColumns}, 8);
  const Tensor scale = filled(DataType::Float32, {5}, [] { return 1.0; });
  const Tensor zero = filled(DataType::Int8, {5}, [] { return 0.0; });
  EXPECT_THAT(importError(product(w, scale, zero, 1, 0)),
              HasSubstr("its scales must be one, or one for each index along axis"));
  EXPECT_THAT(importError(product(w, scale, zero, 0, 32)),
              HasSubstr("its scales must be one, or one for each block of block_size along axis"));
}

}  // namespace
}  // namespace npusim::testing_onnx
