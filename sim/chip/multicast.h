#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

struct Chunk;
class DmaEngine;

/// A core that wants the next bytes of a shared transfer, and what it keeps room for.
struct Reader {
  std::int64_t core = 0;
  DmaEngine* engine = nullptr;
  Chunk* chunk = nullptr;
};
using Readers = std::vector<Reader>;

/// The cores that run a transfer and read the same bytes in it: those whose numbers differ in one
/// digit alone.
struct ReaderGroup {
  std::int64_t firstNumber = 0;  ///< its digit is 0
  std::int64_t members = 1;
  std::int64_t index = 0;  ///< of the core in question among them

  /// `number`: the core's among the `running` ones.
  static ReaderGroup of(const isa::CoreDigit& sharers, std::int64_t number, std::int64_t running);
};

/// Where cores that read the same bytes meet: the last one to have room reads for all of them.
/// Cores of a group come for the same chunks in the same order.
class SharedReads {
 public:
  /// `reader` is ready for its next chunk of `instruction`. Returns all readers of the chunk, in
  /// order of their cores, when it is the last of them; null before.
  std::shared_ptr<Readers> join(const isa::Instruction& instruction, const ReaderGroup& group,
                                const Reader& reader);

  void reset() { groups_.clear(); }

 private:
  struct Meeting {
    std::shared_ptr<Readers> readers;
    std::int64_t missing = 0;
  };
  struct Group {
    std::deque<Meeting> open;          ///< in order; not all have come
    std::vector<std::int64_t> joined;  ///< by member: meetings so far
    std::int64_t closed = 0;           ///< meetings to which all have come
  };
  using Key = std::pair<const isa::Instruction*, std::int64_t>;

  std::map<Key, Group> groups_;
};

}  // namespace npusim
