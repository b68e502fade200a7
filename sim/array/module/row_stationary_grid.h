#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/array/module/row_stationary_control.h"
#include "sim/array/module/row_stationary_pe.h"

namespace npusim::modules {

/// A row-stationary array: its PEs, buses and control.
template <typename T>
class RowStationaryGrid : public sc_core::sc_module {
 public:
  RowStationaryGrid(const sc_core::sc_module_name& moduleName, const ArrayConfig& array,
                    DataType format, double clockMhz);

  /// Runs the clock until the instruction is over. Rethrows what a process threw.
  RowStationaryCounts run(const RowStationaryProgram& program, const BufferView<T>& view,
                          ArrayObserver* observer);
  void traceTo(sc_core::sc_trace_file* file) const;

 private:
  void show(std::int64_t cycle, ArrayObserver& observer) const;

  template <typename V>
  using Signal = sc_core::sc_signal<V>;

  const std::int64_t rows_, cols_;
  Failure failure_;
  sc_core::sc_clock clock_;
  Signal<bool> start_{"start"};
  Signal<Beat<T>> filters_{"filters"}, inputs_{"inputs"}, sums_{"sums"};
  std::vector<std::unique_ptr<Signal<Handed<T>>>> handed_;
  std::vector<std::unique_ptr<RowStationaryPe<T>>> pes_;
  RowStationaryControl<T> control_;
};

}  // namespace npusim::modules
