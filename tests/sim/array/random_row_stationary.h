#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/array/random_tile.h"

namespace npusim::testing_tiles {

/// Any array with the dataflow, and stores that hold from one to many words.
inline ArrayConfig randomRowStationary(DataType format, Dice& dice) {
  static const std::vector<double> kRates = {1, 1, 1, 0.5, 0.25};
  static const std::vector<std::int64_t> kBusBits = {8, 16, 32, 64, 64, 256};
  ArrayConfig array;
  array.rows = dice.roll(1, 14);
  array.cols = dice.roll(1, 18);
  array.dataflow = dataflowPreset("row_stationary");
  array.zeroGating = dice.coin();
  array.partialSumBytes = isFloat(format) && dice.coin() ? 2 : 4;
  array.macsPerCycle = {{arrayFormat(format), dice.pick(kRates)}};
  array.localStore = {randomStore(dice), randomStore(dice), randomStore(dice)};
  array.localStore.weights.bytes = dice.roll(4, 448);
  array.localStore.inputs.bytes = dice.roll(4, 48);
  array.localStore.outputs.bytes = dice.roll(4, 96);
  array.rowStationary.filterBusBits = dice.pick(kBusBits);
  array.rowStationary.inputBusBits = dice.pick(kBusBits);
  array.rowStationary.sumBusBits = dice.pick(kBusBits);
  array.rowStationary.pipelineStages = dice.roll(1, 4);
  return array;
}

/// Convolutions with windows up to 13 x 13, strides and dilations; now and then a product of
/// matrices or a fully connected layer.
inline Window randomConvolution(std::int64_t macs, Dice& dice) {
  Window window = randomWindow(dice);
  window.windowHeight = dice.roll(1, dice.coin() ? 3 : 13);
  window.windowWidth = dice.roll(1, dice.coin() ? 3 : 13);
  window.stepY = dice.roll(1, 4);
  window.dilationX = dice.roll(1, 3);
  const std::int64_t sort = dice.roll(0, 7);
  if (sort == 0) window.height = window.width = 1;
  if (sort == 1) {
    window.height = window.windowHeight = window.windowWidth = 1;
    window.width = dice.roll(1, 60);
  }
  shrink(window, macs);
  return window;
}

/// A convolution of at most `macs` multiply-accumulates on an array, both drawn from a seed.
struct RowStationaryProblem {
  ArrayConfig array;
  std::unique_ptr<Problem> problem;
  std::string text;
};

inline RowStationaryProblem drawRowStationary(std::uint32_t seed, std::int64_t macs = 100'000) {
  Dice dice(seed);
  const Formats formats = kFormats[static_cast<std::size_t>(dice.roll(0, kFormats.size() - 1))];
  RowStationaryProblem drawn{randomRowStationary(formats.a, dice), nullptr, {}};
  const DataType sums = drawn.array.partialSumBytes == 2 ? DataType::Float16 : sumTypeOf(formats.a);
  drawn.problem = problemOf(randomConvolution(macs, dice), formats, sums, dice);
  drawn.text = describe(seed, drawn.array, drawn.problem->tile);
  return drawn;
}

}  // namespace npusim::testing_tiles
