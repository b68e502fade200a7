#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/mapping/mapping.h"
#include "sim/core/error.h"
#include "tests/kernels/test_chip.h"

namespace npusim::mapping {
namespace {

using testing::HasSubstr;
using namespace plan;

Axis axis(std::int64_t extent, std::int64_t stride,
          std::initializer_list<std::pair<int, std::int64_t>> terms) {
  Axis made{extent, stride, std::vector<std::int64_t>(kMatrixDims, 0), 0, 0, 0};
  for (const auto& [dim, c] : terms) made.coefficients[static_cast<std::size_t>(dim)] = c;
  return made;
}

/// A convolution [4, 10, 10, 8] x [24, 3, 3, 8] in fp16, with sums of fp16.
Plan convolution(const RowStationaryMapping& mapping) {
  Plan plan;
  plan.precision = plan.sumType = DataType::Float16;
  const auto block = [&](std::int64_t bytes, Block::Kind kind) {
    Block made;
    made.bytes = bytes;
    made.kind = kind;
    plan.blocks.push_back(made);
    return static_cast<BlockId>(plan.blocks.size() - 1);
  };
  Task task;
  task.dims = {{1}, {1}, {4}, {8}, {8}, {24}, {3}, {3}, {8}};
  Operand a{block(4 * 10 * 10 * 8 * 2, Block::Kind::Activation), 0, DataType::Float16, {}, {}};
  a.axes = {axis(4, 1600, {{M0, 1}}), axis(10, 160, {{M1, 1}, {K0, 1}}),
            axis(10, 16, {{M2, 1}, {K1, 1}}), axis(8, 2, {{K2, 1}})};
  Operand b{block(9 * 8 * 24 * 2, Block::Kind::Weights), 0, DataType::Float16, {}, {}};
  b.axes = {axis(3, 1152, {{K0, 1}}), axis(3, 384, {{K1, 1}}), axis(8, 48, {{K2, 1}}),
            axis(24, 2, {{N, 1}})};
  task.operands = {a, b};
  task.output = {block(4 * 64 * 24 * 2, Block::Kind::Activation), 0, DataType::Float16, {}, {}};
  task.output.axes = {axis(4, 3072, {{M0, 1}}), axis(8, 384, {{M1, 1}}), axis(8, 48, {{M2, 1}}),
                      axis(24, 2, {{N, 1}})};
  MatrixWork work;
  work.mapping = mapping;
  task.work = work;
  plan.tasks.push_back(task);
  plan.layers.push_back({.name = "conv", .op = "Conv", .outputShape = {}, .macs = 0, .work = {}});
  return plan;
}

/// A row-stationary chip: one buffer for inputs and sums, one for filters.
ChipConfig chipWith(std::int64_t bufferBytes, std::int64_t filterBytes) {
  ChipConfig chip = testChip(12, 14, bufferBytes);
  chip.array.dataflow = dataflowPreset("row_stationary");
  chip.array.partialSumBytes = 2;
  chip.array.localStore = {{448, 16, 1}, {24, 16, 1}, {48, 16, 2}};
  chip.buffers[0].holds = {Holds::Activations, Holds::Accumulators};
  chip.buffers[1].holds = {Holds::Weights};
  chip.buffers[1].capacityBytes = filterBytes;
  return chip;
}

Mapping mapped(const ChipConfig& chip, const RowStationaryMapping& mapping) {
  const Plan plan = convolution(mapping);
  const StorageMap storages(chip);
  std::vector<std::int64_t> free;
  for (const isa::Storage& storage : storages.storages) free.push_back(storage.capacityBytes);
  const Context context{chip, storages, plan, free};
  return *search(context, plan.tasks[0]);
}

std::string refusal(const ChipConfig& chip, const RowStationaryMapping& mapping) {
  try {
    mapped(chip, mapping);
  } catch (const NotPossible& reason) {
    return reason.what();
  }
  return "fits";
}

constexpr RowStationaryMapping kMapping{2, 12, {.e = 4, .p = 4, .q = 2, .r = 1, .t = 2}};

TEST(Given, TilesAsTheMappingSays) {
  const Mapping m = mapped(chipWith(1 << 16, 1 << 13), kMapping);
  const std::vector<std::int64_t> tile = {1, 1, 2, 4, 8, 12, 3, 3, 2};
  EXPECT_EQ(m.tiling.tile, tile);
  EXPECT_EQ(m.tiling.order, (std::vector<int>{M0, M1, N, K2}));
  EXPECT_EQ(m.accumulators.bytes, 2 * 4 * 8 * 12 * 2);
  EXPECT_EQ(m.accumulators.depth, 1);
}

TEST(Given, ResultsOfTheSumsWidthTakeTheirPlace) {
  const Mapping m = mapped(chipWith(1 << 16, 1 << 13), kMapping);
  EXPECT_TRUE(m.inPlace);
  EXPECT_EQ(m.bytesIn(0), aligned(m.operands[0].total()) + aligned(m.accumulators.bytes));
}

TEST(Given, OperandsAreDoubledAsFarAsThereIsRoom) {
  const Mapping roomy = mapped(chipWith(1 << 16, 1 << 13), kMapping);
  EXPECT_EQ(roomy.operands[0].depth, 2);
  EXPECT_EQ(roomy.operands[1].depth, 2);
  const std::int64_t sums = aligned(roomy.accumulators.bytes);
  const Mapping tight = mapped(chipWith(sums + 512, roomy.operands[1].bytes + 64), kMapping);
  EXPECT_EQ(tight.operands[0].depth, 1);
  EXPECT_EQ(tight.operands[1].depth, 1);
}

TEST(Given, FiltersThatDoNotFitComeWithinTheChannels) {
  // 24 filters x 9 taps x 2 channels need 864 bytes; 8 = p t filters take 288.
  RowStationaryMapping mapping = kMapping;
  mapping.m = 24;
  const Mapping m = mapped(chipWith(1 << 16, 640), mapping);
  EXPECT_EQ(m.tiling.tile[N], 8);
  EXPECT_EQ(m.tiling.order, (std::vector<int>{M0, M1, K2, N}));
  EXPECT_EQ(m.results.order, (std::vector<int>{M0, M1, K2}));
  EXPECT_EQ(m.results.tile[N], 24);
  EXPECT_EQ(m.accumulators.bytes, 2 * 4 * 8 * 24 * 2);
  EXPECT_EQ(m.accumulators.level, 1);
  EXPECT_EQ(m.operands[0].level, 2);
  EXPECT_EQ(m.operands[1].level, 3);
}

TEST(Given, WhatDoesNotFitIsRefusedInOneLine) {
  EXPECT_EQ(refusal(chipWith(1024, 1 << 13), kMapping),
            "layer 'conv': mapping: needs 2048 bytes of 'buffer', which has 1024; make n, m, e or "
            "q x r smaller");
  // 12 of 24 filters: the sums of the others are not there to come back to.
  EXPECT_THAT(refusal(chipWith(1 << 16, 256), kMapping),
              HasSubstr("bytes of 'accumulators', which has 256"));
}

TEST(Given, ParametersBeyondTheLayerAreCut) {
  const Mapping m =
      mapped(chipWith(1 << 17, 1 << 14), {9, 99, {.e = 14, .p = 4, .q = 4, .r = 4, .t = 1}});
  EXPECT_EQ(m.tiling.tile, (std::vector<std::int64_t>{1, 1, 4, 8, 8, 24, 3, 3, 8}));
  EXPECT_TRUE(m.tiling.order.empty());
}

}  // namespace
}  // namespace npusim::mapping
