#include "sim/chip/transfer_cut.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

void TransferCut::start(const isa::Instruction& instruction, const isa::LoopIndices& indices) {
  transfer_ = &std::get<isa::Transfer>(instruction.body);
  decoder_ = machine_.fabric.decoder(transfer_->source.storage);
  source_ = transfer_->source.storage;
  if (decoder_)
    source_ = machine_.program.storages[static_cast<std::size_t>(source_)].encoded->memory;
  const isa::StorageId target = transfer_->target.storage;
  const std::int64_t readUnit = machine_.transferUnit(source_);
  const std::int64_t writeUnit = machine_.transferUnit(target);
  fromMemory_ = inMemory(source_);
  toMemory_ = inMemory(target);
  offChip_ = fromMemory_ || toMemory_;
  reads_.start(readUnit);
  parameters_.start(readUnit);
  writes_.start(writeUnit);
  indices_.start(machine_.transferUnit(transfer_->gather ? transfer_->gather->storage : source_));
  const std::int64_t unit = std::max(readUnit, writeUnit);
  // Two chunks within the outstanding bursts keep the memory busy while one of them completes.
  const std::int64_t half = std::max<std::int64_t>(1, machine_.chip.dma.outstandingBursts / 2);
  chunkUnits_ = std::clamp<std::int64_t>(kChunkBytes / unit, 1, offChip_ ? half : kChunkBytes);
  chunkBytes_ = chunkUnits_ * unit;
  findReaders(instruction, indices);
  if (decoder_) startDecoding();
  walk_.start(*transfer_, indices, walkStorages(), machine_.layerName(instruction));
  if (transfer_->streamed) stream_.start(walk_.mostBytes());
}

/// A chunk has as many values as its bursts bring codes of, in whole records.
void TransferCut::startDecoding() {
  encoded_.start(*decoder_, transfer_->source.storage, group_.has_value());
  const WeightCode& code = decoder_->code();
  const std::int64_t record = WeightCode::kRecord * byteSize(code.type);
  const double values = static_cast<double>(code.valueBytes()) / static_cast<double>(code.bytes());
  const auto bytes = static_cast<std::int64_t>(static_cast<double>(chunkBytes_) * values);
  chunkBytes_ = std::max(record, bytes / record * record);
}

void TransferCut::findReaders(const isa::Instruction& instruction,
                              const isa::LoopIndices& indices) {
  group_.reset();
  if (transfer_->sharers.count == 1 || !machine_.fabric.network) return;
  if (!machine_.chip.network.multicast) return;
  const isa::CoreRange& range = instruction.cores;
  const std::int64_t running = range.all() ? machine_.program.cores : range.count;
  const ReaderGroup group = ReaderGroup::of(transfer_->sharers, indices.core, running);
  if (group.members > 1) group_ = group;
}

WalkStorages TransferCut::walkStorages() const {
  WalkStorages storages;
  storages.source = distributionOf(machine_, transfer_->source.storage);
  storages.target = distributionOf(machine_, transfer_->target.storage);
  if (!machine_.values || !transfer_->gather) return storages;
  storages.indices = [this, id = transfer_->gather->storage](std::int64_t address,
                                                             std::int64_t bytes) {
    const BytePlace place = placeOf(machine_, id, address);
    return bytesAt(machine_, id, place, bytes);
  };
  return storages;
}

std::int64_t TransferCut::fill(Chunk& chunk) {
  clear();
  const bool plain = walk_.isPlain() && !transfer_->streamed && !decoder_ && !machine_.values;
  std::int64_t cycles = plain ? fillPlainly(chunk) : 0;
  while (!plain && !walk_.done() && chunk.bytes < chunkBytes_ &&
         std::max(readUnits(), writes_.units()) < chunkUnits_) {
    Run run = walk_.next();
    run.bytes = std::min(run.bytes, mostBytes(chunk, run));
    walk_.pass(run.bytes);
    cycles += pathCycles(run.bytes);
    addRun(chunk, run);
  }
  chunk.units = std::max(readUnits(), writes_.units());
  addLegs(chunk);
  return cycles;
}

/// fill() where runs have nothing but places.
std::int64_t TransferCut::fillPlainly(Chunk& chunk) {
  std::int64_t cycles = 0;
  while (!walk_.done() && chunk.bytes < chunkBytes_ &&
         std::max(reads_.units(), writes_.units()) < chunkUnits_) {
    const std::int64_t source = walk_.source(), target = walk_.target();
    const std::int64_t bytes =
        withinUnits(std::min(walk_.left(), chunkBytes_ - chunk.bytes), fromMemory_, source, target);
    if (fromMemory_) reads_.add(source, bytes);
    if (toMemory_) writes_.add(target, bytes);
    chunk.bytes += bytes;
    cycles += pathBytes_.atLeast(bytes);
    walk_.pass(bytes);
  }
  return cycles;
}

/// Of one run: at most so many bytes, and from a decoder so many values, a cycle.
std::int64_t TransferCut::pathCycles(std::int64_t bytes) const {
  const std::int64_t moving = pathBytes_.atLeast(bytes);
  if (!decoder_) return moving;
  const std::int64_t values = bytes / byteSize(decoder_->code().type);
  return std::max(moving, ceilDiv(values, machine_.chip.decoder.valuesPerCycle));
}

