#include "sim/chip/npu.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "sim/core/error.h"
#include "sim/laws/array_law.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using isa::Engine;
using namespace npusim::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kA = 0x10000, kB = 0x20000, kC = 0x30000;  // in the buffer

Tensor randomFloats(const Shape& shape, std::uint32_t seed) {
  Tensor tensor(DataType::Float32, shape);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  for (float& x : tensor.as<float>()) x = values(random);
  return tensor;
}

Tensor naiveProduct(const Tensor& a, const Tensor& b) {
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

void expectSame(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::int64_t i = 0; i < a.size(); ++i) ASSERT_EQ(a.at(i), b.at(i)) << "element " << i;
}

/// y = a x w in `tiles` tiles of rows: A double-buffered in, C single-buffered out through the
/// vector unit.
isa::Program tiledProduct(const ChipConfig& chip, std::int64_t tiles, std::int64_t m,
                          std::int64_t n, std::int64_t k) {
  ProgramBuilder builder(chip);
  builder.layer("product", tiles * m * n * k);
  isa::Program& program = builder.program();
  const std::int64_t aBytes = m * k * 4, bBytes = k * n * 4, cBytes = m * n * 4;
  const std::int64_t out = kC + 2 * cBytes;
  const std::int64_t dramB = tiles * aBytes, dramY = dramB + bBytes;
  program.inputs = {port("a", kDram, 0, DataType::Float32, {tiles * m, k})};
  program.constants = {{"w", kDram, dramB, bBytes, nullptr}};
  program.outputs = {port("y", kDram, dramY, DataType::Float32, {tiles * m, n})};
  const auto weights = builder.semaphore("weights loaded");
  const auto full = builder.semaphore("inputs loaded"), empty = builder.semaphore("slot free", 2);
  const auto sums = builder.semaphore("sums ready"), sumsFree = builder.semaphore("sums free", 2);
  const auto done = builder.semaphore("tile done"), outFree = builder.semaphore("output free", 2);

  builder.add(Engine::LoadWeights, copy(kDram, dramB, kBuffer, kB, bBytes), {}, {weights});
  builder.add(Engine::LoadInputs, isa::Loop{tiles});
  builder.add(Engine::LoadInputs,
              copy(kDram, 0, kBuffer, kA, aBytes, {{0, aBytes, 0}}, {{0, aBytes, 2}}), {empty},
              {full});
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
              copy(kBuffer, out, kDram, dramY, cBytes, {{0, cBytes, 2}}, {{0, cBytes, 0}}), {done},
              {outFree});
  builder.add(Engine::Store, isa::EndLoop{});
  return program;
}

void setWeights(isa::Program& program, const Tensor& w) {
  program.constants[0].bytes =
      std::make_shared<std::vector<std::byte>>(w.bytes().begin(), w.bytes().end());
}

/// Runs a program with random A and W; returns the outcome and checks nothing.
struct Outcome {
  Npu::Prediction prediction;
  Tensor y, expected;
};

