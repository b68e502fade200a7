#include "sim/chip/dma_engine.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/core/error.h"

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
  chunks_.clear();
  cut_.reset();
  sendAt_ = pathFree_ = unitsUnderWay_ = now_ = 0;
}

std::int64_t DmaEngine::advance(std::int64_t now) {
  now_ = now;
  while (progress(now)) {
  }
  return nextDue(now);
}

/// Does one thing that is due; false when there is none.
bool DmaEngine::progress(std::int64_t now) {
  if (!chunks_.empty() && chunks_.front()->completion <= now) {
    retire(*chunks_.front(), now);
    spare_.push_back(std::move(chunks_.front()));
    chunks_.pop_front();
    return true;
  }
  for (const auto& chunk : chunks_) {
    if (chunk->nextLeg > now) continue;
    runLegs(*chunk, now);
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
  for (const auto& chunk : chunks_) next = std::min(next, chunk->nextLeg);
  if (chunks_.empty()) return next;
  const Chunk& front = *chunks_.front();
  next = std::min(next, front.completion);
  // At these cycles it changes what the chunk waits for.
  for (const std::int64_t change : {front.memoryUntil, front.networkUntil}) {
    if (front.networked && change > now) next = std::min(next, change);
  }
  return next;
}

bool DmaEngine::accept(std::int64_t now) {
  const std::optional<Issued> issued = fetch(now);
  if (!issued) return false;
  sendAt_ = now + machine().issueCycles();
  current_ = *issued;
  transfers_ = std::holds_alternative<isa::Transfer>(issued->instruction->body);
  if (transfers_) {
    if (!machine().chip.idealMemory) sendAt_ += machine().chip.dma.issueCycles;
    cut_.start(*issued->instruction, issued->indices);
  } else {
    ensure(std::holds_alternative<isa::Sync>(issued->instruction->body),
           "a DMA queue holds transfers only");
  }
  return true;
}

bool DmaEngine::hasRoom() const {
  if (chunks_.empty()) return true;
  return unitsUnderWay_ + cut_.mostUnits() <= machine().chip.dma.outstandingBursts &&
         chunks_.size() < kMaxChunks;
}

Chunk& DmaEngine::nextChunk() {
  if (spare_.empty()) spare_.push_back(std::make_unique<Chunk>());
  chunks_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  chunks_.back()->clear();
  return *chunks_.back();
}

void DmaEngine::send(std::int64_t now) {
  Chunk& chunk = nextChunk();
  chunk.instruction = current_.instruction;
  chunk.completion = now;
  if (transfers_) {
    chunk.transfer = &std::get<isa::Transfer>(chunk.instruction->body);
    schedule(chunk, now);
    chunk.last = cut_.done();
  }
  if (chunk.last) current_ = {};
}

/// Fills the chunk and sets it on its way; its data path works beside memories and network.
void DmaEngine::schedule(Chunk& chunk, std::int64_t now) {
  const std::int64_t pathCycles = cut_.fill(chunk);
  machine().ledger.sentBytes += chunk.bytes;
  unitsUnderWay_ += chunk.units;
  chunk.arrived = now;
  if (!machine().chip.idealMemory) {
    pathFree_ = std::max(pathFree_, now) + pathCycles;
    chunk.arrived = pathFree_;
  }
  for (const auto* legs : {&chunk.legs, &chunk.writes}) {
    for (const Leg& leg : *legs) {
      chunk.networked |= leg.carries;
      if (leg.carries && leg.node != core()) machine().ledger.networkBytes += leg.bytes;
    }
  }
  if (!chunk.legs.empty() && cut_.group()) {
    meet(chunk, now);
  } else {
    // From its own buffer the bytes stream out as they come.
    if (chunk.legs.empty()) std::swap(chunk.legs, chunk.writes);
    start(chunk, now);
  }
}

/// Waits for the cores that read the same bytes; the last to come reads for all.
void DmaEngine::meet(Chunk& chunk, std::int64_t now) {
  chunk.legsLeft = std::ssize(chunk.legs);
  chunk.completion = kNever;
  chunk.readers =
      machine().fabric.sharedReads.join(*chunk.instruction, *cut_.group(), {core(), this, &chunk});
  chunk.readsItself = chunk.readers != nullptr;
  if (!chunk.readers) {
    chunk.legs.clear();
    return;
  }
  for (const Reader& reader : *chunk.readers) {
    ensure(reader.chunk->legsLeft == chunk.legsLeft && reader.chunk->bytes == chunk.bytes,
           "cores that share what they read read different bytes");
  }
  start(chunk, now);
}

/// Begins the chunk's legs at `now`; without any it is complete when its bytes have arrived.
void DmaEngine::start(Chunk& chunk, std::int64_t now) {
  chunk.legsLeft = std::ssize(chunk.legs);
  chunk.completion = chunk.legs.empty() ? chunk.arrived : kNever;
  chunk.nextLeg = kNever;
  for (Leg& leg : chunk.legs) {
    courier_.begin(leg, now);
    chunk.nextLeg = std::min(chunk.nextLeg, leg.at);
  }
}

/// Does the step that is due of each leg; one that has ended is never due again.
void DmaEngine::runLegs(Chunk& chunk, std::int64_t now) {
  chunk.nextLeg = kNever;
  for (Leg& leg : chunk.legs) {
    if (leg.at <= now) {
      const bool asks = leg.memory && (leg.direction == Direction::Read || !leg.carries);
      asks ? ask(chunk, leg, now) : carry(chunk, leg, now);
      if (!leg.memory && !leg.carries) leg.at = kNever;
    }
    chunk.nextLeg = std::min(chunk.nextLeg, leg.at);
  }
  if (chunk.legsLeft == 0) finishLegs(chunk);
}

/// Everything is read: now the writes, if any are left.
void DmaEngine::finishLegs(Chunk& chunk) {
  chunk.legs.clear();
  std::swap(chunk.legs, chunk.writes);
  chunk.readers.reset();
  start(chunk, chunk.arrived);
}

void DmaEngine::ask(Chunk& chunk, Leg& leg, std::int64_t now) {
  courier_.ask(chunk, leg, now);
  tellReaders(chunk, [&](Chunk& waiting, std::size_t /*reader*/) {
    waiting.memoryFrom = now;
    waiting.memoryUntil = std::max(waiting.memoryUntil, leg.end);
    if (!leg.carries) waiting.endLeg(leg.end);
    return true;
  });
}

void DmaEngine::carry(Chunk& chunk, Leg& leg, std::int64_t now) {
  const std::span<const Delivery> deliveries = courier_.carry(chunk, leg, now);
  leg.at = deliveries.front().firstByte;
  leg.end = deliveries.front().lastByte;
  tellReaders(chunk, [&](Chunk& waiting, std::size_t reader) {
    const std::int64_t end = deliveries[reader].lastByte;
    waiting.networkUntil = std::max(waiting.networkUntil, end);
    if (!leg.memory) waiting.endLeg(end);
    return waiting.legsLeft == 0;
  });
}

/// Calls tell(chunk, number) for the chunk, or for the same chunk of all cores that it is read for;
/// it returns whether their engines have something new to consider.
template <typename Tell>
void DmaEngine::tellReaders(Chunk& chunk, Tell tell) {
  if (!chunk.readers) {
    tell(chunk, 0);
    return;
  }
  for (std::size_t i = 0; i < chunk.readers->size(); ++i) {
    const Reader& reader = (*chunk.readers)[i];
    if (!tell(*reader.chunk, i) || reader.engine == this) continue;
    if (reader.chunk->legsLeft == 0) reader.engine->finishLegs(*reader.chunk);
    machine().fabric.wake(reader.core, id());
  }
}

void DmaEngine::retire(const Chunk& chunk, std::int64_t now) {
  unitsUnderWay_ -= chunk.units;
  if (chunk.transfer) {
    countBuffers(chunk);
    copy(chunk);
  }
  if (chunk.last) complete(*chunk.instruction, now);
}

void DmaEngine::countBuffers(const Chunk& chunk) {
  Counters& counters = machine().layerOf(*chunk.instruction).counters;
  const auto count = [&](isa::StorageId storage, std::int64_t read, std::int64_t written) {
    if (machine().memory(storage) || machine().fabric.decoder(storage)) return;
    const isa::Distribution* distribution = distributionOf(machine(), storage);
    machine().countBuffer(counters, distribution ? distribution->buffer : storage, read, written);
  };
  const isa::Transfer& transfer = *chunk.transfer;
  if (chunk.readsItself) {
    count(transfer.source.storage, chunk.bytes - chunk.filledBytes, 0);
    if (transfer.gather) count(transfer.gather->storage, chunk.indexBytes, 0);
  }
  count(transfer.target.storage, 0, chunk.bytes);
  if (const WeightDecoder* decoder = machine().fabric.decoder(transfer.source.storage)) {
    counters.decodedWeights += chunk.bytes / byteSize(decoder->code().type);
  }
}

void DmaEngine::copy(const Chunk& chunk) {
  if (!machine().values) {
    machine().ledger.receivedBytes += chunk.bytes;
    return;
  }
  const isa::Transfer& transfer = *chunk.transfer;
  for (const Run& run : chunk.runs) {
    std::byte* to =
        bytesAt(machine(), transfer.target.storage, {run.targetCore, run.target}, run.bytes);
    if (run.fills) {
      fillPattern(transfer, run, to);
    } else if (const WeightDecoder* decoder = machine().fabric.decoder(transfer.source.storage)) {
      decode(*decoder, transfer.source.storage, run, to);
    } else {
      const std::byte* from =
          bytesAt(machine(), transfer.source.storage, {run.sourceCore, run.source}, run.bytes);
      std::memmove(to, from, static_cast<std::size_t>(run.bytes));
    }
    machine().ledger.receivedBytes += run.bytes;
  }
}

void DmaEngine::decode(const WeightDecoder& decoder, isa::StorageId storage, const Run& run,
                       std::byte* to) {
  const auto& weights = machine().program.storages[static_cast<std::size_t>(storage)].encoded;
  const std::int64_t width = byteSize(weights->code.type);
  const std::byte* encoded =
      machine().storage(weights->memory).at(weights->address, weights->code.bytes());
  decoder.decode(encoded, run.source / width, (run.source + run.bytes) / width, to);
}

}  // namespace npusim
