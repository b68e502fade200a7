#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"

namespace npusim {

/// A loop over addresses.
struct AccessLoop {
  std::int64_t stride = 0;  ///< bytes
  std::int64_t count = 1;
};

/// Contiguous bytes, read or written in one go, at each position of some loops.
struct RunAccess {
  std::int64_t address = 0;
  std::int64_t bytes = 0;
  std::vector<AccessLoop> repeats;
  std::int64_t times = 1;  ///< that all of it is done
};

/// A tensor of elements of `bytes` bytes as runs as long as its strides allow.
RunAccess denseAccess(std::int64_t address, std::span<const std::int64_t> strides,
                      std::span<const std::int64_t> extents, std::int64_t bytes);

struct RemainderCount {
  std::int64_t remainder, count;
};

/// How often address + the loops' strides x positions falls on each remainder of `period`: what
/// makes a pattern of any length as cheap as one period of the banks.
std::vector<RemainderCount> remainders(std::int64_t address, std::span<const AccessLoop> loops,
                                       std::int64_t period);

/// Accesses by bank of one buffer, of engines that need not make them in a certain cycle: the
/// vector unit's passes and what the array fetches ahead. Address x lies in word x /
/// width_bytes, and that in bank word mod banks; a bank serves `ports` words a cycle.
class BankLoads {
 public:
  explicit BankLoads(const BufferConfig& buffer);

  /// Bytes after which the banks repeat.
  std::int64_t period() const { return width_ * banks(); }
  std::int64_t wordOf(std::int64_t address) const { return address / width_; }

  void addWords(std::int64_t first, std::int64_t count, std::int64_t times);
  void add(const RunAccess& access);
  void add(const BankLoads& other, std::int64_t times);
  void clear();

  /// Cycles in which the busiest bank serves its accesses.
  std::int64_t cycles() const;

 private:
  std::int64_t banks() const { return std::ssize(accesses_); }

  std::int64_t width_, ports_;
  std::vector<std::int64_t> accesses_;
};

}  // namespace npusim
