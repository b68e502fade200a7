#include "sim/chip/condition_read.h"

#include "sim/chip/burst_pieces.h"

namespace npusim {

void ConditionRead::begin(const isa::Instruction& loop, const isa::Condition& condition,
                          const isa::LoopIndices& indices, std::int64_t now) {
  read_.instruction = &loop;
  storage_ = condition.byte.storage;
  place_ = placeOf(machine_, storage_, condition.byte.address.at(indices));
  leg_ = legTo(storage_, place_);
  if (leg_.carries && leg_.node != machine_.core) machine_.ledger.networkBytes += leg_.bytes;
  courier_.begin(leg_, now + machine_.issueCycles());
  if (machine_.memory(storage_)) return;
  const isa::Distribution* spread = distributionOf(machine_, storage_);
  machine_.countBuffer(machine_.layerOf(loop).counters, spread ? spread->buffer : storage_, 1, 0);
  if (!leg_.carries && !machine_.chip.idealMemory) ++leg_.at;
}

Leg ConditionRead::legTo(isa::StorageId storage, const BytePlace& place) {
  if (machine_.memory(storage)) {
    BurstPieces pieces;
    pieces.start(machine_.transferUnit(storage));
    pieces.add(place.address, 1);
    return courier_.toMemory(Direction::Read, storage, pieces.pieces(),
                             courier_.portOf(machine_.core));
  }
  if (place.core && *place.core != machine_.core) {
    return courier_.toCore(Direction::Read, {*place.core, 1});
  }
  return {};
}

bool ConditionRead::arrives(std::int64_t now) {
  while (leg_.at <= now) {
    if (leg_.memory) {
      courier_.ask(read_, leg_, now);
      if (!leg_.carries) leg_.at = leg_.end;
    } else if (leg_.carries) {
      leg_.at = courier_.carry(read_, leg_, now).front().lastByte;
    } else {
      return true;
    }
  }
  return false;
}

bool ConditionRead::take() {
  reset();
  return !machine_.values || *bytesAt(machine_, storage_, place_, 1) != std::byte{0};
}

}  // namespace npusim
