#include "sim/chip/multicast.h"

#include <algorithm>
#include <utility>

#include "sim/core/rounding.h"

namespace npusim {

ReaderGroup ReaderGroup::of(const isa::CoreDigit& sharers, std::int64_t number,
                            std::int64_t running) {
  ReaderGroup group;
  group.index = sharers.of(number);
  group.firstNumber = number - group.index * sharers.divisor;
  group.members = std::min(sharers.count, ceilDiv(running - group.firstNumber, sharers.divisor));
  return group;
}

std::shared_ptr<Readers> SharedReads::join(const isa::Instruction& instruction,
                                           const ReaderGroup& group, const Reader& reader) {
  const auto members = static_cast<std::size_t>(group.members);
  const auto index = static_cast<std::size_t>(group.index);
  Group& met = groups_[{&instruction, group.firstNumber}];
  met.joined.resize(members, 0);
  const auto meeting = static_cast<std::size_t>(met.joined[index]++ - met.closed);
  if (meeting == met.open.size()) {
    met.open.push_back({std::make_shared<Readers>(members), group.members});
  }
  (*met.open[meeting].readers)[index] = reader;
  if (--met.open[meeting].missing > 0) return nullptr;
  // Members come to every meeting in turn, so the first one fills up first.
  std::shared_ptr<Readers> readers = std::move(met.open.front().readers);
  met.open.pop_front();
  ++met.closed;
  return readers;
}

}  // namespace npusim