Outcome runTiled(const ChipConfig& chip, isa::Program& program) {
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

bool same(const Tensor& a, const Tensor& b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

TEST(Npu, TiledProductComputesItsValues) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  const Outcome outcome = runTiled(chip, program);
  expectSame(outcome.y, outcome.expected);
  EXPECT_EQ(outcome.prediction.total.macs, 120 * 33 * 20);
  EXPECT_EQ(outcome.prediction.layers[0].cycles, outcome.prediction.total.cycles);
  // Every tile's transfer moves whole bursts of 64 bytes.
  const auto bursts = [](std::int64_t first, std::int64_t bytes) {
    return ((first + bytes + 63) / 64 - first / 64) * 64;
  };
  constexpr std::int64_t kTileA = 24 * 33 * 4, kW = 33 * 20 * 4, kTileY = 24 * 20 * 4;
  std::int64_t read = bursts(5 * kTileA, kW), written = 0;
  for (std::int64_t tile = 0; tile < 5; ++tile) {
    read += bursts(tile * kTileA, kTileA);
    written += bursts(5 * kTileA + kW + tile * kTileY, kTileY);
  }
  EXPECT_EQ(outcome.prediction.total.counters.dramBytes.read, read);
  EXPECT_EQ(outcome.prediction.total.counters.dramBytes.write, written);
}

TEST(Npu, OverlappedTilesTakeTheLawsCycles) {
  ChipConfig chip = smallChip();
  chip.idealMemory = true;
  isa::Program program = tiledProduct(chip, 9, 40, 16, 24);
  const Outcome outcome = runTiled(chip, program);
  // 3 x 2 folds of 40 rows a tile; prologues and drains hide but for the first and the last.
  const ArrayTiming tile = arrayTiming(chip.array, DataType::Float32, {40, 16, 24});
  EXPECT_EQ(tile.stream, 6 * 40);
  EXPECT_EQ(outcome.prediction.total.cycles, tile.prologue + 9 * tile.stream + tile.drain + 8 * 0);
  expectSame(outcome.y, outcome.expected);
}

TEST(Npu, IdealMemoryLeavesOnlyTheArraysCyclesInBothConventions) {
  ChipConfig chip = smallChip();
  chip.idealMemory = true;
  chip.array.convention = Convention::ScaleSim;
  isa::Program program = tiledProduct(chip, 1, 37, 19, 23);
  const Outcome outcome = runTiled(chip, program);
  EXPECT_EQ(outcome.prediction.total.cycles, 3 * 3 * (37 + 2 * 8 + 8 - 2) - 1);
  EXPECT_EQ(outcome.prediction.total.stalls.dram, 0);
}

TEST(Npu, PredictionsRepeatInTheSteadyState) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 20, 24, 20, 33);
  const Tensor a = randomFloats({480, 33}, 1), w = randomFloats({33, 20}, 2);
  setWeights(program, w);
  Npu npu(chip, program, true);
  npu.load();
  npu.setInput("a", a);
  const Npu::Prediction first = npu.predict();
  const Npu::Prediction second = npu.predict();
  const Npu::Prediction third = npu.predict();
  EXPECT_EQ(second.total.cycles, third.total.cycles);
  EXPECT_EQ(third.total.firstCallCycles, first.total.cycles);
  EXPECT_EQ(second.total.counters.dramBytes.read, first.total.counters.dramBytes.read);
  expectSame(npu.output("y"), naiveProduct(a, w));
}

/// Two machines do not fit in a process, so the next two tests meet in this figure.
constexpr std::int64_t kTwelveTiles = 6267;

TEST(Npu, ValuesOffTakesTheSameCycles) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 12, 24, 20, 33);
  program.values = false;
  Npu npu(chip, program, false);
  npu.load();
  const Npu::Prediction off = npu.predict();
  EXPECT_EQ(off.total.cycles, kTwelveTiles);
  EXPECT_EQ(off.total.counters.zeroOperandMacs, 0);
}

TEST(Npu, ValuesOnTakesTheSameCycles) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 12, 24, 20, 33);
  EXPECT_EQ(runTiled(chip, program).prediction.total.cycles, kTwelveTiles);
}

TEST(Npu, AMissingWaitGivesWrongValues) {
  ChipConfig chip = smallChip();
  chip.memories[0].timing.clockMhz = 200;
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.queue(Engine::Matrix)[2].waits.erase(program.queue(Engine::Matrix)[2].waits.begin());
  const Outcome outcome = runTiled(chip, program);
  EXPECT_FALSE(same(outcome.y, outcome.expected));
}

TEST(Npu, AMissingSignalIsANamedDeadlock) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.queue(Engine::LoadInputs)[1].signals.clear();
  try {
    runTiled(chip, program);
    FAIL() << "ran to its end";
  } catch (const CheckFailed& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("deadlock at cycle"),
                      HasSubstr("load_inputs waits at instruction 1 (layer 'product', loop pass 2) "
                                "for semaphore 'slot free'"),
                      HasSubstr("matrix waits at instruction 2 (layer 'product', loop pass 0) for "
                                "semaphore 'inputs loaded'"),
                      HasSubstr("store waits")));
  }
}

