#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/memory/run_length.h"

namespace npusim {

/// Bytes of a stream in memory, counted from its beginning.
struct StreamPart {
  std::int64_t begin = 0, bytes = 0;
};

/// Where the bytes of one transfer lie in a stream that has no gaps, as values or as their
/// run-length code: a transfer is one code, begun with its first value and ended with its last.
class StreamCode {
 public:
  /// Begins a stream of at most `valueBytes` bytes of values.
  void start(std::int64_t valueBytes) {
    counter_ = {};
    atStart_ = true;
    end_ = 0;
    mostBytes_ = std::max(valueBytes, run_length::longestBytes((valueBytes + 1) / 2));
  }

  /// The next `bytes` bytes as they are.
  StreamPart copy(std::int64_t bytes) { return upTo(end_ + bytes); }

  /// The words of the code that the next values complete; all that is left after the last ones.
  StreamPart code(std::span<const std::byte> values, bool last) {
    counter_.add(values);
    return upTo(last ? counter_.bytes() : counter_.wholeBytes());
  }

  /// Nothing was added yet.
  bool atStart() const { return atStart_; }
  /// What the stream can take at most.
  std::int64_t mostBytes() const { return mostBytes_; }

 private:
  StreamPart upTo(std::int64_t end) {
    const StreamPart part{end_, end - end_};
    end_ = end;
    atStart_ = false;
    return part;
  }

  run_length::Counter counter_;
  bool atStart_ = true;
  std::int64_t end_ = 0;
  std::int64_t mostBytes_ = 0;
};

}  // namespace npusim
