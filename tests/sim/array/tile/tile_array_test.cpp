#include "sim/array/tile/tile_array.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <span>

#include "sim/array/sums.h"
#include "sim/core/tensor.h"
#include "sim/laws/array_law.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using namespace testing_tiles;
using Position = std::array<std::int64_t, MatrixTile::kDimensions>;

double load(const Storage& storage, std::int64_t address, DataType type) {
  Tensor element(type, {1});
  std::memcpy(element.bytes().data(), storage.at(address, byteSize(type)), element.bytes().size());
  return element.at(0);
}

bool inside(const MatrixTile& tile, const Position& p) {
  for (const ResolvedBound& bound : tile.a.bounds) {
    const std::int64_t coordinate = dot(bound.origin, bound.strides, p);
    if (coordinate < 0 || coordinate >= bound.limit) return false;
  }
  return true;
}

/// The operands that one output needs, over ascending k.
template <typename T>
struct Operands {
  T start{};
  std::vector<T> a, b;
};

template <typename T>
Operands<T> operandsOf(const MatrixTile& tile, const Storage& storage, Position p) {
  const auto element = [&](const ResolvedAccess& access) {
    return static_cast<T>(load(storage, dot(access.address, access.strides, p), access.type));
  };
  Operands<T> operands;
  if (tile.accumulates) {
    operands.start = element(tile.c);
  } else if (tile.bias) {
    operands.start = element(*tile.bias);
  }
  const T zeroA = tile.zeroA ? element(*tile.zeroA) : T{};
  const T zeroB = tile.zeroB ? element(*tile.zeroB) : T{};
  const T padding = tile.zeroA ? zeroA : static_cast<T>(tile.padding);
  do {
    operands.a.push_back((inside(tile, p) ? element(tile.a) : padding) - zeroA);
    operands.b.push_back(element(tile.b) - zeroB);
  } while (stepPosition(std::span(p).subspan(4), std::span(tile.extents).subspan(4)));
  return operands;
}

template <typename T>
T chain(const Operands<T>& operands, std::size_t first, std::size_t last, T sum) {
  for (std::size_t k = first; k < last; ++k) {
    if constexpr (std::is_same_v<T, float>) {
      sum = std::fma(operands.a[k], operands.b[k], sum);
    } else {
      sum += operands.a[k] * operands.b[k];
    }
  }
  return sum;
}

/// The sum of a full binary tree.
float tree(std::span<const float> leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t half = leaves.size() / 2;
  return tree(leaves.first(half)) + tree(leaves.subspan(half));
}

/// An output by the definition of an array whose `pes` PEs along k, with `depth` products each,
/// feed a tree; `along`: how much of k runs there at a time.
float byTrees(const Operands<float>& operands, std::size_t along, std::size_t pes,
              std::size_t depth) {
  float sum = operands.start;
  for (std::size_t part = 0; part < operands.a.size(); part += along) {
    for (std::size_t piece = part; piece < part + along; piece += pes * depth) {
      std::vector<float> leaves(std::bit_ceil(pes), 0.0F);
      for (std::size_t pe = 0; pe < pes; ++pe) {
        const std::size_t first = std::min(piece + pe * depth, part + along);
        leaves[pe] = chain(operands, first, std::min(first + depth, part + along), 0.0F);
      }
      sum = tree(leaves) + sum;
    }
  }
  return sum;
}

float expectedOf(const ArrayConfig& array, const MatrixTile& tile,
                 const Operands<float>& operands) {
  const Dataflow& dataflow = array.dataflow;
  if (dataflow.outputs != Travel::Tree) {
    return chain(operands, 0, operands.a.size(), operands.start);
  }
  const bool alongRows = dataflow.rows.back() == LoopDim::C;
  std::int64_t along = 1;
  for (const LoopDim dim : alongRows ? dataflow.rows : dataflow.cols) {
    along *= tile.extents[static_cast<std::size_t>(dim)];
  }
  const double rate = array.macsPerCycle.begin()->second;
  return byTrees(operands, static_cast<std::size_t>(along),
                 static_cast<std::size_t>(alongRows ? array.rows : array.cols),
                 static_cast<std::size_t>(std::max(1.0, std::round(rate))));
}
template <std::integral T>
T expectedOf(const ArrayConfig& /*array*/, const MatrixTile& /*tile*/,
             const Operands<T>& operands) {
  return chain(operands, 0, operands.a.size(), operands.start);
}

