#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/config/chip_config.h"
#include "sim/memory/element_io.h"
#include "sim/memory/storage.h"

namespace npusim::testing_tiles {

/// Operand formats of a product.
struct Formats {
  DataType a, b;
};
inline constexpr std::array<Formats, 6> kFormats = {{{DataType::Float32, DataType::Float32},
                                                     {DataType::Float16, DataType::Float16},
                                                     {DataType::BFloat16, DataType::BFloat16},
                                                     {DataType::Int8, DataType::Int8},
                                                     {DataType::UInt8, DataType::Int8},
                                                     {DataType::Int16, DataType::Int16}}};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool coin() { return roll(0, 1) == 1; }
  float real() { return std::uniform_real_distribution<float>(-2, 2)(random_); }
  template <typename T>
  const T& pick(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(roll(0, std::ssize(choices) - 1))];
  }

 private:
  std::mt19937 random_;
};

/// A tile over one storage, with the strides that its accesses point to: neither copied nor moved.
struct Problem {
  MatrixTile tile;
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<Storage> storages;

  Problem() = default;
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
};

constexpr std::int64_t kStorageBytes = 1 << 22;
constexpr std::int64_t kInputsAt = 0x10000, kWeightsAt = 0x180000, kSumsAt = 0x300000,
                       kBiasAt = 0x3c0000, kZeroPointsAt = 0x3f0000;

/// Writes `count` random elements, a tenth of them zeros.
inline void fillRandom(Storage& storage, std::int64_t address, DataType type, std::int64_t count,
                       Dice& dice) {
  const std::int64_t width = byteSize(type);
  std::byte* target = storage.at(address, count * width);
  for (std::int64_t i = 0; i < count; ++i, target += width) {
    const bool zero = dice.roll(0, 9) == 0;
    if (isFloat(type)) {
      const float value = zero ? 0 : dice.real();
      writeFloats(type, &value, 1, target, width);
    } else {
      // Products of large int16 leave 32 bits.
      const std::int64_t least = type == DataType::UInt8   ? 0
                                 : type == DataType::Int16 ? -32768
                                                           : -128;
      const std::int64_t value = zero ? 0 : dice.roll(least, least == 0 ? 255 : -least - 1);
      writeIntegers(type, &value, 1, target, width);
    }
  }
}

/// A convolution: an image of height x width x channels (NHWC) under a window.
struct Window {
  std::int64_t batch, height, width, channels;
  std::int64_t windowHeight, windowWidth, stepY, stepX, dilationY, dilationX;
  std::int64_t n;
  bool padded, transposed;

  /// A 1 x 1 window over a line of m pixels: a product of m x n x k.
  static Window product(std::int64_t m, std::int64_t n, std::int64_t k) {
    return {.batch = 1,
            .height = 1,
            .width = m,
            .channels = k,
            .windowHeight = 1,
            .windowWidth = 1,
            .stepY = 1,
            .stepX = 1,
            .dilationY = 1,
            .dilationX = 1,
            .n = n,
            .padded = false,
            .transposed = false};
  }

  static std::int64_t outputs(std::int64_t image, std::int64_t window, std::int64_t step,
                              std::int64_t dilation, bool padded) {
    const std::int64_t reach = (window - 1) * dilation + 1;
    const std::int64_t pad = padded ? reach / 2 : 0;
    return std::max<std::int64_t>(1, (image + 2 * pad - reach) / step + 1);
  }
  std::int64_t outHeight() const { return outputs(height, windowHeight, stepY, dilationY, padded); }
  std::int64_t outWidth() const { return outputs(width, windowWidth, stepX, dilationX, padded); }
  std::int64_t padY() const { return padded ? ((windowHeight - 1) * dilationY + 1) / 2 : 0; }
  std::int64_t padX() const { return padded ? ((windowWidth - 1) * dilationX + 1) / 2 : 0; }
  std::int64_t k() const { return windowHeight * windowWidth * channels; }
  std::int64_t macs() const { return batch * outHeight() * outWidth() * n * k(); }
};

