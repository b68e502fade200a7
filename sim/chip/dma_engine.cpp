#include "sim/chip/dma_engine.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

void fillPattern(const isa::Transfer& transfer, const Run& run, std::byte* target) {
  std::array<std::byte, sizeof(std::uint32_t)> pattern;
  std::memcpy(pattern.data(), &*transfer.fill, pattern.size());
  for (std::int64_t i = 0; i < run.bytes; ++i) {
    target[i] = pattern[static_cast<std::size_t>((run.patternOffset + i) % transfer.fillBytes)];
  }
}

}  // namespace

void DmaEngine::reset() {
  current_ = {};
  transfer_ = nullptr;
  chunks_.clear();
  sendAt_ = pathFree_ = unitsUnderWay_ = 0;
}

std::int64_t DmaEngine::advance(std::int64_t now) {
  while (progress(now)) {
  }
  return nextDue(now);
}

/// Does one thing that is due; false when there is none.
bool DmaEngine::progress(std::int64_t now) {
  if (!chunks_.empty() && chunks_.front().completion <= now) {
    retire(chunks_.front(), now);
    chunks_.pop_front();
    return true;
  }
  for (Chunk& chunk : chunks_) {
    if (chunk.writeAt > now) continue;
    write(chunk, now);
    return true;
  }
  if (!current_.instruction) return accept(now);
  if (sendAt_ > now || !hasRoom()) return false;
  send(now);
  return true;
}

std::int64_t DmaEngine::nextDue(std::int64_t now) const {
  std::int64_t next = kNever;
  if (current_.instruction && sendAt_ > now) next = sendAt_;
  if (!chunks_.empty()) next = std::min(next, chunks_.front().completion);
  for (const Chunk& chunk : chunks_) next = std::min(next, chunk.writeAt);
  return next;
}

bool DmaEngine::accept(std::int64_t now) {
  const std::optional<Issued> issued = fetch(now);
  if (!issued) return false;
  sendAt_ = now + machine().issueCycles();
  current_ = *issued;
  transfer_ = std::get_if<isa::Transfer>(&issued->instruction->body);
  if (transfer_) {
    begin(*issued);
  } else {
    ensure(std::holds_alternative<isa::Sync>(issued->instruction->body),
           "a DMA queue holds transfers only");
  }
  return true;
}

void DmaEngine::begin(const Issued& issued) {
  const DmaConfig& dma = machine().chip.dma;
  if (!machine().chip.idealMemory) sendAt_ += dma.issueCycles;
  const isa::StorageId source = transfer_->source.storage;
  const isa::StorageId target = transfer_->target.storage;
  const isa::StorageId indices = transfer_->gather ? transfer_->gather->storage : source;
  reads_.start(machine().transferUnit(source));
  writes_.start(machine().transferUnit(target));
  indices_.start(machine().transferUnit(indices));
  const std::int64_t unit =
      std::max(machine().transferUnit(source), machine().transferUnit(target));
  const bool offChip = machine().memory(source) || machine().memory(target);
  // Two chunks within the outstanding bursts keep the memory busy while one of them completes.
  const std::int64_t half = std::max<std::int64_t>(1, dma.outstandingBursts / 2);
  chunkUnits_ = std::clamp<std::int64_t>(kChunkBytes / unit, 1, offChip ? half : kChunkBytes);
  chunkBytes_ = chunkUnits_ * unit;
  const bool readsIndices = machine().values && transfer_->gather;
  walk_.start(*transfer_, issued.indices, readsIndices ? &machine().storage(indices) : nullptr,
              machine().layerName(*issued.instruction));
  if (transfer_->streamed) stream_.start(walk_.mostBytes());
}

bool DmaEngine::hasRoom() const {
  if (chunks_.empty()) return true;
  return unitsUnderWay_ + chunkUnits_ <= machine().chip.dma.outstandingBursts &&
         chunks_.size() < kMaxChunks;
}

void DmaEngine::send(std::int64_t now) {
  Chunk& chunk = chunks_.emplace_back();
  chunk.instruction = current_.instruction;
  chunk.transfer = transfer_;
  chunk.completion = now;
  if (transfer_) {
    fill(chunk);
    schedule(chunk, now);
    chunk.last = walk_.done();
  }
  if (chunk.last) current_ = {};
}

/// Takes runs until the chunk is full or the transfer at its end.
void DmaEngine::fill(Chunk& chunk) {
  reads_.clear();
  writes_.clear();
  indices_.clear();
  pathCycles_ = 0;
  while (!walk_.done() && chunk.bytes < chunkBytes_ &&
         std::max(reads_.units(), writes_.units()) < chunkUnits_) {
    addRun(chunk, walk_.take(chunkBytes_ - chunk.bytes));
  }
  machine().ledger.sentBytes += chunk.bytes;
}

void DmaEngine::addRun(Chunk& chunk, const Run& run) {
  const std::int64_t width = machine().chip.dma.widthBytes;
  pathCycles_ += ceilDiv(run.bytes, width);
  chunk.bytes += run.bytes;
  if (run.fills) chunk.filledBytes += run.bytes;
  if (transfer_->streamed) {
    addStreamed(run);
  } else {
    if (!run.fills && machine().memory(transfer_->source.storage)) {
      reads_.add(run.source, run.bytes);
    }
    if (machine().memory(transfer_->target.storage)) writes_.add(run.target, run.bytes);
  }
  if (run.index) {
    const std::int64_t width8 = byteSize(transfer_->gather->type);
    chunk.indexBytes += width8;
    if (machine().memory(transfer_->gather->storage)) indices_.add(*run.index, width8);
  }
  if (machine().values) chunk.runs.push_back(run);
}

