#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace npusim {

/// A vector whose places are counted by signed numbers, as PEs, lines and positions are.
template <typename T>
class Table {
 public:
  Table() = default;
  explicit Table(std::int64_t size, const T& value = T())
      : items_(static_cast<std::size_t>(size), value) {}
  explicit Table(std::vector<T> items) : items_(std::move(items)) {}

  T& operator[](std::int64_t place) { return items_[static_cast<std::size_t>(place)]; }
  const T& operator[](std::int64_t place) const { return items_[static_cast<std::size_t>(place)]; }
  const std::vector<T>& items() const { return items_; }

 private:
  std::vector<T> items_;
};

}  // namespace npusim