inline Window randomWindow(Dice& dice) {
  return {.batch = dice.roll(1, 2),
          .height = dice.roll(1, 9),
          .width = dice.roll(1, 9),
          .channels = dice.roll(1, dice.coin() ? 8 : 80),
          .windowHeight = dice.roll(1, 3),
          .windowWidth = dice.roll(1, 3),
          .stepY = dice.roll(1, 2),
          .stepX = dice.roll(1, 3),
          .dilationY = dice.roll(1, 2),
          .dilationX = dice.roll(1, 2),
          .n = dice.roll(1, dice.coin() ? 8 : 80),
          .padded = dice.coin(),
          .transposed = dice.coin()};
}

/// Halves the largest extents until the product needs at most `macs` multiply-accumulates.
inline void shrink(Window& window, std::int64_t macs) {
  while (window.macs() > std::max<std::int64_t>(macs, 1)) {
    std::int64_t* const extents[] = {&window.channels,   &window.n,     &window.height,
                                     &window.width,      &window.batch, &window.windowHeight,
                                     &window.windowWidth};
    std::int64_t& largest =
        **std::max_element(std::begin(extents), std::end(extents),
                           [](const auto* a, const auto* b) { return *a < *b; });
    if (largest == 1) return;
    largest /= 2;
  }
}

/// The window as a tile: A by implicit im2col, B [k x n] or transposed, C dense, with random
/// values, bias or earlier sums. `sums`: how C lies in the accumulators.
inline std::unique_ptr<Problem> problemOf(const Window& window, Formats formats, DataType sums,
                                          Dice& dice) {
  auto problem = std::make_unique<Problem>();
  problem->storages.emplace_back("buffer", true, kStorageBytes, kStorageBytes);
  const auto [a, b] = formats;
  const std::int64_t wa = byteSize(a), wb = byteSize(b), wc = byteSize(sums);
  const std::int64_t pixel = window.channels * wa, row = window.width * pixel;
  const std::int64_t image = window.height * row, n = window.n;
  const std::int64_t outHeight = window.outHeight(), outWidth = window.outWidth();
  const std::int64_t kStep = window.transposed ? wb : n * wb;
  const std::int64_t nStep = window.transposed ? window.k() * wb : wb;
  const std::int64_t tapY = window.dilationY * row, tapX = window.dilationX * pixel;
  problem->strides = {{image, window.stepY * row, window.stepX * pixel, 0, tapY, tapX, wa},
                      {0, 0, 0, nStep, window.windowWidth * window.channels * kStep,
                       window.channels * kStep, kStep},
                      {outHeight * outWidth * n * wc, outWidth * n * wc, n * wc, wc, 0, 0, 0},
                      {0, 0, 0, byteSize(sumTypeOf(a)), 0, 0, 0},
                      {0, window.stepY, 0, 0, window.dilationY, 0, 0},
                      {0, 0, window.stepX, 0, 0, window.dilationX, 0},
                      {0, 0, 0, 0, 0, 0, 0}};
  MatrixTile& tile = problem->tile;
  tile.extents = {window.batch,        outHeight,          outWidth,       n,
                  window.windowHeight, window.windowWidth, window.channels};
  const auto& strides = problem->strides;
  tile.a = {0, kInputsAt - window.padY() * row - window.padX() * pixel, strides[0], {}, a};
  tile.a.bounds = {{-window.padY(), window.height, strides[4]},
                   {-window.padX(), window.width, strides[5]}};
  tile.b = {0, kWeightsAt, strides[1], {}, b};
  tile.c = {0, kSumsAt, strides[2], {}, sums};
  const DataType bias = sumTypeOf(a);
  if (dice.coin()) tile.bias = ResolvedAccess{0, kBiasAt, strides[3], {}, bias};
  tile.padding = isFloat(a) ? 0 : static_cast<std::int32_t>(dice.roll(0, 127));
  tile.accumulates = dice.roll(0, 2) == 0;
  if (!isFloat(a) && dice.coin()) tile.zeroA = ResolvedAccess{0, kZeroPointsAt, strides[6], {}, a};
  if (!isFloat(a) && dice.coin()) {
    tile.zeroB = ResolvedAccess{0, kZeroPointsAt + byteSize(a), strides[6], {}, b};
  }
  Storage& storage = problem->storages[0];
  fillRandom(storage, kInputsAt, a, window.batch * window.height * window.width * window.channels,
             dice);
  fillRandom(storage, kWeightsAt, b, window.k() * n, dice);
  fillRandom(storage, kSumsAt, sums, tile.m() * n, dice);
  fillRandom(storage, kBiasAt, bias, n, dice);
  fillRandom(storage, kZeroPointsAt, a, 1, dice);
  fillRandom(storage, kZeroPointsAt + byteSize(a), b, 1, dice);
  return problem;
}

