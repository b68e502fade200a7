#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "sim/core/tensor.h"

namespace npusim::end_to_end {

/// Numbers for property tests; print `seed` when a test fails.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::int64_t integer(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  /// True once in `times`.
  bool once(std::int64_t times) { return integer(1, times) == 1; }
  double real(double least, double most) {
    return std::uniform_real_distribution<double>(least, most)(engine_);
  }
  template <typename T>
  const T& among(const std::vector<T>& choices) {
    return choices.at(
        static_cast<std::size_t>(integer(0, static_cast<std::int64_t>(choices.size()) - 1)));
  }
  Tensor floats(const Shape& shape, double reach) {
    Tensor made(DataType::Float32, shape);
    for (float& element : made.as<float>()) element = static_cast<float>(real(-reach, reach));
    return made;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace npusim::end_to_end