TEST(Npu, TheArraysTimeIsFullyAccountedFor) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const PredictResult total = runTiled(chip, program).prediction.total;
  const Loss& loss = total.loss;
  EXPECT_NEAR(total.utilization + loss.edge + loss.fillDrain + loss.dram + loss.buffer +
                  loss.dependency + loss.network + loss.overhead,
              1, 1e-12);
  EXPECT_NEAR(total.utilization,
              static_cast<double>(total.macs) / (64.0 * static_cast<double>(total.cycles)), 1e-12);
  EXPECT_DOUBLE_EQ(loss.dram,
                   static_cast<double>(total.stalls.dram) / static_cast<double>(total.cycles));
}

TEST(Npu, ASlowMemoryShowsAsDramStalls) {
  ChipConfig chip = smallChip();
  chip.memories[0].timing.clockMhz = 100;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.dram, 0.5);
  EXPECT_EQ(prediction.layers[0].boundBy, "dram");
}

TEST(Npu, ASlowVectorUnitShowsAsDependency) {
  ChipConfig chip = smallChip();
  chip.vector.lanes = 1;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 8);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.dependency, 0.3);
  EXPECT_EQ(prediction.layers[0].boundBy, "vector");
}

TEST(Npu, NarrowBuffersStretchTheStream) {
  ChipConfig chip = smallChip();
  chip.buffers[0].banks = 1;
  chip.buffers[0].widthBytes = 16;
  isa::Program program = tiledProduct(chip, 30, 24, 20, 33);
  const Npu::Prediction prediction = runTiled(chip, program).prediction;
  EXPECT_GT(prediction.total.loss.buffer, 0.3);
  EXPECT_EQ(prediction.layers[0].boundBy, "buffer");
}

TEST(Npu, MacsOtherThanTheShapesAreOurBug) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  program.layers[0].macs += 1;
  try {
    runTiled(chip, program);
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("MACs of the shape of layer 'product'"));
  }
}

TEST(Npu, InputsMustFitTheirPort) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  setWeights(program, randomFloats({33, 20}, 2));
  Npu npu(chip, program, true);
  try {
    npu.setInput("a", randomFloats({3, 4}, 1));
    FAIL();
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "input 'a' is fp32 3x4; the network takes fp32 120x33");
  }
  EXPECT_THROW(npu.setInput("b", randomFloats({3, 4}, 1)), BadInput);
  EXPECT_THROW(npu.output("b"), BadInput);
}

TEST(Npu, LoadAndIoTakeTheHostLinksTime) {
  ChipConfig chip = smallChip();
  chip.host = {.bandwidthGbPerS = 4,
               .latencyUs = 2,
               .dispatchUs = 7,
               .loadSetupMs = 3,
               .loadMsPerMib = 8,
               .energyPjPerBit = 1};
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  setWeights(program, randomFloats({33, 20}, 2));
  Npu npu(chip, program, true);
  const LoadResult load = npu.load();
  EXPECT_NEAR(load.timeS, 2e-6 + 2640 / 4e9, 1e-12);
  EXPECT_EQ(load.cycles, 2660);
  EXPECT_NEAR(load.hostTimeS, 3e-3 + 8e-3 * 2640 / 1048576, 1e-12);
  const IoResult io = npu.io();
  EXPECT_EQ(io.bytes, 120 * 33 * 4 + 120 * 20 * 4);
  EXPECT_NEAR(io.timeS, 2 * 2e-6 + 7e-6 + static_cast<double>(io.bytes) / 4e9, 1e-12);
  EXPECT_NEAR(io.dispatchS, 7e-6, 1e-15);
}

TEST(Npu, TheProgramMustMatchTheChip) {
  const ChipConfig chip = smallChip();
  isa::Program program = tiledProduct(chip, 5, 24, 20, 33);
  ChipConfig other = chip;
  other.buffers.push_back(chip.buffers[0]);
  EXPECT_THROW(Npu(other, program, false), BadInput);
  ChipConfig many = chip;
  many.cores = 4;
  EXPECT_THROW(Npu(many, program, false), NotPossible);
}

