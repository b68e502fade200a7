#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <systemc>
#include <vector>

namespace npusim::modules {

/// Who takes a word from a bus: every PE that carries the same tag. Filters: filter row, set of
/// channels, set of filters. Inputs: set of channels, row of the input. Sums: row and column of the
/// array.
using Tag = std::array<std::int64_t, 3>;

/// What a bus carries in a cycle: words side by side.
template <typename T>
struct Beat {
  struct Word {
    Tag tag{};
    T value{};
    bool operator==(const Word&) const = default;
  };
  std::vector<Word> words;
  bool operator==(const Beat&) const = default;
};

/// What a PE hands to the one below it: the mark that a window begins, and a sum.
template <typename T>
struct Handed {
  bool begins = false;
  bool valid = false;  ///< there is a sum
  T sum{};
  bool operator==(const Handed&) const = default;
};

/// What sc_signal asks of the types it carries. Waveforms show the PEs' own state instead.
template <typename T>
std::ostream& operator<<(std::ostream& out, const Beat<T>& beat) {
  return out << beat.words.size() << " words";
}
template <typename T>
std::ostream& operator<<(std::ostream& out, const Handed<T>& handed) {
  return out << (handed.begins ? "begins " : "") << (handed.valid ? "sum" : "");
}
template <typename T>
void sc_trace(sc_core::sc_trace_file*, const Beat<T>&, const std::string&) {}
template <typename T>
void sc_trace(sc_core::sc_trace_file*, const Handed<T>&, const std::string&) {}

}  // namespace npusim::modules
