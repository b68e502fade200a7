#include "sim/array/tile/tile_array.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

#include "sim/array/gather.h"
#include "sim/array/tile/product.h"
#include "sim/laws/array_law.h"
#include "sim/core/tensor.h"

namespace npusim {
namespace {

/// A random tile over one storage, with the strides that its accesses point to.
struct Problem {
  MatrixTile tile;
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<Storage> storages;
};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  float real() { return std::uniform_real_distribution<float>(-2, 2)(random_); }

 private:
  std::mt19937 random_;
};

constexpr std::int64_t kStorageBytes = 1 << 21;

void store(Storage& storage, std::int64_t address, DataType type, Dice& dice) {
  Tensor element(type, {1});
  const double value = isFloat(type)             ? static_cast<double>(dice.real())
                       : type == DataType::UInt8 ? static_cast<double>(dice.roll(0, 255))
                                                 : static_cast<double>(dice.roll(-128, 127));
  element.set(0, dice.roll(0, 9) == 0 ? 0 : value);
  std::memcpy(storage.at(address, byteSize(type)), element.bytes().data(), element.bytes().size());
}

double load(const Storage& storage, std::int64_t address, DataType type) {
  Tensor element(type, {1});
  std::memcpy(element.bytes().data(), storage.at(address, byteSize(type)), element.bytes().size());
  return element.at(0);
}

/// A convolution window over an image of height x width x channels (NHWC) with padding 1, stride 1
/// or 2: A as implicit im2col, B [k x n] or transposed, C dense.
std::unique_ptr<Problem> randomProblem(DataType a, DataType b, Dice& dice) {
  auto problem = std::make_unique<Problem>();
  problem->storages.emplace_back("buffer", true, kStorageBytes, kStorageBytes);
  MatrixTile& tile = problem->tile;
  const std::int64_t batch = dice.roll(1, 2), height = dice.roll(1, 7), width = dice.roll(1, 7);
  const std::int64_t channels = dice.roll(1, 40), window = dice.roll(1, 3);
  const std::int64_t step = dice.roll(1, 2), n = dice.roll(1, 70);
  const bool padded = dice.roll(0, 1) == 1, transposed = dice.roll(0, 1) == 1;
  const std::int64_t outHeight =
      padded ? (height - 1) / step + 1 : std::max<std::int64_t>(1, (height - window) / step + 1);
  const std::int64_t outWidth =
      padded ? (width - 1) / step + 1 : std::max<std::int64_t>(1, (width - window) / step + 1);
  tile.extents = {batch, outHeight, outWidth, n, window, window, channels};
  const std::int64_t k = window * window * channels;
  const std::int64_t wa = byteSize(a), wb = byteSize(b);
  const std::int64_t row = width * channels * wa, image = height * row;
  const std::int64_t pad = padded ? window / 2 : 0;
  problem->strides = {{image, step * row, step * channels * wa, 0, row, channels * wa, wa},
                      {0, 0, 0, transposed ? k * wb : wb, 0, 0, 0},
                      {outHeight * outWidth * n * 4, outWidth * n * 4, n * 4, 4, 0, 0, 0},
                      {0, 0, 0, 4, 0, 0, 0},
                      {0, step, 0, 0, 1, 0, 0},
                      {0, 0, step, 0, 0, 1, 0}};
  const std::int64_t kStep = transposed ? wb : n * wb;
  problem->strides[1][4] = window * channels * kStep;
  problem->strides[1][5] = channels * kStep;
  problem->strides[1][6] = kStep;
  const DataType sums = isFloat(a) ? DataType::Float32 : DataType::Int32;
  tile.a = {0, 0x1000 - pad * (row + channels * wa), problem->strides[0], {}, a};
  tile.a.bounds = {{-pad, height, problem->strides[4]}, {-pad, width, problem->strides[5]}};
  tile.b = {0, 0x80000, problem->strides[1], {}, b};
  tile.c = {0, 0x100000, problem->strides[2], {}, sums};
  if (dice.roll(0, 1) == 1) tile.bias = ResolvedAccess{0, 0x180000, problem->strides[3], {}, sums};
  tile.padding = isFloat(a) ? 0 : static_cast<std::int32_t>(dice.roll(0, 127));
  tile.accumulates = dice.roll(0, 2) == 0;
  Storage& storage = problem->storages[0];
  for (std::int64_t i = 0; i < batch * height * width * channels; ++i)
    store(storage, 0x1000 + i * wa, a, dice);
  for (std::int64_t i = 0; i < k * n; ++i) store(storage, 0x80000 + i * wb, b, dice);
  for (std::int64_t i = 0; i < tile.m() * n; ++i) store(storage, 0x100000 + i * 4, sums, dice);
  for (std::int64_t i = 0; i < n; ++i) store(storage, 0x180000 + i * 4, sums, dice);
  return problem;
}

bool inside(const MatrixTile& tile, const std::array<std::int64_t, 7>& p) {
  for (const ResolvedBound& bound : tile.a.bounds) {
    const std::int64_t coordinate = dot(bound.origin, bound.strides, p);
    if (coordinate < 0 || coordinate >= bound.limit) return false;
  }
  return true;
}

/// One output by the definition; counts the zeros of A it saw.
template <typename T>
T naive(const MatrixTile& tile, const Storage& storage, std::array<std::int64_t, 7> p,
        std::int64_t& zeros) {
  T sum{};
  if (tile.accumulates) {
    sum = static_cast<T>(load(storage, dot(tile.c.address, tile.c.strides, p), tile.c.type));
  } else if (tile.bias) {
    sum =
        static_cast<T>(load(storage, dot(tile.bias->address, tile.bias->strides, p), tile.c.type));
  }
  for (p[4] = 0; p[4] < tile.extents[4]; ++p[4]) {
    for (p[5] = 0; p[5] < tile.extents[5]; ++p[5]) {
      for (p[6] = 0; p[6] < tile.extents[6]; ++p[6]) {
        const T a =
            inside(tile, p)
                ? static_cast<T>(load(storage, dot(tile.a.address, tile.a.strides, p), tile.a.type))
                : static_cast<T>(tile.padding);
        const T b =
            static_cast<T>(load(storage, dot(tile.b.address, tile.b.strides, p), tile.b.type));
        zeros += a == T{} ? 1 : 0;
        if constexpr (std::is_same_v<T, float>) {
          sum = std::fma(a, b, sum);
        } else {
          sum += a * b;
        }
      }
    }
  }
  return sum;
}

template <typename T>
void expectNaive(Problem& problem, const std::string& where) {
  const MatrixTile& tile = problem.tile;
  std::vector<T> expected;
  std::int64_t zeros = 0;
  std::array<std::int64_t, 7> p{};
  const std::array<std::int64_t, 4> outer = {tile.extents[0], tile.extents[1], tile.extents[2],
                                             tile.extents[3]};
  do {
    std::int64_t seen = 0;
    expected.push_back(naive<T>(tile, problem.storages[0], p, seen));
    if (p[3] == 0) zeros += seen;
  } while (stepPosition(std::span(p).first(4), outer));

  ChipConfig chip;
  TileArray array(chip.array);
  EXPECT_EQ(array.compute(tile, problem.storages).macs, zeros * tile.n()) << where;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    T actual;
    std::memcpy(&actual,
                problem.storages[0].at(tile.c.address + static_cast<std::int64_t>(i) * 4, 4), 4);
    ASSERT_EQ(actual, expected[i]) << where << ", output " << i;
  }
}

