#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "sim/chip/npu.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim::testing {

using isa::Engine;

constexpr std::int64_t kA = 0x10000, kB = 0x20000, kC = 0x30000;  // in the buffer

inline Tensor randomFloats(const Shape& shape, std::uint32_t seed) {
  Tensor tensor(DataType::Float32, shape);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  for (float& x : tensor.as<float>()) x = values(random);
  return tensor;
}

inline Tensor naiveProduct(const Tensor& a, const Tensor& b) {
  const std::int64_t m = a.shape()[0], k = a.shape()[1], n = b.shape()[1];
  Tensor c(DataType::Float32, {m, n});
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (std::int64_t p = 0; p < k; ++p) {
        sum = std::fma(a.as<float>()[static_cast<std::size_t>(i * k + p)],
                       b.as<float>()[static_cast<std::size_t>(p * n + j)], sum);
      }
      c.as<float>()[static_cast<std::size_t>(i * n + j)] = sum;
    }
  }
  return c;
}

inline void expectSame(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::int64_t i = 0; i < a.size(); ++i) ASSERT_EQ(a.at(i), b.at(i)) << "element " << i;
}

/// y = a x w in `tiles` tiles of rows on every core: A double-buffered in, C out through the vector
/// unit. Each core has rows of its own.
inline isa::Program tiledProduct(const ChipConfig& chip, std::int64_t tiles, std::int64_t m,
                                 std::int64_t n, std::int64_t k) {
  ProgramBuilder builder(chip);
  builder.layer("product", chip.cores * tiles * m * n * k);
  isa::Program& program = builder.program();
  const std::int64_t aBytes = m * k * 4, bBytes = k * n * 4, cBytes = m * n * 4;
  const std::int64_t out = kC + 2 * cBytes;
  const std::int64_t allTiles = chip.cores * tiles;
  const std::int64_t dramB = allTiles * aBytes, dramY = dramB + bBytes;
  program.inputs = {port("a", kDram, 0, DataType::Float32, {allTiles * m, k})};
  program.constants = {{"w", kDram, dramB, bBytes, nullptr}};
  program.outputs = {port("y", kDram, dramY, DataType::Float32, {allTiles * m, n})};
  const auto ofCore = [&](std::int64_t bytes) {
    return isa::LoopTerm{isa::kCoreDepth, bytes, chip.cores};
  };
  const auto weights = builder.semaphore("weights loaded");
  const auto full = builder.semaphore("inputs loaded"), empty = builder.semaphore("slot free", 2);
  const auto sums = builder.semaphore("sums ready"), sumsFree = builder.semaphore("sums free", 2);
  const auto done = builder.semaphore("tile done"), outFree = builder.semaphore("output free", 2);

  builder.add(Engine::LoadWeights, copy(kDram, dramB, kBuffer, kB, bBytes), {}, {weights});
  builder.add(Engine::LoadInputs, isa::Loop{tiles});
  builder.add(Engine::LoadInputs,
              copy(kDram, 0, kBuffer, kA, aBytes, {{0, aBytes, 0}, ofCore(tiles * aBytes)},
                   {{0, aBytes, 2}}),
              {empty}, {full});
  builder.add(Engine::LoadInputs, isa::EndLoop{});

  builder.add(Engine::Matrix, isa::Sync{}, {weights});
  builder.add(Engine::Matrix, isa::Loop{tiles});
  isa::Matrix matrix = product(m, n, k, kA, kB, kC, DataType::Float32, DataType::Float32);
  matrix.a.address.terms = {{0, aBytes, 2}};
  matrix.c.address.terms = {{0, cBytes, 2}};
  builder.add(Engine::Matrix, matrix, {full, sumsFree}, {empty, sums});
  builder.add(Engine::Matrix, isa::EndLoop{});

  isa::VectorPass pass;
  pass.dims = {extent(m * n)};
  pass.operands = {{access(kBuffer, kC, {4}, DataType::Float32, {{0, cBytes, 2}}), {}}};
  pass.out = {access(kBuffer, out, {4}, DataType::Float32, {{0, cBytes, 2}}), {}};
  pass.afterArray = true;
  builder.add(Engine::Vector, isa::Loop{tiles});
  builder.add(Engine::Vector, pass, {sums, outFree}, {sumsFree, done});
  builder.add(Engine::Vector, isa::EndLoop{});

  builder.add(Engine::Store, isa::Loop{tiles});
  builder.add(Engine::Store,
              copy(kBuffer, out, kDram, dramY, cBytes, {{0, cBytes, 2}},
                   {{0, cBytes, 0}, ofCore(tiles * cBytes)}),
              {done}, {outFree});
  builder.add(Engine::Store, isa::EndLoop{});
  return program;
}

inline void setWeights(isa::Program& program, const Tensor& w) {
  program.constants[0].bytes =
      std::make_shared<std::vector<std::byte>>(w.bytes().begin(), w.bytes().end());
}

/// Runs a program with random A and W; returns the outcome and checks nothing.
struct Outcome {
  Npu::Prediction prediction;
  Tensor y, expected;
};

inline Outcome runTiled(const ChipConfig& chip, isa::Program& program) {
  const Shape& shape = program.inputs[0].shape;
  const std::int64_t n = program.outputs[0].shape[1];
  const Tensor a = randomFloats(shape, 1), w = randomFloats({shape[1], n}, 2);
  setWeights(program, w);
  Npu npu(chip, program, true);
  npu.load();
  npu.setInput("a", a);
  Npu::Prediction prediction = npu.predict();
  return {std::move(prediction), npu.output("y"), naiveProduct(a, w)};
}

inline bool same(const Tensor& a, const Tensor& b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

}  // namespace npusim::testing
