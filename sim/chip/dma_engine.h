#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "sim/chip/chunk.h"
#include "sim/chip/engine.h"
#include "sim/chip/remote.h"
#include "sim/chip/transfer_cut.h"

namespace npusim {

/// Moves transfers chunk by chunk. Chunks go out while earlier ones are under way, up to the
/// outstanding bursts; they complete in order, and a chunk's bytes are read and written when it
/// completes. The next descriptor is set up as soon as the last chunk of the one before is out.
///
/// What lies in memories or in other cores' buffers moves in legs: steps at a memory or over the
/// network, each done in the cycle in which it is due, so that all engines and cores compete there
/// in the order of time. Where cores share what they read and the network has multicast, the last
/// of them to have room for a chunk reads it for all.
class DmaEngine : public Engine {
 public:
  DmaEngine(isa::Engine id, Machine& machine)
      : Engine(id, machine), courier_(machine), cut_(machine, courier_) {}

 protected:
  std::int64_t advance(std::int64_t now) override;
  bool working() const override { return current_.instruction || !chunks_.empty(); }
  bool exchanging() const override { return !chunks_.empty() && chunks_.front()->exchanging(now_); }
  void reset() override;

 private:
  /// Chunks under way that touch no memory and so count no bursts.
  static constexpr std::size_t kMaxChunks = 64;

  bool progress(std::int64_t now);
  std::int64_t nextDue(std::int64_t now) const;
  bool accept(std::int64_t now);
  bool hasRoom() const;
  Chunk& nextChunk();
  void send(std::int64_t now);
  void schedule(Chunk& chunk, std::int64_t now);
  void meet(Chunk& chunk, std::int64_t now);
  void start(Chunk& chunk, std::int64_t now);
  void runLegs(Chunk& chunk, std::int64_t now);
  void finishLegs(Chunk& chunk);
  void ask(Chunk& chunk, Leg& leg, std::int64_t now);
  void carry(Chunk& chunk, Leg& leg, std::int64_t now);
  template <typename Tell>
  void tellReaders(Chunk& chunk, Tell tell);
  void retire(const Chunk& chunk, std::int64_t now);
  void countBuffers(const Chunk& chunk);
  void copy(const Chunk& chunk);
  void decode(const WeightDecoder& decoder, isa::StorageId storage, const Run& run, std::byte* to);

  Courier courier_;
  TransferCut cut_;
  Issued current_;  ///< what is going out
  bool transfers_ = false;
  std::int64_t sendAt_ = 0;  ///< the descriptor is set up
  std::int64_t pathFree_ = 0;
  std::int64_t unitsUnderWay_ = 0;
  std::int64_t now_ = 0;
  std::deque<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::unique_ptr<Chunk>> spare_;  ///< chunks to use again
};

}  // namespace npusim