TEST(TileArray, ProductsEqualTheNaiveChainBitForBit) {
  const std::pair<DataType, DataType> formats[] = {
      {DataType::Float32, DataType::Float32},   {DataType::Float16, DataType::Float16},
      {DataType::BFloat16, DataType::BFloat16}, {DataType::Int8, DataType::Int8},
      {DataType::UInt8, DataType::Int8},        {DataType::Int16, DataType::Int16}};
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Dice dice(seed);
    const auto [a, b] = formats[seed % std::size(formats)];
    const auto problem = randomProblem(a, b, dice);
    const std::string where = "seed " + std::to_string(seed) + " " + std::string(name(a));
    if (isFloat(a)) {
      expectNaive<float>(*problem, where);
    } else {
      expectNaive<std::int32_t>(*problem, where);
    }
  }
}

TEST(TileArray, LargeProductIsGatheredInSeveralBlocks) {
  constexpr std::int64_t kM = 120, kN = 35, kK = 700;
  Problem problem;
  problem.storages.emplace_back("buffer", true, kStorageBytes, kStorageBytes);
  problem.strides = {
      {0, 0, kK * 4, 0, 0, 0, 4}, {0, 0, 0, 4, 0, 0, kN * 4}, {0, 0, kN * 4, 4, 0, 0, 0}};
  MatrixTile& tile = problem.tile;
  tile.extents = {1, 1, kM, kN, 1, 1, kK};
  tile.a = {0, 0, problem.strides[0], {}, DataType::Float32};
  tile.b = {0, 0x100000, problem.strides[1], {}, DataType::Float32};
  tile.c = {0, 0x180000, problem.strides[2], {}, DataType::Float32};
  Dice dice(5);
  for (std::int64_t i = 0; i < kM * kK; ++i)
    store(problem.storages[0], i * 4, DataType::Float32, dice);
  for (std::int64_t i = 0; i < kN * kK; ++i)
    store(problem.storages[0], 0x100000 + i * 4, DataType::Float32, dice);
  expectNaive<float>(problem, "large");
}

TEST(TileArray, CostsFollowTheLaw) {
  ChipConfig chip;
  chip.array.macsPerCycle = {{DataType::Int8, 1}};
  TileArray array(chip.array);
  MatrixTile tile;
  tile.extents = {1, 5, 10, 40, 3, 3, 7};
  const std::array<std::int64_t, 7> strides{};
  tile.a.type = DataType::UInt8;
  tile.a.strides = strides;
  const ArrayCost cost = array.cost(tile);
  const MatrixShape shape{{1, 5, 10, 40, 3, 3, 7}};
  EXPECT_EQ(cost.timing, arrayTiming(chip.array, DataType::Int8, shape));
  EXPECT_EQ(cost.work, arrayWork(chip.array, DataType::Int8, shape));
}

}  // namespace
}  // namespace npusim
