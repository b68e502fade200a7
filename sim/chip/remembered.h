#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// The latest results of a computation that follows from an instruction and some numbers. Passes of
/// a loop mostly work in the same few places of a buffer, by turns.
template <typename Value>
class Remembered {
 public:
  /// The result for `instruction` and `numbers`; make() computes one that is not remembered. It
  /// stays until the next call.
  template <typename Make>
  const Value& of(const isa::Instruction& instruction, const std::vector<std::int64_t>& numbers,
                  const Make& make) {
    Latest& latest = latest_[&instruction];
    for (const Result& result : latest.results) {
      if (result.numbers == numbers) return result.value;
    }
    Result made{numbers, make()};
    if (latest.results.size() < kKept) return latest.results.emplace_back(std::move(made)).value;
    Result& oldest = latest.results[latest.next];
    latest.next = (latest.next + 1) % kKept;
    oldest = std::move(made);
    return oldest.value;
  }

 private:
  static constexpr std::size_t kKept = 4;

  struct Result {
    std::vector<std::int64_t> numbers;
    Value value;
  };
  struct Latest {
    std::vector<Result> results;
    std::size_t next = 0;
  };

  std::unordered_map<const isa::Instruction*, Latest> latest_;
};

}  // namespace npusim