/// Two layers in turn on different engines: cycles go to the oldest that is unfinished.
TEST(Npu, CyclesAreChargedToTheOldestUnfinishedLayer) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("first", 0);
  const auto moved = builder.semaphore("moved");
  builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, 1 << 16), {}, {moved});
  builder.layer("second", 0);
  builder.add(Engine::LoadWeights, copy(kDram, 1 << 20, kBuffer, 1 << 17, 4096));
  builder.add(Engine::Store, copy(kBuffer, 0, kDram, 1 << 21, 1 << 14), {moved});
  Npu npu(chip, builder.program(), true);
  const Npu::Prediction prediction = npu.predict();
  const LayerResult &first = prediction.layers[0], &second = prediction.layers[1];
  EXPECT_EQ(first.startCycle, 0);
  EXPECT_EQ(first.cycles, first.endCycle);
  EXPECT_EQ(second.startCycle, 0);
  EXPECT_EQ(second.cycles, second.endCycle - first.endCycle);
  EXPECT_EQ(first.cycles + second.cycles, prediction.total.cycles);
  EXPECT_EQ(first.boundBy, "dram");
  EXPECT_EQ(first.stalls.dram + second.stalls.dram, prediction.total.stalls.dram);
}

TEST(Npu, LongTransfersReachTheMemorysBandwidth) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("copy", 0);
  constexpr std::int64_t kBytes = 1 << 19;
  builder.add(Engine::LoadInputs, copy(kDram, 0, kBuffer, 0, kBytes));
  Npu npu(chip, builder.program(), false);
  const Npu::Prediction prediction = npu.predict();
  const double bytesPerCycle = kBytes / static_cast<double>(prediction.total.cycles);
  const double peak = chip.memories[0].peakBytesPerSecond() / 1e9;
  EXPECT_GT(bytesPerCycle, 0.9 * (1 - 448.0 / 6240) * peak);
  EXPECT_LT(bytesPerCycle, peak);
  EXPECT_NEAR(prediction.total.bandwidthUtilization, bytesPerCycle / peak, 1e-9);
}

TEST(Npu, TheDataPathBoundsATransfer) {
  ChipConfig chip = smallChip();
  chip.dma.widthBytes = 4;
  ProgramBuilder builder(chip);
  builder.layer("copy", 0);
  builder.add(Engine::Store, copy(kBuffer, 0, kBuffer, 1 << 18, 1 << 16));
  Npu npu(chip, builder.program(), false);
  EXPECT_EQ(npu.predict().total.cycles, chip.issueCycles + chip.dma.issueCycles + (1 << 16) / 4);
}

TEST(Npu, PartialBurstsMoveWhole) {
  const ChipConfig chip = smallChip();  // bursts of 64 bytes
  ProgramBuilder builder(chip);
  builder.layer("strided", 0);
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, 4);
  transfer.dims = {extent(100)};
  transfer.source.strides = {128};
  transfer.target.strides = {4};
  builder.add(Engine::LoadInputs, transfer);
  Npu npu(chip, builder.program(), false);
  const Counters counters = npu.predict().total.counters;
  EXPECT_EQ(counters.dramBytes.read, 100 * 64);
  EXPECT_EQ(counters.bufferBytes.write, 400);
}

TEST(Npu, MemoryToMemoryMovesThroughBothDirections) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("move", 0);
  isa::Program& program = builder.program();
  program.inputs = {port("x", kDram, 64, DataType::Float32, {20, 30})};
  program.outputs = {port("y", kDram, 1 << 16, DataType::Float32, {30, 20})};
  isa::Transfer transpose = copy(kDram, 64, kDram, 1 << 16, 4);
  transpose.dims = {extent(30), extent(20)};
  transpose.source.strides = {4, 120};
  transpose.target.strides = {80, 4};
  builder.add(Engine::Store, transpose);
  Npu npu(chip, program, true);
  const Tensor x = randomFloats({20, 30}, 4);
  npu.setInput("x", x);
  npu.predict();
  const Tensor y = npu.output("y");
  for (std::int64_t i = 0; i < 600; ++i) ASSERT_EQ(y.at(i), x.at(i % 20 * 30 + i / 20));
}

TEST(Npu, WithoutInstructionsNothingTakesTime) {
  const ChipConfig chip = smallChip();
  ProgramBuilder builder(chip);
  builder.layer("nothing", 0);
  Npu npu(chip, builder.program(), true);
  const Npu::Prediction prediction = npu.predict();
  EXPECT_EQ(prediction.total.cycles, 0);
  EXPECT_EQ(prediction.total.utilization, 0);
}

}  // namespace
}  // namespace npusim
