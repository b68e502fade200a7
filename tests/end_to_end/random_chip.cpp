#include "tests/end_to_end/random_chip.h"

#include <algorithm>

#include "sim/config/load_config.h"

namespace npusim::end_to_end {
namespace {

BufferConfig buffer(Random& random, const std::string& name, std::vector<Holds> holds,
                    std::int64_t mostKib) {
  BufferConfig made;
  made.name = name;
  made.holds = std::move(holds);
  made.capacityBytes = random.integer(1, mostKib) * 1024;
  made.banks = random.among<std::int64_t>({1, 2, 8, 16});
  made.widthBytes = random.among<std::int64_t>({4, 16, 64});
  made.ports = random.integer(1, 2);
  return made;
}

std::vector<BufferConfig> buffers(Random& random) {
  const auto most = random.among<std::int64_t>({2, 4, 16, 64});
  switch (random.integer(0, 2)) {
    case 0:
      return {buffer(random, "buffer", {Holds::Weights, Holds::Activations, Holds::Accumulators},
                     most)};
    case 1:
      return {buffer(random, "buffer", {Holds::Weights, Holds::Activations}, most),
              buffer(random, "sums", {Holds::Accumulators}, most)};
    default:
      return {buffer(random, "activations", {Holds::Activations}, most),
              buffer(random, "weights", {Holds::Weights}, most),
              buffer(random, "sums", {Holds::Accumulators}, most)};
  }
}

void setArray(Random& random, ArrayConfig& array) {
  array.rows = random.integer(1, 16);
  array.cols = random.integer(1, 16);
  array.dataflow = dataflowPreset(random.among<const char*>(
      {"weight_stationary", "output_stationary", "input_stationary", "dot_product"}));
  array.convention = random.among<Convention>({Convention::Overlapped, Convention::ScaleSim});
  const bool read = !array.dataflow.holdsOutputs() && array.convention == Convention::Overlapped;
  if (read) array.doubleBufferedWeights = random.once(2);
  for (auto& [format, rate] : array.macsPerCycle) rate = random.among<double>({0.25, 1, 2});
}

}  // namespace

ChipConfig randomChip(Random& random) {
  ChipConfig chip = loadChip("edge", {});
  chip.name = "random";
  chip.clockMhz = random.among<double>({200, 700, 1000, 1333});
  setArray(random, chip.array);
  chip.buffers = buffers(random);
  chip.array.localStore = {{64}, {64}, {.bytes = 64, .ports = 2}};
  // Slower than the array, so that multiply-accumulates on the vector unit stay the exception.
  const std::int64_t pes = chip.array.rows * chip.array.cols;
  chip.vector.lanes = random.integer(1, std::max<std::int64_t>(1, pes / 8));
  chip.vector.opsPerCycle[0] = pes < 8 ? 0.125 : 1;
  chip.vector.inlineAfterArray = random.once(2);
  chip.dma.issueCycles = random.integer(0, 20);
  chip.dma.outstandingBursts = random.among<std::int64_t>({1, 4, 64});
  chip.dma.widthBytes = random.among<std::int64_t>({8, 64});
  chip.issueCycles = random.integer(1, 3);
  return parseChip(toYaml(chip), "random chip");
}

ChipConfig withFormat(const ChipConfig& chip, DataType precision) {
  ChipConfig with = chip;
  if (chip.supports(precision)) return with;
  with.formats.push_back(precision);
  with.array.macsPerCycle[precision] = 1;
  return parseChip(toYaml(with), "random chip");
}

}  // namespace npusim::end_to_end
