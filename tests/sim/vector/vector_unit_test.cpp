#include "sim/vector/vector_unit.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <random>

#include "sim/core/error.h"
#include "sim/core/tensor.h"

namespace npusim {
namespace {

using isa::VectorStep;

constexpr std::int64_t kStorageBytes = 1 << 20;
constexpr std::int64_t kOut = 0xC0000;

/// A vector tile that owns what it refers to.
struct Bench {
  isa::VectorPass pass;
  VectorTile tile;
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<Storage> storages;

  Bench(std::vector<std::int64_t> extents, int reduceDims) {
    storages.emplace_back("buffer", true, kStorageBytes, kStorageBytes);
    pass.reduceDims = reduceDims;
    tile.extents = std::move(extents);
    strides.reserve(16);
  }

  std::span<const std::int64_t> keep(std::vector<std::int64_t> values) {
    return strides.emplace_back(std::move(values));
  }

  void operand(std::int64_t address, std::vector<std::int64_t> steps, DataType type,
               isa::Scaling scaling = {}) {
    tile.operands.push_back({{0, address, keep(std::move(steps)), {}, type}, scaling});
  }

  void out(std::vector<std::int64_t> steps, DataType type, isa::Scaling scaling = {}) {
    tile.out = {{0, kOut, keep(std::move(steps)), {}, type}, scaling};
  }

  void run() {
    tile.pass = &pass;
    executePass(tile, storages);
  }

  void set(std::int64_t address, DataType type, double value) {
    Tensor element(type, {1});
    element.set(0, value);
    std::memcpy(storages[0].at(address, byteSize(type)), element.bytes().data(),
                element.bytes().size());
  }

  double get(std::int64_t address, DataType type) const {
    Tensor element(type, {1});
    std::memcpy(element.bytes().data(), storages[0].at(address, byteSize(type)),
                element.bytes().size());
    return element.at(0);
  }

  template <typename T>
  T exact(std::int64_t address) const {
    T value;
    std::memcpy(&value, storages[0].at(address, sizeof(T)), sizeof(T));
    return value;
  }
};

VectorStep step(ElementOp op, int operand = -1, float alpha = 0, float beta = 0,
                bool reversed = false) {
  return {op, operand, alpha, beta, reversed};
}

float scalarStep(const VectorStep& s, float x, float y) {
  if (s.reversed) std::swap(x, y);
  switch (s.op) {
    case ElementOp::Add:
      return x + y;
    case ElementOp::Sub:
      return x - y;
    case ElementOp::Mul:
      return x * y;
    case ElementOp::Div:
      return x / y;
    case ElementOp::Relu:
      return std::max(x, 0.0F);
    case ElementOp::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case ElementOp::HardSwish:
      return x * std::max(0.0F, std::min(1.0F, x / 6 + 0.5F));
    default:
      ADD_FAILURE() << "no scalar form";
      return 0;
  }
}

TEST(VectorUnit, StepsRunInOrderOnEveryLane) {
  constexpr std::int64_t kRows = 5, kColumns = 700;
  Bench bench({kRows, kColumns}, 0);
  bench.operand(0, {kColumns * 4, 4}, DataType::Float32);
  bench.operand(0x40000, {0, 4}, DataType::Float32);  // one value a column
  bench.operand(0x60000, {4, 0}, DataType::Float32);  // one value a row
  bench.out({kColumns * 4, 4}, DataType::Float32);
  const std::vector<VectorStep> all = {step(ElementOp::Add, 1),
                                       step(ElementOp::Mul, 2),
                                       step(ElementOp::Sub, -1, 1.5F, 0, true),
                                       step(ElementOp::Sigmoid),
                                       step(ElementOp::Div, 1, 0, 0, true),
                                       step(ElementOp::HardSwish)};
  bench.pass.pre = {all.begin(), all.begin() + 2};
  bench.pass.post = {all.begin() + 2, all.end()};
  std::mt19937 random(1);
  std::uniform_real_distribution<float> values(-3, 3);
  for (std::int64_t i = 0; i < kRows * kColumns; ++i)
    bench.set(i * 4, DataType::Float32, values(random));
  for (std::int64_t i = 0; i < kColumns; ++i)
    bench.set(0x40000 + i * 4, DataType::Float32, values(random));
  for (std::int64_t i = 0; i < kRows; ++i)
    bench.set(0x60000 + i * 4, DataType::Float32, values(random));
  bench.run();
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kColumns; ++c) {
      float x = bench.exact<float>((r * kColumns + c) * 4);
      for (const VectorStep& s : all) {
        const float y = s.operand == 1   ? bench.exact<float>(0x40000 + c * 4)
                        : s.operand == 2 ? bench.exact<float>(0x60000 + r * 4)
                                         : s.alpha;
        x = scalarStep(s, x, y);
      }
      ASSERT_EQ(bench.exact<float>(kOut + (r * kColumns + c) * 4), x) << r << "," << c;
    }
  }
}

