#pragma once

#include <cstdint>
#include <utility>

#include "sim/array/module/word.h"
#include "sim/core/traffic.h"

namespace npusim::modules {

/// The local store of a PE: what it holds while the other operands stream, and what it will hold in
/// the next fold.
template <typename T>
class LocalStore {
 public:
  /// Every access moves `wordBytes`, whole words.
  explicit LocalStore(std::int64_t wordBytes) : wordBytes_(wordBytes) {}

  /// The word in use.
  Word<T>& held() { return held_; }
  /// Takes a word for the next fold.
  void fill(Word<T> word) {
    next_ = std::move(word);
    countWrite();
  }
  /// Begins the next fold and returns what was in use.
  Word<T> turn() { return std::exchange(held_, std::exchange(next_, {})); }

  void countRead() { traffic_.read += wordBytes_; }
  void countWrite() { traffic_.write += wordBytes_; }
  std::int64_t wordBytes() const { return wordBytes_; }
  /// Bytes since the last call.
  ReadWrite takeTraffic() { return std::exchange(traffic_, {}); }

 private:
  std::int64_t wordBytes_;
  Word<T> held_, next_;
  ReadWrite traffic_;
};

}  // namespace npusim::modules
