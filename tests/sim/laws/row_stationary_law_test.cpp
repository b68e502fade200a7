#include "sim/laws/row_stationary_law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "sim/core/error.h"
#include "sim/laws/array_law.h"

namespace npusim {
namespace {

using testing::HasSubstr;

constexpr DataType kFormat = DataType::Float16;

/// The array of Eyeriss: 12 x 14 PEs with 224, 12 and 24 words of 16 bits.
ArrayConfig eyeriss() {
  ArrayConfig array;
  array.rows = 12;
  array.cols = 14;
  array.dataflow = dataflowPreset("row_stationary");
  array.partialSumBytes = 2;
  array.macsPerCycle = {{kFormat, 1}};
  array.localStore.weights.bytes = 448;
  array.localStore.inputs.bytes = 24;
  array.localStore.outputs.bytes = 48;
  return array;
}

/// A convolution of square images and filters.
struct Convolution {
  std::int64_t images, out, filters, filter, channels, stride;

  MatrixShape shape(const RowStationaryPass& pass = {}) const {
    MatrixShape shape{{images, out, out, filters, filter, filter, channels}};
    shape.strides = {stride, stride};
    shape.pass = pass;
    return shape;
  }
};

/// A layer of AlexNet at batch 4 (Chen et al., JSSC 2017, Tables III and V): a group of it with the
/// images of a pass, how often the chip runs that, and what was measured.
struct Layer {
  const char* name;
  Convolution convolution;
  RowStationaryPass pass;
  std::int64_t times;
  double milliseconds;
  double bufferMegabytes;