/// A random problem of at most `macs` multiply-accumulates.
inline std::unique_ptr<Problem> randomProblem(Formats formats, std::int64_t macs, Dice& dice) {
  Window window = randomWindow(dice);
  shrink(window, macs);
  return problemOf(window, formats, sumTypeOf(formats.a), dice);
}

/// Every dataflow that faultOf() accepts: all pairs of loop lists, all ways to travel.
inline const std::vector<Dataflow>& everySystolicDataflow() {
  static const std::vector<Dataflow> kAll = [] {
    using enum LoopDim;
    const std::vector<std::vector<LoopDim>> lists = {{OX}, {OY, OX}, {B, OY, OX}, {K},
                                                     {C},  {FX, C},  {FY, FX, C}};
    std::vector<Dataflow> all;
    Dataflow dataflow;
    dataflow.name = "custom";
    for (const auto& rows : lists) {
      for (const auto& cols : lists) {
        for (int travels = 0; travels < 125; ++travels) {
          dataflow.rows = rows;
          dataflow.cols = cols;
          dataflow.weights = static_cast<Travel>(travels / 25);
          dataflow.inputs = static_cast<Travel>(travels / 5 % 5);
          dataflow.outputs = static_cast<Travel>(travels % 5);
          if (faultOf(dataflow).empty()) all.push_back(dataflow);
        }
      }
    }
    return all;
  }();
  return kAll;
}

/// Half the time one of the systolic presets, half any description.
inline Dataflow randomDataflow(Dice& dice) {
  if (dice.coin()) return dice.pick(everySystolicDataflow());
  static const std::vector<Dataflow> kPresets = {
      dataflowPreset("weight_stationary"), dataflowPreset("output_stationary"),
      dataflowPreset("input_stationary"), dataflowPreset("dot_product")};
  return dice.pick(kPresets);
}

inline OperandStoreConfig randomStore(Dice& dice) {
  static const std::vector<std::int64_t> kWords = {0, 0, 8, 16, 32, 64};
  return {.bytes = 64, .wordBits = dice.pick(kWords), .ports = dice.roll(1, 3)};
}

inline std::int64_t randomLength(Dice& dice, std::int64_t most) {
  return dice.roll(1, dice.coin() ? most : std::min<std::int64_t>(most, 8));
}

/// Any array of up to `largestAxis` rows and columns; rates of 1/4, 1/2, 1, 2 and 3.
inline ArrayConfig randomArray(DataType format, std::int64_t largestAxis, Dice& dice) {
  static const std::vector<double> kRates = {1, 1, 1, 0.25, 0.5, 2, 3};
  ArrayConfig array;
  array.rows = randomLength(dice, largestAxis);
  array.cols = randomLength(dice, largestAxis);
  array.dataflow = randomDataflow(dice);
  array.convention = dice.roll(0, 3) == 0 ? Convention::ScaleSim : Convention::Overlapped;
  array.doubleBufferedWeights = dice.roll(0, 2) > 0;
  array.zeroGating = dice.coin();
  array.partialSumBytes = isFloat(format) && dice.roll(0, 3) == 0 ? 2 : 4;
  array.macsPerCycle = {{arrayFormat(format), dice.pick(kRates)}};
  if (dice.coin()) {
    array.localStore = {randomStore(dice), randomStore(dice), randomStore(dice)};
  }
  return array;
}