/// Reductions in ascending order over [lanes][outer reduced][inner reduced], some positions outside
/// a bound on the inner one.
void checkReduction(ReduceOp op, std::int64_t lanes, std::int64_t outer, std::int64_t inner) {
  Bench bench({lanes, outer, inner}, 2);
  const std::int64_t laneBytes = outer * inner * 4;
  bench.operand(0, {laneBytes, inner * 4, 4}, DataType::Float32);
  const std::int64_t last = std::max<std::int64_t>(1, inner - 1);  // leaves out the last position
  bench.tile.operands[0].access.bounds = {{0, last, bench.keep({0, 0, 1})}};
  bench.out({4, 0, 0}, DataType::Float32);
  bench.pass.reduce = op;
  bench.pass.pre = {step(ElementOp::Mul, -1, 1.25F)};
  bench.pass.post = {step(ElementOp::Add, -1, 0.5F)};
  std::mt19937 random(static_cast<std::uint32_t>(lanes * 1000 + inner));
  std::uniform_real_distribution<float> values(-1, 1);
  for (std::int64_t i = 0; i < lanes * outer * inner; ++i) {
    bench.set(i * 4, DataType::Float32, values(random));
  }
  bench.run();
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    float sum = op == ReduceOp::Sum ? 0 : op == ReduceOp::Max ? -1e30F : 1e30F;
    for (std::int64_t i = 0; i < outer * inner; ++i) {
      if (i % inner >= last) continue;
      const float x = bench.exact<float>(lane * laneBytes + i * 4) * 1.25F;
      sum = op == ReduceOp::Sum   ? sum + x
            : op == ReduceOp::Max ? std::max(sum, x)
                                  : std::min(sum, x);
    }
    ASSERT_EQ(bench.exact<float>(kOut + lane * 4), sum + 0.5F)
        << name(op) << " lane " << lane << " of " << lanes << ", inner " << inner;
  }
}

TEST(VectorUnit, ReductionsAreAscending) {
  for (const ReduceOp op : {ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min}) {
    for (const std::int64_t lanes : {1, 3, 7, 8, 300}) {
      for (const std::int64_t inner : {1, 5, 9, 600}) {
        if (lanes * 2 * inner * 4 < kOut) checkReduction(op, lanes, 2, inner);
      }
    }
  }
}

TEST(VectorUnit, EverythingReducesToOneValue) {
  Bench bench({1000}, 1);
  bench.operand(0, {4}, DataType::Float32);
  bench.out({0}, DataType::Float32);
  float sum = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const float x = 1.0F / static_cast<float>(i + 1);
    bench.set(i * 4, DataType::Float32, x);
    sum += x;
  }
  bench.run();
  EXPECT_EQ(bench.exact<float>(kOut), sum);
}

TEST(VectorUnit, QuantizedInAndOut) {
  Bench bench({600}, 0);
  const isa::Scaling in{0.037F, -3}, out{0.0213F, 12};
  bench.operand(0, {1}, DataType::Int8, in);
  bench.operand(0x1000, {4}, DataType::Int32);  // accumulators convert once
  bench.out({1}, DataType::UInt8, out);
  bench.pass.post = {step(ElementOp::Add, 1), step(ElementOp::Relu)};
  for (std::int64_t i = 0; i < 600; ++i) {
    bench.set(i, DataType::Int8, static_cast<double>(i % 256 - 128));
    bench.set(0x1000 + i * 4, DataType::Int32, static_cast<double>(i % 7 - 3));
  }
  bench.run();
  for (std::int64_t i = 0; i < 600; ++i) {
    float x = static_cast<float>(i % 256 - 128 + 3) * 0.037F;
    x = std::max(x + static_cast<float>(i % 7 - 3), 0.0F);
    const double level =
        std::clamp(static_cast<double>(std::nearbyint(x / 0.0213F)) + 12, 0.0, 255.0);
    ASSERT_EQ(bench.get(kOut + i, DataType::UInt8), level) << i;
  }
}

