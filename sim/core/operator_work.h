#pragma once

#include <cstdint>
#include <string>

namespace npusim {

/// What a reference machine needs to know of one operator: work and compulsory bytes, without any
/// mapping. Matrix products and convolutions are `batch` products [m x k] x [k x n]; a convolution
/// has m = output pixels, k = input channels of a group x window, n = output channels of a group,
/// batch = groups.
struct OperatorWork {
  enum class Kind : std::uint8_t { Matrix, Convolution, Vector, Movement };

  std::string name;
  Kind kind = Kind::Vector;
  /// How often it runs, one run after another: in each pass of a loop. All else is of one run.
  std::int64_t times = 1;
  std::int64_t batch = 1, m = 0, n = 0, k = 0;
  std::int64_t window = 1;  ///< kernel elements of a convolution (R x S)

  std::int64_t macs = 0;
  std::int64_t simpleOps = 0;          ///< adds, multiplies, comparisons outside the MACs
  std::int64_t divideOps = 0;          ///< divisions, square roots
  std::int64_t transcendentalOps = 0;  ///< exp, log, tanh, sigmoid, pow

  std::int64_t inputElements = 0;   ///< activations read, each once
  std::int64_t weightElements = 0;  ///< constants read, each once
  std::int64_t outputElements = 0;  ///< activations written, each once
  int elementBytes = 4;             ///< of activations and weights in the run's precision

  bool operator==(const OperatorWork&) const = default;
};

}  // namespace npusim
