#include "kernels/pipeline/compress_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "kernels/pipeline/weight_values.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

Tensor randomTensor(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Tensor tensor(DataType::Float16, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, normal(random));
  return tensor;
}

template <typename Call>
std::string messageOf(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(WeightLayout, ReductionHasTheChannelInnermost) {
  const MatrixLayout conv = convolutionLayout({5, 3, 2, 2});
  EXPECT_EQ(conv.rows, 12);
  EXPECT_EQ(conv.columns, 5);
  const std::int64_t i = ((4 * 3 + 2) * 2 + 1) * 2 + 0;  // output 4, channel 2, window (1, 0)
  EXPECT_EQ(conv.column(i), 4);
  EXPECT_EQ(conv.row(i), 2 * 3 + 2);
  const MatrixLayout product = matMulLayout({7, 3}, false), turned = matMulLayout({3, 7}, true);
  EXPECT_EQ(product.column(3 * 4 + 2), 2);
  EXPECT_EQ(product.row(3 * 4 + 2), 4);
  EXPECT_EQ(turned.column(7 * 2 + 4), 2);
  EXPECT_EQ(turned.row(7 * 2 + 4), 4);
}

TEST(CompressedWeights, CodesAreTheNearestOfTheirScale) {
  const Tensor before = randomTensor({70, 6}, 1);
  for (const int bits : {8, 4}) {
    Tensor after = before;
    const Tensor scales = roundToScales(after, matMulLayout({70, 6}, false), 32, bits);
    std::set<double> ofColumn;
    for (std::int64_t i = 0; i < after.size(); ++i) {
      EXPECT_LE(std::abs(after.at(i) - before.at(i)), scales.at(i) * 0.51) << bits << ' ' << i;
      if (i % 6 == 2) ofColumn.insert(scales.at(i));
    }
    EXPECT_EQ(ofColumn.size(), 3U);  // rows 0 to 31, 32 to 63, 64 to 69
  }
}

TEST(CompressedWeights, PaletteHasSoManyValuesAndIsBetterThanEvenSteps) {
  for (int bits = 2; bits <= 8; ++bits) {
    const Tensor before = randomTensor({64, 64}, 2);
    Tensor after = before;
    roundToPalette(after, bits);
    std::set<double> values;
    double error = 0, even = 0;
    const double step = 8.0 / (1 << bits);
    for (std::int64_t i = 0; i < after.size(); ++i) {
      values.insert(after.at(i));
      error += std::pow(after.at(i) - before.at(i), 2);
      even += std::pow(std::nearbyint(before.at(i) / step) * step - before.at(i), 2);
    }
    EXPECT_LE(values.size(), std::size_t{1} << bits);
    EXPECT_LT(error, even) << bits;
  }
}

TEST(CompressedWeights, PruningDropsTheShareOfLeastMagnitude) {
  const Tensor before = randomTensor({40, 25}, 3);
  Tensor after = before;
  prune(after, 0.6);
  std::int64_t zeros = 0;
  double largestDropped = 0, leastKept = 1e9;
  for (std::int64_t i = 0; i < after.size(); ++i) {
    const double magnitude = std::abs(before.at(i));
    if (after.at(i) == 0) {
      ++zeros;
      largestDropped = std::max(largestDropped, magnitude);
    } else {
      EXPECT_EQ(after.at(i), before.at(i));
      leastKept = std::min(leastKept, magnitude);
    }
  }
  EXPECT_EQ(zeros, 600);
  EXPECT_LE(largestDropped, leastKept);
}

TEST(CompressedWeights, WordsAreRead) {
  EXPECT_FALSE(weightChoiceNamed("dense"));
  EXPECT_EQ(weightChoiceNamed("int4")->bits, 4);
  EXPECT_EQ(weightChoiceNamed("palette:3")->bits, 3);
  EXPECT_EQ(weightChoiceNamed("pruned:0.75")->pruned, 0.75);
  for (const char* word :
       {"", "int5", "palette", "palette:", "palette:1", "palette:9", "palette:4x", "pruned:0",
        "pruned:1", "pruned:-1", "pruned:nan", "pruned:half"}) {
    EXPECT_EQ(messageOf([&] { weightChoiceNamed(word); }),
              "--weights " + std::string(word) +
                  ": must be dense, int8, int4, palette:BITS (2 to 8) or pruned:SHARE (above 0, "
                  "below 1)");
  }
}

TEST(CompressedWeights, AChipWithoutADecoderSaysSo) {
  Graph graph;
  EXPECT_EQ(messageOf([&] {
              compressWeights(graph, loadChip("edge", {}), *weightChoiceNamed("int8"), true);
            }),
            "chip 'edge' does not decode int8 weights; its decoder.formats are none; to give it "
            "one: --set decoder.formats=[int8]");
  EXPECT_EQ(messageOf([&] {
              const ChipConfig chip = loadChip("edge", {{"decoder.formats", "[palette, int4]"}});
              compressWeights(graph, chip, *weightChoiceNamed("int8"), true);
            }),
            "chip 'edge' does not decode int8 weights; its decoder.formats are palette int4; to "
            "give it one: --set decoder.formats=[palette,int4,int8]");
  EXPECT_NO_THROW(loadChip("edge", {{"decoder.formats", "[palette,int4,int8]"}}));
  EXPECT_EQ(messageOf([&] {
              compressWeights(graph, loadChip("ane_a15", {}), *weightChoiceNamed("int4"), true);
            }),
            "--weights: no constant weights of floats that get smaller as int4");
}

TEST(CompressedWeights, IntegersAreNotEncoded) {
  for (const DataType type : {DataType::Float32, DataType::Float16, DataType::BFloat16}) {
    EXPECT_EQ(messageOf([&] { checkWeightsEncodable(type); }), "nothing thrown");
  }
  for (const DataType type : {DataType::Int8, DataType::Int16}) {
    EXPECT_EQ(messageOf([&] { checkWeightsEncodable(type); }),
              "--weights encodes weights of fp32, fp16 and bf16 runs (--precision); this one "
              "computes " +
                  std::string(name(type)));
  }
}

TEST(CompressedWeights, WhatTheFileEncodedIsKept) {
  Graph graph;
  const ValueId id = graph.addConstant("weights", randomTensor({8, 8}, 1));
  graph.value(id).constant->form = WeightForm{};
  for (const char* chip : {"edge", "ane_a15"}) {
    EXPECT_EQ(messageOf([&] {
                compressWeights(graph, loadChip(chip, {}), *weightChoiceNamed("int4"), true);
              }),
              "--weights: the file's own encoding of its weights is kept (1 of them) and no others "
              "get smaller as int4; leave --weights out");
  }
}

}  // namespace
}  // namespace npusim
