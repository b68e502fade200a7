#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "sim/core/data_type.h"
#include "sim/vector/vector_unit.h"

/// Passes over the types that fp32 and int64 do not hold: fp64, uint64 and uint32.
namespace npusim {
namespace {

constexpr std::int64_t kStorageBytes = 1 << 16, kSecond = 0x4000, kOut = 0x8000;

/// One pass x op y over lists of values.
class Pass {
 public:
  Pass() { storages_.emplace_back("buffer", true, kStorageBytes, kStorageBytes); }

  template <typename In, typename Out>
  std::vector<Out> run(DataType from, DataType to, const std::vector<isa::VectorStep>& steps,
                       const std::vector<In>& x, const std::vector<In>& y = {}) {
    const std::int64_t inWidth = sizeof(In), outWidth = sizeof(Out);
    const std::vector<std::int64_t> in = {inWidth}, out = {outWidth};
    isa::VectorPass pass;
    pass.post = steps;
    VectorTile tile;
    tile.pass = &pass;
    tile.extents = {std::ssize(x)};
    put(0, x);
    tile.operands.push_back({{0, 0, in, {}, from}, {}});
    put(kSecond, y);
    if (!y.empty()) tile.operands.push_back({{0, kSecond, in, {}, from}, {}});
    tile.out = {{0, kOut, out, {}, to}, {}};
    executePass(tile, storages_);
    std::vector<Out> result(x.size());
    const std::int64_t bytes = std::ssize(result) * outWidth;
    std::memcpy(result.data(), storages_[0].at(kOut, bytes), static_cast<std::size_t>(bytes));
    return result;
  }

 private:
  template <typename T>
  void put(std::int64_t address, const std::vector<T>& values) {
    const auto bytes = std::ssize(values) * static_cast<std::int64_t>(sizeof(T));
    if (bytes == 0) return;
    std::memcpy(storages_[0].at(address, bytes), values.data(), static_cast<std::size_t>(bytes));
  }

  std::vector<Storage> storages_;
};

isa::VectorStep step(ElementOp op, int operand = -1) { return {op, operand, 0, 0, false}; }

constexpr unsigned kSeed = 17;

TEST(WideTypes, DoublesKeepTheirBits) {
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> reals(-1e9, 1e9);
  std::vector<double> x, y;
  for (int i = 0; i < 700; ++i) {
    x.push_back(reals(random));
    y.push_back(reals(random));
  }
  Pass pass;
  const auto run = [&](ElementOp op) {
    return pass.run<double, double>(DataType::Float64, DataType::Float64, {step(op, 1)}, x, y);
  };
  const auto sums = run(ElementOp::Add), maxima = run(ElementOp::Max), rests = run(ElementOp::Mod);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(sums[i], x[i] + y[i]) << "seed " << kSeed;
    ASSERT_EQ(maxima[i], std::max(x[i], y[i]));
    const double rest = std::fmod(x[i], y[i]);
    ASSERT_EQ(rests[i], rest != 0 && (rest < 0) != (y[i] < 0) ? rest + y[i] : rest);
  }
}

TEST(WideTypes, CastsFromDoublesRoundOnce) {
  // Half a unit of fp16 above 1, and a little more than fp32 can tell.
  const std::vector<double> x = {1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, -1e300, 2.5, -2.5};
  Pass pass;
  const auto halves = pass.run<double, std::uint16_t>(DataType::Float64, DataType::Float16, {}, x);
  EXPECT_EQ(halfToFloat(halves[0]), 1.0F);
  EXPECT_EQ(halfToFloat(halves[1]), 1.0F + 0x1p-10F);
  EXPECT_EQ(halfToFloat(halves[2]), -std::numeric_limits<float>::infinity());
  const auto singles = pass.run<double, float>(DataType::Float64, DataType::Float32, {}, x);
  EXPECT_EQ(singles[1], 1.0F + 0x1p-11F);
  const auto whole = pass.run<double, std::int32_t>(DataType::Float64, DataType::Int32,
                                                    {step(ElementOp::Trunc)}, x);
  EXPECT_EQ(whole, (std::vector<std::int32_t>{1, 1, INT32_MIN, 2, -2}));
}

TEST(WideTypes, UnsignedIntegersCompareAndDivideUnsigned) {
  std::mt19937_64 random(kSeed);
  std::vector<std::uint64_t> x, y;
  for (int i = 0; i < 700; ++i) {
    x.push_back(random());
    y.push_back((random() >> (random() % 60)) | 1U);
  }
  Pass pass;
  const auto run = [&](ElementOp op) {
    return pass.run<std::uint64_t, std::uint64_t>(DataType::UInt64, DataType::UInt64, {step(op, 1)},
                                                  x, y);
  };
  const auto maxima = run(ElementOp::Max), rests = run(ElementOp::Mod), parts = run(ElementOp::Div),
             products = run(ElementOp::Mul);
  const auto less = pass.run<std::uint64_t, std::uint8_t>(DataType::UInt64, DataType::Bool,
                                                          {step(ElementOp::Less, 1)}, x, y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(maxima[i], std::max(x[i], y[i])) << "seed " << kSeed;
    ASSERT_EQ(rests[i], x[i] % y[i]);
    ASSERT_EQ(parts[i], x[i] / y[i]);
    ASSERT_EQ(products[i], x[i] * y[i]);
    ASSERT_EQ(less[i], x[i] < y[i] ? 1 : 0);
  }
}

TEST(WideTypes, Uint32IsNotTakenForSigned) {
  const std::vector<std::uint32_t> x = {0xFFFFFFFFU, 7, 0x80000000U}, y = {2, 0xFFFFFFFFU, 3};
  Pass pass;
  const auto run = [&](ElementOp op) {
    return pass.run<std::uint32_t, std::uint32_t>(DataType::UInt32, DataType::UInt32, {step(op, 1)},
                                                  x, y);
  };
  EXPECT_EQ(run(ElementOp::Max),
            (std::vector<std::uint32_t>{0xFFFFFFFFU, 0xFFFFFFFFU, 0x80000000U}));
  EXPECT_EQ(run(ElementOp::Mod), (std::vector<std::uint32_t>{1, 7, 2}));
  EXPECT_EQ(run(ElementOp::Add), (std::vector<std::uint32_t>{1, 6, 0x80000003U}));
}

}  // namespace
}  // namespace npusim
