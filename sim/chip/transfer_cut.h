#pragma once

#include <optional>

#include "sim/chip/burst_pieces.h"
#include "sim/chip/chunk.h"
#include "sim/chip/remote.h"
#include "sim/chip/stream_code.h"
#include "sim/chip/transfer_walk.h"

namespace npusim {

/// Cuts one core's transfers into chunks of at most so many bytes and bursts, and finds the legs of
/// each: what lies in memories, as whole bursts, and what lies in other cores' buffers.
class TransferCut {
 public:
  /// Bursts count one way: a chunk from memory to memory has its reads or its writes under way.
  TransferCut(Machine& machine, Courier& courier)
      : machine_(machine), courier_(courier), pathBytes_(machine.chip.dma.widthBytes) {}

  /// Begins a transfer of `instruction`, which must outlive this.
  void start(const isa::Instruction& instruction, const isa::LoopIndices& indices);

  /// Begins a prediction: the decoder has no palette.
  void reset() { encoded_.forget(); }

  bool done() const { return walk_.done(); }
  /// Bursts that a chunk has at most; 0 where no memory has a part in it.
  std::int64_t mostUnits() const { return offChip_ ? chunkUnits_ : 0; }
  /// The cores that read the transfer's source together; none: this one reads for itself.
  const std::optional<ReaderGroup>& group() const { return group_; }

  /// Fills `chunk` with the next runs: its bytes, bursts, legs and, with values, runs. Returns the
  /// cycles that they take on the engine's data path.
  std::int64_t fill(Chunk& chunk);

 private:
  static constexpr std::int64_t kChunkBytes = 4096;

  void startDecoding();
  void findReaders(const isa::Instruction& instruction, const isa::LoopIndices& indices);
  WalkStorages walkStorages() const;
  void clear();
  std::int64_t fillPlainly(Chunk& chunk);
  std::int64_t readUnits() const { return reads_.units() + indices_.units() + parameters_.units(); }
  bool inMemory(isa::StorageId storage) const { return machine_.memory(storage) != nullptr; }
  std::int64_t mostBytes(const Chunk& chunk, const Run& next) const;
  /// So many of `bytes` from and to there as the chunk has bursts left for.
  std::int64_t withinUnits(std::int64_t bytes, bool reads, std::int64_t source,
                           std::int64_t target) const;
  void addRun(Chunk& chunk, const Run& run);
  void addIndex(Chunk& chunk, std::int64_t address);
  void addRead(std::int64_t from, std::int64_t bytes);
  void addStreamed(const Run& run);
  void addEncoded(const Run& run);
  std::int64_t pathCycles(std::int64_t bytes) const;
  void addLegs(Chunk& chunk);

  Machine& machine_;
  Courier& courier_;
  const FixedDivisor pathBytes_;  ///< a cycle
  const isa::Transfer* transfer_ = nullptr;
  TransferWalk walk_;
  isa::StorageId source_ = 0;               ///< what is read: of encoded weights, their memory
  const WeightDecoder* decoder_ = nullptr;  ///< of the source
  EncodedReads encoded_;
  BurstPieces reads_, writes_, indices_, parameters_;
  BytesByCore readsFrom_, writesTo_;
  std::optional<ReaderGroup> group_;
  StreamCode stream_;  ///< of a streamed transfer
  Run first_;          ///< where the stream begins
  bool offChip_ = false, fromMemory_ = false, toMemory_ = false;
  std::int64_t chunkUnits_ = 1, chunkBytes_ = kChunkBytes;
};

}  // namespace npusim
