#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/array/module/clocked.h"
#include "sim/array/module/row_stationary_pass.h"
#include "sim/array/observer.h"
#include "sim/array/row_stationary_counts.h"

namespace npusim::modules {

/// A processing element of Eyeriss: stores for a window of its input line, for the rows of its
/// filters and for a sum of each, queues for what the buses bring, a multiplier, an adder for what
/// comes from the PE above.
template <typename T>
class RowStationaryPe : public Clocked {
 public:
  RowStationaryPe(const sc_core::sc_module_name& moduleName, Failure& failure)
      : Clocked(moduleName, Edge::Rising, failure) {}

  sc_core::sc_in<bool> start{"start"};  ///< a window begins in the first PEs of the columns
  sc_core::sc_in<Beat<T>> filters{"filters"}, inputs{"inputs"}, sums{"sums"};  ///< the buses
  /// What every PE of the column hands on; a multiplexer takes that of the PE above.
  sc_core::sc_port<sc_core::sc_signal_in_if<Handed<T>>, 0> column{"column"};
  sc_core::sc_out<Handed<T>> handed{"handed"};

  /// Prepares it for a pass, as the chip's scan chain does. `sumTag`: its place in the array.
  void configure(const RowStationaryProgram& program, const Pass& pass, const Role& role,
                 const Tag& sumTag);

  const Role& role() const { return role_; }
  /// Since the last call: macCycles, macs, zeroMacs, filterCopies, inputCopies, handedOn.
  RowStationaryCounts takeCounts();
  PeCycle cycle() const;
  void traceTo(sc_core::sc_trace_file* file) const;

 private:
  void step() override;
  void takeFromBuses();
  void storeFilter(T value);
  void beginWindow();
  Handed<T> handOn(const Handed<T>& above);
  void multiply();

  Role role_;
  const RowStationaryProgram* program_ = nullptr;
  Tag sumTag_{};
  std::int64_t p_ = 0, q_ = 0, taps_ = 0, sliding_ = 0;  ///< of the pass
  bool readsSums_ = false;

  std::vector<T> filterStore_, windowStore_, sumStore_;
  std::deque<T> inputQueue_, sumQueue_;
  std::int64_t filtersStored_ = 0;
  std::int64_t window_ = -1;  ///< under way
  std::int64_t offset_ = 0;   ///< cycles of it so far
  std::int64_t leaving_ = 0;  ///< filter of which the sum leaves next; p_: none
  RowStationaryCounts counts_;

  PeCycle shown_;  ///< the MAC of this cycle
  bool works_ = false;
  T shownInput_{}, shownWeight_{}, shownSum_{};
};

}  // namespace npusim::modules
