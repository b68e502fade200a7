#pragma once

#include <cstdint>
#include <vector>

namespace npusim {

/// Clocks at which requests complete, earliest first. They are added nearly in order.
class CompletionTimes {
 public:
  CompletionTimes() : ring_(64) {}

  bool empty() const { return size_ == 0; }
  std::int64_t size() const { return static_cast<std::int64_t>(size_); }
  std::int64_t first() const { return ring_[begin_]; }

  void add(std::int64_t clock) {
    if (size_ == ring_.size()) grow();
    std::size_t at = size_++;
    for (; at > 0 && entry(at - 1) > clock; --at) entry(at) = entry(at - 1);
    entry(at) = clock;
  }
  void dropUntil(std::int64_t clock) {
    for (; size_ > 0 && first() <= clock; --size_) begin_ = (begin_ + 1) & (ring_.size() - 1);
  }

 private:
  std::int64_t& entry(std::size_t i) { return ring_[(begin_ + i) & (ring_.size() - 1)]; }
  void grow() {
    std::vector<std::int64_t> larger(2 * ring_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = entry(i);
    ring_.swap(larger);
    begin_ = 0;
  }

  std::vector<std::int64_t> ring_;  ///< its size is a power of two
  std::size_t begin_ = 0, size_ = 0;
};

}  // namespace npusim