/// The part of the stream that the run completes, where its memories keep it.
void DmaEngine::addStreamed(const Run& run) {
  if (stream_.atStart()) first_ = run;
  const bool coded = transfer_->coded && machine().values;
  const StreamPart part =
      coded ? stream_.code({machine().storage(transfer_->source.storage).at(run.source, run.bytes),
                            static_cast<std::size_t>(run.bytes)},
                           walk_.done())
            : stream_.copy(run.bytes);
  if (part.bytes == 0) return;
  const auto add = [&](isa::StorageId storage, BurstPieces& pieces, std::int64_t first) {
    if (!machine().memory(storage)) return;
    const std::int64_t last = machine().storage(storage).capacityBytes() - stream_.mostBytes();
    pieces.add(std::min(first, last) + part.begin, part.bytes);
  };
  add(transfer_->source.storage, reads_, first_.source);
  add(transfer_->target.storage, writes_, first_.target);
}

/// Asks the memories for the chunk's bytes; its data path takes pathCycles_ beside them.
void DmaEngine::schedule(Chunk& chunk, std::int64_t now) {
  std::int64_t arrived = now;
  if (transfer_->gather) {
    arrived = request(chunk, transfer_->gather->storage, Direction::Read, indices_.pieces(), now);
  }
  arrived = std::max(
      arrived, request(chunk, transfer_->source.storage, Direction::Read, reads_.pieces(), now));
  if (!machine().chip.idealMemory) {
    pathFree_ = std::max(pathFree_, now) + pathCycles_;
    arrived = std::max(arrived, pathFree_);
  }
  chunk.units = reads_.units() + writes_.units();
  unitsUnderWay_ += chunk.units;
  chunk.completion = arrived;
  if (writes_.pieces().empty()) return;
  chunk.writes = writes_.pieces();
  if (reads_.pieces().empty()) {
    // From a buffer the bytes stream into the memory as they come.
    write(chunk, now);
    chunk.completion = std::max(chunk.completion, arrived);
  } else {
    chunk.writeAt = arrived;
    chunk.completion = kNever;
  }
}

void DmaEngine::write(Chunk& chunk, std::int64_t now) {
  chunk.completion =
      request(chunk, chunk.transfer->target.storage, Direction::Write, chunk.writes, now);
  chunk.writeAt = kNever;
}

/// Moves pieces in a memory; returns the core cycle at which all have moved.
std::int64_t DmaEngine::request(const Chunk& chunk, isa::StorageId storage, Direction direction,
                                const std::vector<Piece>& pieces, std::int64_t now) {
  MemoryModel* memory = machine().memory(storage);
  if (!memory || pieces.empty()) return now;
  Counters& counters = machine().layerOf(*chunk.instruction).counters;
  std::int64_t bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.bytes;
  (direction == Direction::Read ? counters.dramBytes.read : counters.dramBytes.write) += bytes;
  if (machine().chip.idealMemory) return now;
  MemoryEvents events;
  const std::int64_t start = memory->clock().crossFrom(machine().clock, now);
  const Completion done = memory->transfer(start, direction, pieces, events);
  counters.rowHits += events.rowHits;
  counters.rowMisses += events.rowMisses;
  counters.rowConflicts += events.rowConflicts;
  counters.activates += events.activates;
  counters.refreshes += events.refreshes;
  machine().ledger.requestedBytes += bytes;
  machine().ledger.burstBytesMoved += events.bursts * memory->burstBytes();
  return machine().clock.crossFrom(memory->clock(), done.end);
}

void DmaEngine::retire(const Chunk& chunk, std::int64_t now) {
  unitsUnderWay_ -= chunk.units;
  if (chunk.transfer) {
    Counters& counters = machine().layerOf(*chunk.instruction).counters;
    const auto count = [&](isa::StorageId storage, std::int64_t read, std::int64_t written) {
      if (!machine().memory(storage)) machine().countBuffer(counters, storage, read, written);
    };
    count(chunk.transfer->source.storage, chunk.bytes - chunk.filledBytes, 0);
    count(chunk.transfer->target.storage, 0, chunk.bytes);
    if (chunk.transfer->gather) count(chunk.transfer->gather->storage, chunk.indexBytes, 0);
    copy(chunk);
  }
  if (chunk.last) complete(*chunk.instruction, now);
}

void DmaEngine::copy(const Chunk& chunk) {
  if (!machine().values) {
    machine().ledger.receivedBytes += chunk.bytes;
    return;
  }
  Storage& source = machine().storage(chunk.transfer->source.storage);
  Storage& target = machine().storage(chunk.transfer->target.storage);
  for (const Run& run : chunk.runs) {
    std::byte* to = target.at(run.target, run.bytes);
    if (run.fills) {
      fillPattern(*chunk.transfer, run, to);
    } else {
      std::memmove(to, source.at(run.source, run.bytes), static_cast<std::size_t>(run.bytes));
    }
    machine().ledger.receivedBytes += run.bytes;
  }
}

}  // namespace npusim