  MatrixShape shape() const { return convolution.shape(pass); }
};

const Layer kAlexNet[] = {
    {"conv1", {1, 55, 96, 11, 3, 4}, {7, 16, 1, 1, 2}, 4, 16.5, 18.5},
    {"conv2", {1, 27, 128, 5, 48, 1}, {27, 16, 2, 1, 1}, 8, 39.2, 77.6},
    {"conv3", {4, 13, 384, 3, 256, 1}, {13, 16, 3, 2, 2}, 1, 21.8, 50.2},
    {"conv4", {4, 13, 192, 3, 192, 1}, {13, 16, 3, 2, 2}, 2, 16.0, 37.4},
    {"conv5", {4, 13, 128, 3, 192, 1}, {13, 16, 3, 2, 2}, 2, 10.0, 24.9},
};

std::int64_t cyclesOf(const MatrixShape& shape) {
  return rowStationaryTiming(eyeriss(), kFormat, shape).total();
}

double milliseconds(const Layer& layer) {
  return static_cast<double>(cyclesOf(layer.shape()) * layer.times) / 200e3;
}

TEST(RowStationaryLaw, AlexNetTakesTheTimeOfTheChip) {
  double sum = 0, measured = 0;
  for (const Layer& layer : kAlexNet) {
    EXPECT_NEAR(milliseconds(layer) / layer.milliseconds, 1, 0.07) << layer.name;
    sum += milliseconds(layer);
    measured += layer.milliseconds;
  }
  EXPECT_NEAR(sum / measured, 1, 0.03);
}

TEST(RowStationaryLaw, Conv3WithThePublishedMappingTakesTheTimeOfTheChip) {
  Layer layer = kAlexNet[2];
  layer.pass = {13, 16, 4, 1, 4};
  EXPECT_NEAR(milliseconds(layer) / layer.milliseconds, 1, 0.07);
}

std::int64_t bufferBytes(const MatrixShape& shape) {
  const ArrayWork work = rowStationaryWork(eyeriss(), kFormat, shape);
  return work.inputBytes + work.weightBytes + work.partialReadBytes + work.partialWriteBytes;
}

TEST(RowStationaryLaw, AlexNetUsesTheBufferAccessesOfTheChip) {
  for (const Layer& layer : kAlexNet) {
    const double megabytes = static_cast<double>(bufferBytes(layer.shape()) * layer.times) / 1e6;
    EXPECT_NEAR(megabytes / layer.bufferMegabytes, 1, 0.10) << layer.name;
  }
}

TEST(RowStationaryLaw, OnePassByHand) {
  // 3 x 3 filter, 2 filters, 2 channels, 4 x 4 outputs: 3 x 4 PEs, both filters and channels in
  // each.
  const MatrixShape shape = Convolution{1, 4, 2, 3, 2, 1}.shape({4, 2, 2, 1, 1});
  // 36 filter words, 4 a cycle; 6 rows x 3 columns x 2 channels before the first window, then 12
  // cycles for each of 4 windows, whose 12 new words and 8 sums come and go in less; 3 - 1 cycles
  // of pipeline, 3 - 1 of the column, 8 sums at 4 a cycle.
  EXPECT_EQ(cyclesOf(shape), 9 + 36 + 4 * 12 + 2 + 2 + 2);
  const ArrayWork work = rowStationaryWork(eyeriss(), kFormat, shape);
  EXPECT_EQ(work.weightBytes, 36 * 2);
  EXPECT_EQ(work.inputBytes, 6 * 6 * 2 * 2);
  EXPECT_EQ(work.partialReadBytes, 0);
  EXPECT_EQ(work.partialWriteBytes, 4 * 4 * 2 * 2);
  EXPECT_EQ(work.network.weights, 36 * 4 * 2);
  EXPECT_EQ(work.network.inputs, 12 * 6 * 2 * 2);
  EXPECT_EQ(work.network.outputs, 3 * 4 * 4 * 2 * 2);
  EXPECT_EQ(work.localStore.weights, (ReadWrite{576 * 2, 36 * 4 * 2}));
  EXPECT_EQ(work.localStore.inputs, (ReadWrite{576 * 2, 12 * 6 * 2 * 2}));
  EXPECT_EQ(work.localStore.outputs, (ReadWrite{576 * 2, 576 * 2}));
  EXPECT_EQ(work.edgePeCycles, 48 * 168 - 576);
  EXPECT_EQ(work.fillDrainPeCycles, 51 * 168);
}

TEST(RowStationaryLaw, SumsOfEarlierInstructionsComeOverTheSumBus) {
  MatrixShape shape = Convolution{1, 4, 2, 3, 2, 1}.shape({4, 2, 2, 1, 1});
  shape.accumulates = true;
  EXPECT_EQ(rowStationaryWork(eyeriss(), kFormat, shape).partialReadBytes, 4 * 4 * 2 * 2);
  shape.accumulates = false;
  shape.addsBias = true;
  EXPECT_EQ(rowStationaryWork(eyeriss(), kFormat, shape).partialReadBytes, 0);
  EXPECT_EQ(rowStationaryWork(eyeriss(), kFormat, shape).network.outputs, (3 + 1) * 4 * 4 * 2 * 2);
}

TEST(RowStationaryLaw, ANarrowSumBusSetsThePace) {
  ArrayConfig array = eyeriss();
  const MatrixShape shape = Convolution{1, 4, 2, 3, 2, 1}.shape({4, 2, 2, 1, 1});
  array.rowStationary.sumBusBits = 8;  // 8 sums in 16 cycles: more than the 12 of MACs
  EXPECT_EQ(rowStationaryTiming(array, kFormat, shape).total(), 9 + 36 + 3 * 16 + 12 + 2 + 2 + 16);
}

TEST(RowStationaryLaw, GatedZerosSpareFilterReadsAndSums) {
  ArrayConfig array = eyeriss();
  const MatrixShape shape = Convolution{1, 4, 2, 3, 2, 1}.shape();
  EXPECT_EQ(rowStationaryZeroWork(array, kFormat, shape, 10), (ZeroWork{20, {}}));
  array.zeroGating = true;
  EXPECT_EQ(rowStationaryZeroWork(array, kFormat, shape, 10),
            (ZeroWork{20, {{40, 0}, {0, 0}, {40, 40}}}));
}

TEST(RowStationaryLaw, TheSearchIsAtLeastAsFastAsThePublishedMapping) {
  for (const Layer& layer : kAlexNet) {
    EXPECT_LE(cyclesOf(layer.convolution.shape()), cyclesOf(layer.shape())) << layer.name;
  }
}

/// The fewest cycles of all mappings.
std::int64_t exhaustive(const MatrixShape& shape) {
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  MatrixShape trial = shape;
  RowStationaryPass& pass = trial.pass;
  for (pass.e = 1; pass.e <= shape.extents[1]; ++pass.e) {
    for (pass.r = 1; pass.r <= std::min<std::int64_t>(12, shape.extents[6]); ++pass.r) {
      for (pass.t = 1; pass.t <= std::min<std::int64_t>(168, shape.n()); ++pass.t) {
        for (pass.q = 1; pass.q <= std::min<std::int64_t>(12, shape.extents[6]); ++pass.q) {
          for (pass.p = 1; pass.p <= std::min<std::int64_t>(24, shape.n()); ++pass.p) {
            try {
              best = std::min(best, cyclesOf(trial));
            } catch (const NotPossible&) {
              break;
            }
          }
        }
      }
    }
  }
  return best;
}

TEST(RowStationaryLaw, TheSearchFindsTheFewestCyclesOfAllMappings) {
  std::mt19937 random(1);
  const auto roll = [&](std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(1, most)(random);
  };
  for (int trial = 0; trial < 60; ++trial) {
    const Convolution convolution{roll(2), roll(14), roll(14), roll(5), roll(8), roll(2)};
    EXPECT_EQ(cyclesOf(convolution.shape()), exhaustive(convolution.shape()))
        << "seed 1, trial " << trial;
  }
}

TEST(RowStationaryLaw, KeysOfTheChipFixParametersAndLeaveTheRestToTheSearch) {
  ArrayConfig array = eyeriss();
  array.rowStationary.mapping = {0, 4, 0, 2, 0};
  const MatrixShape shape = kAlexNet[3].convolution.shape();
  const RowStationaryPass pass = rowStationaryPass(array, kFormat, shape);
  EXPECT_EQ(pass.p, 4);
  EXPECT_EQ(pass.r, 2);
  EXPECT_GT(pass.e * pass.q * pass.t, 0);
}

TEST(RowStationaryLaw, AMappingIsNeverLargerThanItsInstruction) {
  const RowStationaryPass pass =
      rowStationaryPass(eyeriss(), kFormat, Convolution{1, 5, 10, 3, 2, 1}.shape({13, 8, 3, 2, 2}));
  EXPECT_EQ(pass, (RowStationaryPass{5, 8, 2, 1, 2}));
}

std::string refusal(const ArrayConfig& array, const MatrixShape& shape) {
  try {
    rowStationaryPass(array, kFormat, shape);
  } catch (const NotPossible& error) {
    return error.what();
  }
  return "no refusal";
}

TEST(RowStationaryLaw, MappingsThatDoNotFitAreRefusedWithTheReason) {
  const Convolution conv{1, 55, 96, 11, 48, 4};
  const auto given = [&](const RowStationaryPass& pass) {
    return refusal(eyeriss(), conv.shape(pass));
  };
  EXPECT_THAT(given({7, 25, 1, 1, 1}), HasSubstr("e 7, p 25, q 1, r 1, t 1: p sums exceed"));
  EXPECT_THAT(given({7, 1, 2, 1, 1}), HasSubstr("q channels of a window exceed"));
  EXPECT_THAT(given({7, 21, 1, 1, 1}), HasSubstr("p x q filter rows exceed"));
  EXPECT_THAT(given({15, 1, 1, 1, 1}), HasSubstr("r sets of e columns exceed the array"));
  EXPECT_THAT(given({7, 1, 1, 1, 3}), HasSubstr("r x t sets of e columns exceed the array"));
  ArrayConfig array = eyeriss();
  array.rowStationary.mapping.r = 2;
  EXPECT_THAT(refusal(array, conv.shape()), HasSubstr("mapping e 0, p 0, q 0, r 2, t 0 (0: open)"));
}

TEST(RowStationaryLaw, FiltersLargerThanArrayAndStoresAreTakenInPieces) {
  const MatrixShape shape = Convolution{1, 3, 2, 25, 1, 1}.shape();
  const ArrayWork work = rowStationaryWork(eyeriss(), kFormat, shape);
  EXPECT_EQ(work.partialWriteBytes, 3 * 3 * 2 * 2 * 9);  // 3 pieces of rows x 3 of taps
  EXPECT_EQ(work.partialReadBytes, 3 * 3 * 2 * 2 * 8);
  EXPECT_EQ(work.localStore.weights.read, shape.macs() * 2);
}

}  // namespace
}  // namespace npusim
