#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "sim/chip/burst_pieces.h"
#include "sim/chip/engine.h"
#include "sim/chip/stream_code.h"
#include "sim/chip/transfer_walk.h"

namespace npusim {

/// Moves transfers chunk by chunk. Chunks go out while earlier ones are under way, up to the
/// outstanding bursts; they complete in order, and a chunk's bytes are read and written when it
/// completes. The next descriptor is set up as soon as the last chunk of the one before is out.
class DmaEngine : public Engine {
 public:
  DmaEngine(isa::Engine id, Machine& machine) : Engine(id, machine) {}

 protected:
  std::int64_t advance(std::int64_t now) override;
  bool working() const override { return current_.instruction || !chunks_.empty(); }
  void reset() override;

 private:
  static constexpr std::int64_t kChunkBytes = 4096;
  /// Chunks under way that touch no memory and so count no bursts.
  static constexpr std::size_t kMaxChunks = 64;

  /// Part of a transfer; without a transfer only a synchronisation.
  struct Chunk {
    const isa::Instruction* instruction = nullptr;
    const isa::Transfer* transfer = nullptr;
    bool last = true;  ///< completes the instruction
    std::int64_t bytes = 0, filledBytes = 0, indexBytes = 0;
    std::int64_t units = 0;         ///< bursts under way
    std::int64_t completion = 0;    ///< kNever while its write has not been asked for
    std::int64_t writeAt = kNever;  ///< memory to memory: when its source bytes are there
    std::vector<Piece> writes;
    std::vector<Run> runs;  ///< with values only
  };

  bool progress(std::int64_t now);
  std::int64_t nextDue(std::int64_t now) const;
  bool accept(std::int64_t now);
  void begin(const Issued& issued);
  bool hasRoom() const;
  void send(std::int64_t now);
  void fill(Chunk& chunk);
  void addRun(Chunk& chunk, const Run& run);
  void addStreamed(const Run& run);
  void schedule(Chunk& chunk, std::int64_t now);
  void write(Chunk& chunk, std::int64_t now);
  std::int64_t request(const Chunk& chunk, isa::StorageId storage, Direction direction,
                       const std::vector<Piece>& pieces, std::int64_t now);
  void retire(const Chunk& chunk, std::int64_t now);
  void copy(const Chunk& chunk);

  Issued current_;  ///< transfer whose chunks are going out
  const isa::Transfer* transfer_ = nullptr;
  TransferWalk walk_;
  BurstPieces reads_, writes_, indices_;
  StreamCode stream_;            ///< of a streamed transfer
  Run first_;                    ///< where the stream begins
  std::int64_t chunkUnits_ = 1;  ///< bursts that a chunk is cut at
  std::int64_t chunkBytes_ = kChunkBytes;
  std::int64_t pathCycles_ = 0;  ///< of the chunk being filled, on the engine's data path
  std::int64_t sendAt_ = 0;      ///< the descriptor is set up
  std::int64_t pathFree_ = 0;
  std::int64_t unitsUnderWay_ = 0;
  std::deque<Chunk> chunks_;
};

}  // namespace npusim
