#pragma once

#include <cstdint>

namespace npusim {

/// Bytes read and written at one place.
struct ReadWrite {
  std::int64_t read = 0, write = 0;

  bool operator==(const ReadWrite&) const = default;
  ReadWrite& operator+=(const ReadWrite& other) {
    read += other.read;
    write += other.write;
    return *this;
  }
  ReadWrite& operator-=(const ReadWrite& other) {
    read -= other.read;
    write -= other.write;
    return *this;
  }
};

/// One figure for each operand of a matrix product.
template <typename T>
struct ByOperand {
  T weights{}, inputs{}, outputs{};

  bool operator==(const ByOperand&) const = default;
  ByOperand& operator+=(const ByOperand& other) {
    weights += other.weights;
    inputs += other.inputs;
    outputs += other.outputs;
    return *this;
  }
  ByOperand& operator-=(const ByOperand& other) {
    weights -= other.weights;
    inputs -= other.inputs;
    outputs -= other.outputs;
    return *this;
  }
  T total() const {
    T sum = weights;
    sum += inputs;
    sum += outputs;
    return sum;
  }
};

}  // namespace npusim
