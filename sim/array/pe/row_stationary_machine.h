#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/array/observer.h"
#include "sim/array/pe/row_stationary_inputs.h"
#include "sim/array/pe/row_stationary_plan.h"
#include "sim/array/row_stationary_bus.h"
#include "sim/array/row_stationary_counts.h"
#include "sim/array/sums.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// The values of one instruction; all null when only times matter. `inputs` are A as m x k
/// elements, `weights` B as k x n; sums that start are read from `start`, sums that go on from
/// `later`.
template <typename T>
struct RowStationaryValues {
  const T* inputs = nullptr;
  const T* weights = nullptr;
  const Sums<T>* start = nullptr;
  Sums<T>* later = nullptr;
};

/// The PEs of a row-stationary array, every one every cycle, over one processing pass. State lies
/// as structure of arrays: [row][word of a store][column of the array].
///
/// A PE keeps a window of its input line (taps x channels), its filters' rows, and one sum for each
/// filter. In a window it does a MAC every `interval` cycles: for each input of the window, all
/// filters. In the cycle in which the next window's first product would take the place of a
/// finished sum, that sum leaves: the PE adds it to what the PE before it in the column handed over
/// and hands the total on. So every PE runs one cycle behind the one before it, and the pipeline
/// delays all of it by its stages - 1.
template <typename T>
class RowStationaryMachine {
 public:
  RowStationaryMachine(const ArrayConfig& array, DataType format, const RowStationaryPlan& plan,
                       const RowStationaryPiece& piece, const RowStationaryValues<T>& values,
                       RowStationaryCounts& counts, ArrayObserver* observer);

  /// Runs the pass to its end.
  void run();

 private:
  /// What moves in a row of PEs.
  struct State {
    std::int64_t token = kNone;                      ///< window that begins in this cycle
    std::int64_t window = kNone;                     ///< under way
    std::int64_t cycle = 0;                          ///< of the window; windowCycles_: idle
    std::int64_t filter = 0, slot = 0, channel = 0;  ///< of the next MAC; slot: word of the window
    std::int64_t leaving = 0;  ///< filter of which the sum leaves; interleaved_: none
    std::int64_t leavingWindow = kNone;
    std::int64_t taken = 0;  ///< words of its lines so far
    bool works = false;      ///< it did a MAC in this cycle
  };
  static constexpr std::int64_t kNone = -1;

  void loadFilters();
  void storeFilter(std::int64_t word);
  std::int64_t mayStart();
  void step(std::size_t row, std::int64_t token);
  void begin(std::size_t row);
  void takeInputs(std::size_t row, std::int64_t fresh);
  void countZeros(std::size_t row);
  void multiply(std::size_t row);
  void finishWindow(std::size_t row);
  void fetchSums(std::size_t row);
  void handOn(std::size_t row);
  void writeSums(std::size_t row);
  void observe();
  void showPe(std::size_t row, std::size_t column, PeCycle& pe) const;
  void endCycle();

  std::int64_t firstRowOfTile(const RowStationaryRow::Pe& pe, std::int64_t window) const;
  T* lanes(std::vector<T>& of, std::int64_t words, std::size_t row, std::int64_t word) {
    return of.data() + (static_cast<std::int64_t>(row) * words + word) * pitch_;
  }
  const T* lanes(const std::vector<T>& of, std::int64_t words, std::size_t row,
                 std::int64_t word) const {
    return of.data() + (static_cast<std::int64_t>(row) * words + word) * pitch_;
  }

  const RowStationaryPlan& plan_;
  const RowStationaryPiece piece_;
  const RowStationaryValues<T> values_;
  RowStationaryCounts& counts_;
  ArrayObserver* const observer_;
  const std::vector<RowStationaryRow> rows_;
  const std::int64_t pitch_;         ///< lanes of a row
  const std::int64_t interleaved_;   ///< filters of a PE
  const std::int64_t channels_;      ///< of a PE
  const std::int64_t slots_;         ///< words of a window
  const std::int64_t interval_;      ///< cycles from MAC to MAC
  const std::int64_t windowCycles_;  ///< of MACs
  const std::int64_t windows_;       ///< of the pass
  const std::int64_t windowSums_;    ///< sums of a window
  const std::int64_t stages_;
  const std::int64_t arrayRows_, arrayCols_;
  const bool readsSums_;
  RowStationaryBus filterBus_, inputBus_, sumsInBus_, sumsOutBus_;
  RowStationaryInputs<T> inputs_;

  std::vector<T> filters_, window_, sums_, links_, arriving_, leaving_, zeros_;
  std::vector<std::int64_t> lines_;  ///< by row and column of the array
  std::vector<State> states_;        ///< by row
  std::vector<PeCycle> shown_;

  std::int64_t cycle_ = 0;                          ///< since the filters were loaded
  std::int64_t next_ = 0;                           ///< window to start
  std::int64_t notBefore_ = 0;                      ///< cycle in which it may
  std::int64_t inputsNeeded_ = 0;                   ///< words that it and those before it need
  std::int64_t sumsArrived_ = 0, sumsWaiting_ = 0;  ///< to the PEs
  std::int64_t sumsReady_ = 0, sumsLeft_ = 0;       ///< back
  std::vector<std::int64_t> pipeline_;              ///< windows begun in the last cycles
};

}  // namespace npusim