void TransferCut::clear() {
  reads_.clear();
  writes_.clear();
  indices_.clear();
  parameters_.clear();
  readsFrom_.clear();
  writesTo_.clear();
}

/// What the next run may bring, so that the chunk's bursts stay within their number.
std::int64_t TransferCut::mostBytes(const Chunk& chunk, const Run& next) const {
  const std::int64_t bytes = chunkBytes_ - chunk.bytes;
  if (transfer_->streamed || decoder_) return bytes;
  return withinUnits(bytes, fromMemory_ && !next.fills, next.source, next.target);
}

std::int64_t TransferCut::withinUnits(std::int64_t bytes, bool reads, std::int64_t source,
                                      std::int64_t target) const {
  if (reads) bytes = std::min(bytes, reads_.bytesWithin(source, chunkUnits_ - readUnits()));
  if (toMemory_)
    bytes = std::min(bytes, writes_.bytesWithin(target, chunkUnits_ - writes_.units()));
  return bytes;
}

void TransferCut::addRun(Chunk& chunk, const Run& run) {
  chunk.bytes += run.bytes;
  if (run.fills) chunk.filledBytes += run.bytes;
  if (run.index) addIndex(chunk, *run.index);
  if (transfer_->streamed) {
    addStreamed(run);
  } else if (decoder_) {
    addEncoded(run);
  } else {
    if (!run.fills && fromMemory_) reads_.add(run.source, run.bytes);
    if (toMemory_) writes_.add(run.target, run.bytes);
  }
  if (run.sourceCore) addRead(*run.sourceCore, run.bytes);
  if (run.targetCore && *run.targetCore != machine_.core) {
    writesTo_.add(*run.targetCore, run.bytes);
  }
  if (machine_.values) chunk.runs.push_back(run);
}

void TransferCut::addIndex(Chunk& chunk, std::int64_t address) {
  const isa::StorageId storage = transfer_->gather->storage;
  const std::int64_t bytes = byteSize(transfer_->gather->type);
  chunk.indexBytes += bytes;
  if (inMemory(storage)) indices_.add(address, bytes);
  const BytePlace place = placeOf(machine_, storage, address);
  if (place.core) addRead(*place.core, bytes);
}

/// Bytes in a core's buffer. What is read for several cores comes from this one as from others.
void TransferCut::addRead(std::int64_t from, std::int64_t bytes) {
  if (group_ || from != machine_.core) readsFrom_.add(from, bytes);
}

/// The part of the stream that the run completes, where its memories keep it.
void TransferCut::addStreamed(const Run& run) {
  if (stream_.atStart()) first_ = run;
  const bool coded = transfer_->coded && machine_.values;
  const BytePlace source{run.sourceCore, run.source};
  const StreamPart part =
      coded ? stream_.code({bytesAt(machine_, transfer_->source.storage, source, run.bytes),
                            static_cast<std::size_t>(run.bytes)},
                           walk_.done())
            : stream_.copy(run.bytes);
  if (part.bytes == 0) return;
  const auto add = [&](isa::StorageId storage, BurstPieces& pieces, std::int64_t first) {
    if (!inMemory(storage)) return;
    const std::int64_t last = machine_.storage(storage).capacityBytes() - stream_.mostBytes();
    pieces.add(std::min(first, last) + part.begin, part.bytes);
  };
  add(transfer_->source.storage, reads_, first_.source);
  add(transfer_->target.storage, writes_, first_.target);
}

/// What the decoder needs for the run.
void TransferCut::addEncoded(const Run& run) {
  const auto storage = static_cast<std::size_t>(transfer_->source.storage);
  const std::int64_t base = machine_.program.storages[storage].encoded->address;
  const EncodedReads::Parts parts = encoded_.next(run.source, run.source + run.bytes);
  const auto add = [&](BurstPieces& pieces, const WeightDecoder::Bytes& bytes) {
    if (bytes.end > bytes.first) pieces.add(base + bytes.first, bytes.end - bytes.first);
  };
  add(parameters_, parts.parameters);
  add(reads_, parts.codes);
}

/// Cores that read together use the port of the first of them.
void TransferCut::addLegs(Chunk& chunk) {
  const std::int64_t firstReader =
      machine_.core - (group_ ? group_->index * transfer_->sharers.divisor : 0);
  const auto add = [&](std::vector<Leg>& legs, Direction direction, isa::StorageId storage,
                       const BurstPieces& pieces, std::int64_t core) {
    if (pieces.pieces().empty()) return;
    legs.push_back(courier_.toMemory(direction, storage, pieces.pieces(), courier_.portOf(core)));
  };
  if (transfer_->gather) {
    add(chunk.legs, Direction::Read, transfer_->gather->storage, indices_, firstReader);
  }
  add(chunk.legs, Direction::Read, source_, parameters_, firstReader);
  add(chunk.legs, Direction::Read, source_, reads_, firstReader);
  for (const BytesByCore::Share& share : readsFrom_.merged()) {
    chunk.legs.push_back(courier_.toCore(Direction::Read, share));
  }
  add(chunk.writes, Direction::Write, transfer_->target.storage, writes_, machine_.core);
  for (const BytesByCore::Share& share : writesTo_.merged()) {
    chunk.writes.push_back(courier_.toCore(Direction::Write, share));
  }
}

}  // namespace npusim
