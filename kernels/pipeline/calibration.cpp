#include "kernels/pipeline/calibration.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace npusim {
namespace {

/// What a mask adds to a score that is not to count: infinity, or a number that is nearly so.
bool standsForInfinity(float x) {
  constexpr float kMost = 1e30F;
  return !(std::abs(x) < kMost);
}

}  // namespace

std::vector<double> Calibration::Observation::means(bool alongChannels) const {
  std::vector<double> result = alongChannels ? channelSums : lastSums;
  const auto each = static_cast<double>(elements) / static_cast<double>(result.size());
  for (double& sum : result) sum /= each;
  return result;
}

void Calibration::add(const std::string& valueName, const Tensor& tensor) {
  if (tensor.type() != DataType::Float32 || tensor.size() == 0 || tensor.shape().empty()) return;
  Observation& seen = observations_[valueName];
  const Shape& shape = tensor.shape();
  const std::size_t channel = shape.size() > 1 ? 1 : 0;
  const auto stride = static_cast<std::size_t>(rowMajorStrides(shape)[channel]);
  seen.channelSums.resize(static_cast<std::size_t>(shape[channel]), 0);
  seen.lastSums.resize(static_cast<std::size_t>(shape.back()), 0);
  const bool channelIsLast = channel + 1 == shape.size();
  const auto elements = tensor.as<float>();
  const auto last = static_cast<std::size_t>(shape.back());
  for (std::size_t first = 0; first < elements.size(); first += last) {
    double sum = 0;
    for (std::size_t i = 0; i < last; ++i) {
      const float x = standsForInfinity(elements[first + i]) ? 0 : elements[first + i];
      seen.low = std::min(seen.low, x);
      seen.high = std::max(seen.high, x);
      seen.lastSums[i] += x;
      sum += x;
    }
    if (!channelIsLast) seen.channelSums[first / stride % seen.channelSums.size()] += sum;
  }
  if (channelIsLast) seen.channelSums = seen.lastSums;
  seen.elements += tensor.size();
}

void Calibration::give(const std::string& valueName, Quantization quantization) {
  given_[valueName] = std::move(quantization);
}

const Quantization* Calibration::given(const std::string& valueName) const {
  const auto found = given_.find(valueName);
  return found == given_.end() ? nullptr : &found->second;
}

const Calibration::Observation* Calibration::find(const std::string& valueName) const {
  const auto found = observations_.find(valueName);
  return found == observations_.end() ? nullptr : &found->second;
}

}  // namespace npusim
