#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace npusim::passes {

/// Places pieces that live over intervals of tasks at addresses of one storage so that no two
/// pieces alive at the same time overlap. First fit; addresses are multiples of 64 bytes.
class IntervalAllocator {
 public:
  explicit IntervalAllocator(std::int64_t capacityBytes) : capacity_(capacityBytes) {}

  /// The lowest free address for `bytes` over tasks [first, last], or nothing.
  std::optional<std::int64_t> place(std::int64_t bytes, int first, int last);

  /// Takes the piece back that was placed at `address` and lives until task `last`.
  void remove(std::int64_t address, int last);

 private:
  struct Piece {
    std::int64_t begin, end;
    int first, last;
  };
  std::int64_t capacity_;
  std::vector<Piece> pieces_;  ///< sorted by address
};

}  // namespace npusim::passes
