#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::passes {

/// When and where a piece takes its room: over tasks [first, last], in the storage of each of
/// `cores`.
struct Life {
  int first = 0, last = 0;
  isa::CoreRange cores = {};

  /// Is there a task and a core at which both live?
  bool meets(const Life& other) const;
  bool operator==(const Life&) const = default;
};

/// Places pieces at addresses of one storage, of every core its own or shared by all, so that no
/// two pieces overlap that live at the same time in the same core. First fit; addresses are
/// multiples of 64 bytes.
class IntervalAllocator {
 public:
  explicit IntervalAllocator(std::int64_t capacityBytes) : capacity_(capacityBytes) {}

  /// The lowest free address for `bytes`, or nothing.
  std::optional<std::int64_t> place(std::int64_t bytes, const Life& life);

  /// Takes the piece back that was placed at `address` and lives so.
  void remove(std::int64_t address, const Life& life);

 private:
  struct Piece {
    std::int64_t begin, end;
    Life life;
  };
  std::int64_t capacity_;
  std::vector<Piece> pieces_;  ///< sorted by address
};

}  // namespace npusim::passes
