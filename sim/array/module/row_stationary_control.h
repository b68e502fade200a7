#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/array/module/clocked.h"
#include "sim/array/module/delay.h"
#include "sim/array/module/row_stationary_feeders.h"
#include "sim/array/row_stationary_bus.h"
#include "sim/array/row_stationary_counts.h"

namespace npusim::modules {

/// The control of a row-stationary array and the ends of its buses at the buffers. At the falling
/// edge that begins a cycle it takes what the PEs handed on in the cycle before, and drives the
/// buses and the start of windows.
template <typename T>
class RowStationaryControl : public Clocked {
 public:
  RowStationaryControl(const sc_core::sc_module_name& moduleName, const ArrayConfig& array,
                       DataType format, Failure& failure);

  sc_core::sc_out<bool> start{"start"};
  sc_core::sc_out<Beat<T>> filters{"filters"}, inputs{"inputs"}, sums{"sums"};
  /// What every PE hands on, row by row.
  sc_core::sc_port<sc_core::sc_signal_in_if<Handed<T>>, 0> handed{"handed"};

  /// Called for every PE at the start of a pass.
  using Configure = std::function<void(const RowStationaryProgram&, const Pass&, const Role&,
                                       std::int64_t row, std::int64_t col)>;
  /// Called at the end of every cycle with its number.
  using CycleEnds = std::function<void(std::int64_t cycle)>;
  /// Begins an instruction; the kernel pauses when it is over. What is referred to must live until
  /// then.
  void begin(const RowStationaryProgram& program, const BufferView<T>& view, Configure configure,
             CycleEnds cycleEnds);

  /// cycles, filters, inputs, sumsIn, biasIn, sumsOut of the instruction.
  const RowStationaryCounts& counts() const { return counts_; }

 private:
  /// A PE at the end of a column, and the sums that it handed to the bus.
  struct Tail {
    int port;
    Role role;
    std::int64_t window = 0;
    std::vector<T> sums;
  };

  void step() override;
  void beginPass();
  void collect();
  void store(Tail& tail);
  bool mayStart();
  void drive(const Beat<T>& filterBeat, const Beat<T>& inputBeat, const Beat<T>& sumBeat);
  void finish();
  template <typename Feeder>
  static Beat<T> beat(Feeder& feeder, RowStationaryBus& bus);

  const std::int64_t rows_, cols_;
  RowStationaryBus filterBus_, inputBus_, sumsInBus_, sumsOutBus_;
  const std::int64_t delayCycles_;
  const RowStationaryProgram* program_ = nullptr;
  const BufferView<T>* view_ = nullptr;
  Configure configure_;
  CycleEnds cycleEnds_;
  RowStationaryCounts counts_;
  bool running_ = false;

  std::size_t pass_ = 0;
  std::optional<FilterFeeder<T>> filterFeeder_;
  std::optional<InputFeeder<T>> inputFeeder_;
  std::optional<SumFeeder<T>> sumFeeder_;
  std::optional<Delay<std::uint8_t>> pipeline_;
  std::vector<Tail> tails_;
  std::int64_t window_ = 0;  ///< to start
  std::int64_t rest_ = 0;    ///< cycles until the next may start
  std::int64_t windowCycles_ = 0, windowSums_ = 0;
  std::int64_t ready_ = 0, left_ = 0;  ///< sums at the bus back, and over it
};

}  // namespace npusim::modules
