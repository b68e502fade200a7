#pragma once

#include <span>
#include <vector>

#include "sim/chip/chunk.h"
#include "sim/chip/machine.h"
#include "sim/network/network.h"

namespace npusim {

/// Bytes by the core that holds them.
class BytesByCore {
 public:
  struct Share {
    std::int64_t core = 0, bytes = 0;
  };

  void add(std::int64_t core, std::int64_t bytes) {
    if (!shares_.empty() && shares_.back().core == core) {
      shares_.back().bytes += bytes;
    } else {
      shares_.push_back({core, bytes});
    }
  }
  void clear() { shares_.clear(); }
  /// Each core once, in ascending order.
  const std::vector<Share>& merged();

 private:
  std::vector<Share> shares_;
};

/// How a storage of the program is distributed; null when it is not.
const isa::Distribution* distributionOf(const Machine& machine, isa::StorageId storage);

/// Where a byte lies: in the machine's own buffer or a memory, or in a core's buffer.
struct BytePlace {
  std::optional<std::int64_t> core;
  std::int64_t address = 0;
  std::int64_t contiguous = INT64_MAX;  ///< bytes from here on that follow there
};

/// The place of the byte at `address` of a storage, distributed or not.
BytePlace placeOf(const Machine& machine, isa::StorageId storage, std::int64_t address);

/// `bytes` bytes of a storage from `place` on.
std::byte* bytesAt(Machine& machine, isa::StorageId storage, const BytePlace& place,
                   std::int64_t bytes);

/// Brings the legs of one core's chunks forward, over the network and at the memories.
class Courier {
 public:
  explicit Courier(Machine& machine) : machine_(machine) {}

  Leg toMemory(Direction direction, isa::StorageId memory, const std::vector<Piece>& pieces,
               std::int64_t port);
  Leg toCore(Direction direction, const BytesByCore::Share& share) const;

  /// The port by which `core` reaches memories; 0 without a network.
  std::int64_t portOf(std::int64_t core) const;

  /// Begins a leg at `now`: sets when its first step is due. What is asked of afar hears of it a
  /// hop's time a link later; a compiled exchange needs no asking.
  void begin(Leg& leg, std::int64_t now) const;

  /// Asks the leg's memory at `now`, and books it for the chunk's layer.
  void ask(const Chunk& chunk, Leg& leg, std::int64_t now);

  /// Sends the leg's bytes at `now`; returns when they arrive: read ones at each of the chunk's
  /// readers, or at this core.
  std::span<const Delivery> carry(const Chunk& chunk, Leg& leg, std::int64_t now);

 private:
  Completion transfer(const Chunk& chunk, const Leg& leg, std::int64_t now);

  Machine& machine_;
  std::vector<std::vector<Piece>> spare_;  ///< lists of legs that have asked, to use again
  std::vector<std::int64_t> nodes_;
  std::vector<Delivery> deliveries_;
};

}  // namespace npusim