/// The bytes of a sum as it lies in the accumulators.
template <typename T>
void appendBytes(T value, DataType type, std::vector<std::byte>& bytes) {
  bytes.resize(bytes.size() + static_cast<std::size_t>(byteSize(type)));
  std::byte* const target = bytes.data() + bytes.size() - byteSize(type);
  if constexpr (std::is_same_v<T, float>) {
    writeFloats(type, &value, 1, target, byteSize(type));
  } else {
    std::memcpy(target, &value, sizeof(T));
  }
}

template <typename T>
void expectNaive(const ArrayConfig& array, Problem& problem) {
  const MatrixTile& tile = problem.tile;
  std::vector<std::byte> expected;
  std::int64_t zeros = 0;
  Position p{};
  do {
    const Operands<T> operands = operandsOf<T>(tile, problem.storages[0], p);
    zeros += std::count(operands.a.begin(), operands.a.end(), T{});
    appendBytes(expectedOf(array, tile, operands), tile.c.type, expected);
  } while (stepPosition(std::span(p).first(4), std::span(tile.extents).first(4)));
  TileArray model(array);
  EXPECT_EQ(model.compute(tile, problem.storages).macs, zeros);
  EXPECT_EQ(resultBytes(problem), expected);
}

TEST(TileArray, ValuesEqualTheDefinitionBitForBit) {
  for (std::uint32_t seed = 0; seed < 120; ++seed) {
    const RandomTile drawn = randomTile(seed, {.axis = 40, .peSteps = 2000, .macs = 40'000});
    SCOPED_TRACE(drawn.text);
    withSumType(drawn.problem->tile.c.type,
                [&]<typename T>(T) { expectNaive<T>(drawn.array, *drawn.problem); });
  }
}

/// A product of m x n x k in fp32, sums from zero.
std::unique_ptr<Problem> plainProduct(std::int64_t m, std::int64_t n, std::int64_t k, Dice& dice) {
  return problemOf(Window::product(m, n, k), kFormats[0], DataType::Float32, dice);
}

ArrayConfig floatArray(const char* dataflow) {
  ArrayConfig array;
  array.dataflow = dataflowPreset(dataflow);
  array.macsPerCycle = {{DataType::Float32, 1}};
  return array;
}

TEST(TileArray, LargeProductIsGatheredInSeveralBlocks) {
  Dice dice(5);
  expectNaive<float>(floatArray("weight_stationary"), *plainProduct(120, 35, 700, dice));
}

/// Products so small that they round to -0.0 tell a tree over the array's PEs, whose missing leaves
/// are +0.0, from one over the PEs in use.
TEST(TileArray, MissingLeavesOfATreeAreZeros) {
  for (const auto& [cols, signs] : {std::pair{std::int64_t{2}, true}, {std::int64_t{4}, false}}) {
    Dice dice(1);
    const auto problem = plainProduct(1, 1, 2, dice);
    problem->tile.accumulates = true;
    ArrayConfig array = floatArray("dot_product");
    array.cols = cols;
    const float tiny = 1e-40F, negative[] = {-1e-40F, -1e-40F}, positive[] = {tiny, tiny};
    const float sum = -0.0F;
    Storage& storage = problem->storages[0];
    std::memcpy(storage.at(kInputsAt, 8), positive, 8);
    std::memcpy(storage.at(kWeightsAt, 8), negative, 8);
    std::memcpy(storage.at(kSumsAt, 4), &sum, 4);
    TileArray model(array);
    model.compute(problem->tile, problem->storages);
    EXPECT_EQ(std::signbit(static_cast<float>(load(storage, kSumsAt, DataType::Float32))), signs);
  }
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
