#include "sim/array/module/row_stationary_grid.h"

namespace npusim::modules {
namespace {

constexpr double kNsPerUs = 1000;

}  // namespace

template <typename T>
RowStationaryGrid<T>::RowStationaryGrid(const sc_core::sc_module_name& moduleName,
                                        const ArrayConfig& array, DataType format, double clockMhz)
    : sc_core::sc_module(moduleName),
      rows_(array.rows),
      cols_(array.cols),
      clock_("clock", sc_core::sc_time(kNsPerUs / clockMhz, sc_core::SC_NS), 0.5,
             sc_core::SC_ZERO_TIME, false),
      control_("control", array, format, failure_) {
  control_.clock(clock_);
  control_.start(start_);
  control_.filters(filters_);
  control_.inputs(inputs_);
  control_.sums(sums_);
  for (std::int64_t i = 0; i < rows_ * cols_; ++i) {
    const std::string at = "_" + std::to_string(i / cols_) + "_" + std::to_string(i % cols_);
    handed_.push_back(std::make_unique<Signal<Handed<T>>>(("handed" + at).c_str()));
    pes_.push_back(std::make_unique<RowStationaryPe<T>>(("pe" + at).c_str(), failure_));
    RowStationaryPe<T>& pe = *pes_.back();
    pe.clock(clock_);
    pe.start(start_);
    pe.filters(filters_);
    pe.inputs(inputs_);
    pe.sums(sums_);
    pe.handed(*handed_.back());
    control_.handed(*handed_.back());
  }
  for (std::int64_t i = 0; i < rows_ * cols_; ++i) {
    for (std::int64_t row = 0; row < rows_; ++row) {
      pes_[static_cast<std::size_t>(i)]->column(
          *handed_[static_cast<std::size_t>(row * cols_ + i % cols_)]);
    }
  }
}

template <typename T>
RowStationaryCounts RowStationaryGrid<T>::run(const RowStationaryProgram& program,
                                              const BufferView<T>& view, ArrayObserver* observer) {
  const auto configure = [this](const RowStationaryProgram& of, const Pass& pass, const Role& role,
                                std::int64_t row, std::int64_t col) {
    pes_[static_cast<std::size_t>(row * cols_ + col)]->configure(of, pass, role, {row, col, 0});
  };
  control_.begin(program, view, configure, [this, observer](std::int64_t cycle) {
    if (observer != nullptr) show(cycle, *observer);
  });
  sc_core::sc_start();
  if (failure_.first) std::rethrow_exception(failure_.first);
  RowStationaryCounts counts = control_.counts();
  for (std::size_t i = 0; i < pes_.size(); ++i) {
    RowStationaryCounts own = pes_[i]->takeCounts();
    if (i > 0) own.macCycles = 0;
    counts += own;
  }
  return counts;
}

template <typename T>
void RowStationaryGrid<T>::show(std::int64_t cycle, ArrayObserver& observer) const {
  std::vector<PeCycle> shown;
  for (const auto& pe : pes_) shown.push_back(pe->cycle());
  observer.onCycle(cycle, shown);
}

template <typename T>
void RowStationaryGrid<T>::traceTo(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, clock_, clock_.name());
  for (const auto& pe : pes_) pe->traceTo(file);
}

template class RowStationaryGrid<float>;
template class RowStationaryGrid<std::int32_t>;
template class RowStationaryGrid<std::int64_t>;

}  // namespace npusim::modules
