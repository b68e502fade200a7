#include "tools/calibration_inputs.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace npusim::tools {
namespace {

/// Images, not batches.
constexpr std::uint64_t kVariations = 4;
/// Dimensions up to this extent (channels of an image, coordinates) keep their order.
constexpr std::int64_t kShortDimension = 4;

/// The tensor with its elements moved cyclically by `shifts` along each dimension.
Tensor shifted(const Tensor& tensor, const Shape& shifts) {
  const Shape& shape = tensor.shape();
  const Shape strides = rowMajorStrides(shape);
  Tensor result(tensor.type(), shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    std::int64_t from = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      from += (i / strides[d] + shifts[d]) % shape[d] * strides[d];
    }
    result.set(i, tensor.at(from));
  }
  return result;
}

Tensor variation(const Tensor& tensor, std::uint64_t seed) {
  if (!isFloat(tensor.type()) || tensor.size() == 0) return tensor;
  std::mt19937_64 random(seed);
  Shape shifts(tensor.shape().size(), 0);
  for (std::size_t d = 1; d < shifts.size(); ++d) {
    const auto extent = static_cast<std::uint64_t>(tensor.shape()[d]);
    if (tensor.shape()[d] > kShortDimension)
      shifts[d] = static_cast<std::int64_t>(random() % extent);
  }
  const double gain = 0.9 + 0.2 * static_cast<double>(random() >> 11) * 0x1p-53;
  Tensor result = shifted(tensor, shifts);
  double low = result.at(0);
  double high = low;
  for (std::int64_t i = 0; i < result.size(); ++i) {
    low = std::min(low, result.at(i));
    high = std::max(high, result.at(i));
  }
  for (std::int64_t i = 0; i < result.size(); ++i) {
    result.set(i, std::clamp(result.at(i) * gain, low, high));
  }
  return result;
}

std::vector<Inputs> variations(const std::vector<InputSlot>& slots, const GivenTensors& given,
                               std::uint64_t seed) {
  const Inputs tested = completeInputs(slots, given, seed);
  std::vector<Inputs> samples;
  const std::int64_t batch =
      slots.empty() || slots.front().shape.empty() ? 1 : slots.front().shape.front();
  const auto samplesNeeded = std::max<std::uint64_t>(
      1, kVariations / static_cast<std::uint64_t>(std::max<std::int64_t>(1, batch)));
  for (std::uint64_t v = 1; v <= samplesNeeded; ++v) {
    Inputs inputs = completeInputs(slots, {}, seed + v);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::string& name = slots[i].name;
      const bool isGiven = given.byName.contains(name) || i < given.data.inputs.size();
      if (isGiven) inputs[name] = variation(tested.at(name), seed + v);
    }
    samples.push_back(std::move(inputs));
  }
  return samples;
}

/// Rows [first, first + rows) of a tensor's first dimension.
Tensor rowsOf(const Tensor& tensor, std::int64_t first, std::int64_t rows) {
  Shape shape = tensor.shape();
  const std::size_t rowBytes =
      tensor.bytes().size() / static_cast<std::size_t>(std::max<std::int64_t>(1, shape[0]));
  shape[0] = rows;
  Tensor result(tensor.type(), shape);
  std::memcpy(result.bytes().data(),
              tensor.bytes().data() + static_cast<std::size_t>(first) * rowBytes,
              result.bytes().size());
  return result;
}

/// A data set of a larger batch as several of the network's; any other is left as it is.
std::vector<DataSet> batches(const DataSet& set, const std::vector<InputSlot>& slots) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < set.inputs.size() && i < slots.size(); ++i) {
    const Shape& have = set.inputs[i].shape();
    const Shape& want = slots[i].shape;
    const bool sameRest = !have.empty() && have.size() == want.size() &&
                          std::equal(have.begin() + 1, have.end(), want.begin() + 1);
    if (!sameRest || want[0] == 0 || have[0] % want[0] != 0) return {set};
    const std::int64_t here = have[0] / want[0];
    if (count != 0 && here != count) return {set};
    count = here;
  }
  std::vector<DataSet> result(static_cast<std::size_t>(count));
  for (std::size_t b = 0; b < result.size(); ++b) {
    for (std::size_t i = 0; i < set.inputs.size(); ++i) {
      const std::int64_t rows = slots[i].shape[0];
      result[b].inputs.push_back(rowsOf(set.inputs[i], static_cast<std::int64_t>(b) * rows, rows));
    }
  }
  return result;
}

}  // namespace

std::vector<Inputs> calibrationInputs(const Graph& graph, const DataOptions& data,
                                      const GivenTensors& given) {
  const std::vector<InputSlot> slots = inputSlots(graph);
  if (data.calibrationFolders.empty()) return variations(slots, given, data.seed);
  std::vector<Inputs> samples;
  for (const std::string& folder : data.calibrationFolders) {
    for (const DataSet& set : batches(readDataSet(folder), slots)) {
      samples.push_back(completeInputs(slots, {{}, set}, data.seed + 1));
    }
  }
  return samples;
}

}  // namespace npusim::tools