TEST(VectorUnit, HalvesRoundOnceAtTheEnd) {
  Bench bench({300}, 0);
  bench.operand(0, {2}, DataType::Float16);
  bench.out({2}, DataType::BFloat16);
  bench.pass.pre = {step(ElementOp::Mul, -1, 1.0009765625F), step(ElementOp::Add, -1, 1e-4F)};
  for (std::int64_t i = 0; i < 300; ++i)
    bench.set(i * 2, DataType::Float16, 0.37 * static_cast<double>(i));
  bench.run();
  for (std::int64_t i = 0; i < 300; ++i) {
    const float x = halfToFloat(bench.exact<std::uint16_t>(i * 2)) * 1.0009765625F + 1e-4F;
    ASSERT_EQ(bench.exact<std::uint16_t>(kOut + i * 2), floatToBfloat16(x)) << i;
  }
}

TEST(VectorUnit, LargeIntegersStayExact) {
  Bench bench({3, 100}, 0);
  bench.operand(0, {800, 8}, DataType::Int64);
  bench.operand(0x1000, {0, 0}, DataType::Int32);
  bench.out({800, 8}, DataType::Int64);
  bench.pass.post = {step(ElementOp::Add, 1), step(ElementOp::Mul, -1, 3)};
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  for (std::int64_t i = 0; i < 300; ++i) {
    const std::int64_t value = big + i;
    std::memcpy(bench.storages[0].at(i * 8, 8), &value, 8);
  }
  bench.set(0x1000, DataType::Int32, -7);
  bench.run();
  for (std::int64_t i = 0; i < 300; ++i) {
    ASSERT_EQ(bench.exact<std::int64_t>(kOut + i * 8), (big + i - 7) * 3) << i;
  }
}

TEST(VectorUnit, PlainIntegersDivideTowardZeroAndReportZero) {
  Bench bench({2}, 0);
  bench.operand(0, {4}, DataType::Int32);
  bench.out({4}, DataType::Int32);
  bench.pass.post = {step(ElementOp::Div, -1, 2)};
  bench.set(0, DataType::Int32, -7);
  bench.set(4, DataType::Int32, 7);
  bench.run();
  EXPECT_EQ(bench.get(kOut, DataType::Int32), -3);
  EXPECT_EQ(bench.get(kOut + 4, DataType::Int32), 3);
  bench.pass.post = {step(ElementOp::Div, -1, 0)};
  EXPECT_THROW(bench.run(), CheckFailed);
}

TEST(VectorUnit, PositionsOutsideTheBoundsAreLeftAlone) {
  Bench bench({10}, 0);
  bench.operand(0, {4}, DataType::Float32);
  bench.tile.operands[0].access.bounds = {{-2, 6, bench.keep({1})}};  // positions 2 .. 7
  bench.out({4}, DataType::Float32);
  for (std::int64_t i = 0; i < 10; ++i) {
    bench.set(i * 4, DataType::Float32, 1);
    bench.set(kOut + i * 4, DataType::Float32, -9);
  }
  bench.run();
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(bench.get(kOut + i * 4, DataType::Float32), i >= 2 && i < 8 ? 1 : -9) << i;
  }
}

TEST(VectorUnit, CostCountsOperationsAndBytes) {
  Bench bench({4, 32, 9}, 1);
  bench.operand(0, {1152, 4, 128}, DataType::Float32);
  bench.operand(0x1000, {0, 4, 0}, DataType::Float32);
  bench.out({128, 4, 0}, DataType::Float32);
  bench.pass.pre = {step(ElementOp::Exp), step(ElementOp::Mul, 1)};
  bench.pass.post = {step(ElementOp::Div, -1, 9)};
  bench.tile.pass = &bench.pass;
  const VectorCost cost = vectorCost(VectorConfig{}, bench.tile);
  EXPECT_EQ(cost.transcendentalOps, 4 * 32 * 9);
  EXPECT_EQ(cost.simpleOps, 2 * 4 * 32 * 9);  // the multiplication and the accumulation
  EXPECT_EQ(cost.divideOps, 4 * 32);
  EXPECT_THAT(cost.operandBytes, ::testing::ElementsAre(4 * 32 * 9 * 4, 4 * 32 * 4));
  EXPECT_EQ(cost.outBytes, 4 * 32 * 4);
  EXPECT_EQ(cost.cycles, 4 * 9 * 5 + 4 * 4);  // 32 lanes: exp 4 + mul 1, then a division of 4
}

}  // namespace
}  // namespace npusim
