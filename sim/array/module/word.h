#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <systemc>
#include <vector>

namespace npusim::modules {

/// Where in the matrices a word comes from: row of A and C, column of B and C, first position along
/// k; -1 for what does not index the word. Hardware has no such labels. Here a PE holds the words
/// that meet in it against each other, so that an array out of step cannot compute anything.
struct Place {
  std::int64_t m = -1, n = -1, k = -1;
  bool operator==(const Place&) const = default;
};

/// What a link carries in a cycle: operands along k, or one partial sum, or nothing.
template <typename T>
struct Word {
  std::vector<T> values;
  Place place;
  bool turn = false;  ///< the fold before is over: what the PEs hold changes

  bool valid() const { return !values.empty(); }
  bool operator==(const Word&) const = default;
};

/// A word on its way down a column to one PE.
template <typename T>
struct Delivery {
  Word<T> word;
  std::int64_t row = -1;  ///< -1: nothing
  bool operator==(const Delivery&) const = default;
};

/// What the controller wants in a cycle from the modules at the array's edges.
struct Command {
  std::int64_t fold = -1, step = -1;         ///< operands to feed; -1: none
  std::int64_t loadFold = -1, loadRow = -1;  ///< row of PEs to fill for a fold; -1: none
  bool turn = false;                         ///< a fold begins, or the last one is over
  bool operator==(const Command&) const = default;
};

/// What sc_signal asks of the types it carries. Waveforms show the PEs' own state instead.
template <typename T>
std::ostream& operator<<(std::ostream& out, const Word<T>& word) {
  out << '[' << word.place.m << ' ' << word.place.n << ' ' << word.place.k << "]";
  for (const T value : word.values) out << ' ' << value;
  return out;
}
template <typename T>
std::ostream& operator<<(std::ostream& out, const Delivery<T>& delivery) {
  return out << "row " << delivery.row << ' ' << delivery.word;
}
inline std::ostream& operator<<(std::ostream& out, const Command& command) {
  return out << "fold " << command.fold << " step " << command.step;
}
template <typename T>
void sc_trace(sc_core::sc_trace_file*, const Word<T>&, const std::string&) {}
template <typename T>
void sc_trace(sc_core::sc_trace_file*, const Delivery<T>&, const std::string&) {}
inline void sc_trace(sc_core::sc_trace_file*, const Command&, const std::string&) {}

}  // namespace npusim::modules
