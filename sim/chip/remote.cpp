#include "sim/chip/remote.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

const std::vector<BytesByCore::Share>& BytesByCore::merged() {
  std::ranges::sort(shares_, {}, &Share::core);
  std::size_t count = 0;
  for (const Share& share : shares_) {
    if (count > 0 && shares_[count - 1].core == share.core) {
      shares_[count - 1].bytes += share.bytes;
    } else {
      shares_[count++] = share;
    }
  }
  shares_.resize(count);
  return shares_;
}

const isa::Distribution* distributionOf(const Machine& machine, isa::StorageId storage) {
  const auto& distribution =
      machine.program.storages[static_cast<std::size_t>(storage)].distribution;
  return distribution ? &*distribution : nullptr;
}

BytePlace placeOf(const Machine& machine, isa::StorageId storage, std::int64_t address) {
  const isa::Distribution* distribution = distributionOf(machine, storage);
  if (!distribution) return {{}, address};
  const isa::Distribution::Place place = distribution->at(address);
  return {place.core, place.address, place.contiguous};
}

std::byte* bytesAt(Machine& machine, isa::StorageId storage, const BytePlace& place,
                   std::int64_t bytes) {
  if (!place.core) return machine.storage(storage).at(place.address, bytes);
  const isa::StorageId buffer = distributionOf(machine, storage)->buffer;
  return machine.fabric.core(*place.core).storage(buffer).at(place.address, bytes);
}

Leg Courier::toMemory(Direction direction, isa::StorageId memory, const std::vector<Piece>& pieces,
                      std::int64_t port) {
  Leg leg;
  if (!spare_.empty()) {
    leg.pieces = std::move(spare_.back());
    spare_.pop_back();
  }
  leg.direction = direction;
  leg.memory = memory;
  leg.carries = machine_.fabric.network != nullptr;
  leg.node = port;
  leg.pieces.assign(pieces.begin(), pieces.end());
  for (const Piece& piece : pieces) leg.bytes += piece.bytes;
  return leg;
}

Leg Courier::toCore(Direction direction, const BytesByCore::Share& share) const {
  Leg leg;
  leg.direction = direction;
  leg.carries = true;
  leg.node = share.core;
  leg.bytes = share.bytes;
  return leg;
}

std::int64_t Courier::portOf(std::int64_t core) const {
  return machine_.fabric.network ? machine_.fabric.network->portOf(core) : 0;
}

void Courier::begin(Leg& leg, std::int64_t now) const {
  leg.at = now;
  leg.end = now;
  const NetworkConfig& network = machine_.chip.network;
  if (leg.direction == Direction::Write || !leg.carries || machine_.chip.idealMemory) return;
  if (network.topology == Topology::Exchange) return;
  leg.at += machine_.fabric.network->hops(machine_.core, leg.node) * network.hopCycles;
}

void Courier::ask(const Chunk& chunk, Leg& leg, std::int64_t now) {
  const Completion done = transfer(chunk, leg, now);
  leg.memory.reset();
  spare_.push_back(std::move(leg.pieces));
  leg.pieces.clear();
  leg.end = std::max(leg.end, done.end);
  // The network carries the bytes as they come, and the last of them without delay.
  const std::int64_t carrying = ceilDiv(leg.bytes, machine_.chip.network.linkBytes);
  leg.at = std::max(done.firstData, done.end - carrying);
}

/// In core cycles.
Completion Courier::transfer(const Chunk& chunk, const Leg& leg, std::int64_t now) {
  Counters& counters = machine_.layerOf(*chunk.instruction).counters;
  const std::size_t index = static_cast<std::size_t>(*leg.memory) - machine_.chip.buffers.size();
  counters.memory(index).bytes += leg.bytes;
  if (leg.direction == Direction::Read) counters.memory(index).bytesRead += leg.bytes;
  if (machine_.chip.memories[index].kind == MemoryKind::Host) {
    counters.hostBytes += leg.bytes;
  } else {
    (leg.direction == Direction::Read ? counters.dramBytes.read : counters.dramBytes.write) +=
        leg.bytes;
  }
  if (machine_.chip.idealMemory) return {now, now};
  MemoryModel& memory = *machine_.memory(*leg.memory);
  MemoryEvents events;
  const std::int64_t start = memory.clock().crossFrom(machine_.clock, now);
  const Completion done = memory.transfer(start, leg.direction, leg.pieces, events);
  machine_.fabric.book(index, events, counters);
  machine_.ledger.requestedBytes += leg.bytes;
  return {machine_.clock.crossFrom(memory.clock(), done.firstData),
          machine_.clock.crossFrom(memory.clock(), done.end)};
}

std::span<const Delivery> Courier::carry(const Chunk& chunk, Leg& leg, std::int64_t now) {
  Network& network = *machine_.fabric.network;
  leg.carries = false;
  if (leg.direction == Direction::Write) {
    deliveries_.assign(1, network.send(now, machine_.core, leg.node, leg.bytes));
  } else if (!chunk.readers) {
    deliveries_.assign(1, network.send(now, leg.node, machine_.core, leg.bytes));
  } else {
    nodes_.clear();
    for (const Reader& reader : *chunk.readers) nodes_.push_back(reader.core);
    deliveries_ = network.multicast(now, leg.node, nodes_, leg.bytes);
  }
  Counters& counters = machine_.layerOf(*chunk.instruction).counters;
  for (Delivery& delivery : deliveries_) {
    counters.networkByteHops += delivery.byteHops;
    counters.networkPortBytes += delivery.bytes;
    if (machine_.chip.idealMemory) delivery.firstByte = delivery.lastByte = now;
  }
  return deliveries_;
}

}  // namespace npusim