/// A random product on a random array of a deterministic systolic dataflow.
struct RandomTile {
  ArrayConfig array;
  std::unique_ptr<Problem> problem;
  std::string text;  ///< what was drawn, for a failure's message
};

struct TileLimits {
  std::int64_t axis = 64;         ///< rows and columns of the array
  std::int64_t peSteps = 4'000;   ///< multiply-accumulates for each PE, about
  std::int64_t macs = 2'000'000;  ///< in all
};

inline std::string describe(std::uint32_t seed, const ArrayConfig& array, const MatrixTile& tile) {
  const auto list = [](const auto& values, auto&& word) {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : " ") + std::string(word(value));
    return text;
  };
  const Dataflow& dataflow = array.dataflow;
  const auto loop = [](LoopDim dim) { return name(dim); };
  return "seed " + std::to_string(seed) + ": " + std::to_string(array.rows) + " x " +
         std::to_string(array.cols) + " " + dataflow.name + " (" + list(dataflow.rows, loop) +
         " x " + list(dataflow.cols, loop) + "; weights " + std::string(name(dataflow.weights)) +
         ", inputs " + std::string(name(dataflow.inputs)) + ", outputs " +
         std::string(name(dataflow.outputs)) + ") " + std::string(name(array.convention)) +
         (array.doubleBufferedWeights ? " double" : " single") + ", " +
         std::string(name(tile.a.type)) + " at " +
         std::to_string(array.macsPerCycle.begin()->second) + ", B OY OX K FY FX C " +
         list(tile.extents, [](std::int64_t extent) { return std::to_string(extent); }) +
         (tile.accumulates ? ", accumulates" : "") + (tile.bias ? ", bias" : "") +
         (tile.zeroA ? ", zero points of A" : "") + (tile.zeroB ? ", of B" : "");
}

inline RandomTile randomTile(std::uint32_t seed, const TileLimits& limits = {}) {
  Dice dice(seed);
  const Formats formats = kFormats[static_cast<std::size_t>(dice.roll(0, kFormats.size() - 1))];
  RandomTile drawn{randomArray(formats.a, limits.axis, dice), nullptr, {}};
  Window window = randomWindow(dice);
  shrink(window, std::min(limits.macs, limits.peSteps * drawn.array.rows * drawn.array.cols));
  const DataType sums = drawn.array.partialSumBytes == 2 ? DataType::Float16 : sumTypeOf(formats.a);
  drawn.problem = problemOf(window, formats, sums, dice);
  drawn.text = describe(seed, drawn.array, drawn.problem->tile);
  return drawn;
}

/// How many random tiles to try: NPUSIM_RANDOM_TILES, else `usual`.
inline std::uint32_t randomTiles(std::uint32_t usual) {
  const char* text = std::getenv("NPUSIM_RANDOM_TILES");
  return text == nullptr ? usual : static_cast<std::uint32_t>(std::stoul(text));
}

/// C as it lies in the accumulators.
inline std::vector<std::byte> resultBytes(const Problem& problem) {
  const MatrixTile& tile = problem.tile;
  const std::int64_t bytes = tile.m() * tile.n() * byteSize(tile.c.type);
  const std::byte* first = problem.storages[0].at(tile.c.address, bytes);
  return {first, first + bytes};
}

/// Puts a result's bytes back, so that another model starts from the same sums.
inline void restoreBytes(Problem& problem, const std::vector<std::byte>& bytes) {
  std::memcpy(problem.storages[0].at(problem.tile.c.address, std::ssize(bytes)), bytes.data(),
              bytes.size());
}

}  // namespace npusim::testing_tiles
