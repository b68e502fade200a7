#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace npusim::modules {

/// Registers in a row: what is shifted in comes out `length` shifts later.
template <typename T>
class Delay {
 public:
  explicit Delay(std::int64_t length) : registers_(static_cast<std::size_t>(length)) {}

  T shift(T value) {
    if (registers_.empty()) return value;
    std::swap(value, registers_[next_]);
    next_ = (next_ + 1) % registers_.size();
    return value;
  }

 private:
  std::vector<T> registers_;
  std::size_t next_ = 0;
};

}  // namespace npusim::modules
