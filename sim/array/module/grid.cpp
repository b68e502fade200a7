#include "sim/array/module/grid.h"

#include <utility>

#include "sim/core/error.h"

namespace npusim::modules {
namespace {

constexpr double kNsPerUs = 1000;

}  // namespace

template <typename T>
Grid<T>::Grid(const sc_core::sc_module_name& moduleName, const Geometry& geometry, double clockMhz)
    : sc_core::sc_module(moduleName),
      geometry_(geometry),
      clock_("clock", sc_core::sc_time(kNsPerUs / clockMhz, sc_core::SC_NS), 0.5,
             sc_core::SC_ZERO_TIME, false),
      controller_("controller", geometry, failure_),
      recorder_("recorder", *this, failure_) {
  makePes();
  for (std::int64_t r = 0; r < geometry_.rows; ++r) {
    connectOperand("row_" + std::to_string(r), row(r), {r, geometry_.lagOf(r, 0)}, false);
  }
  for (std::int64_t c = 0; c < geometry_.cols; ++c) {
    connectOperand("column_" + std::to_string(c), column(c, &Pe<T>::down),
                   {c, geometry_.lagOf(0, c)}, true);
    connectLoads(c);
    connectLeaving(c);
  }
  recorder_.clock(clock_);
  controller_.clock(clock_);
  controller_.command(command_);
  controller_.turned(*turned_);
}

template <typename T>
void Grid<T>::run(const MatrixShape& shape, Buffers<T> buffers) {
  const FoldPlan plan(geometry_, shape);
  instruction_ = {plan, std::move(buffers)};
  controller_.begin(plan, shape.startsFromSums());
  sc_core::sc_start();
  if (failure_.first) std::rethrow_exception(failure_.first);
  ensure(instruction_.buffers.sumsStored() == shape.m() * shape.n() * plan.foldsOfK(),
         "a sum was lost in the array");
}

template <typename T>
PeCounts Grid<T>::takeCounts() {
  PeCounts counts;
  for (const auto& each : pes_) counts += each->takeCounts();
  return counts;
}

template <typename T>
void Grid<T>::traceTo(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, clock_, clock_.name());
  controller_.traceTo(file);
  for (const auto& each : pes_) each->traceTo(file);
}

template <typename T>
void Grid<T>::Recorder::step() {
  const std::int64_t cycle = grid_.controller_.number();
  if (observer == nullptr || cycle < 0 || cycle >= cycles) return;
  pes_.clear();
  for (const auto& each : grid_.pes_) pes_.push_back(each->cycle());
  observer->onCycle(cycle, pes_);
}

template <typename T>
template <typename W>
sc_core::sc_signal<W>& Grid<T>::signal(const std::string& signalName) {
  auto made = std::make_shared<sc_core::sc_signal<W>>(signalName.c_str());
  sc_core::sc_signal<W>& reference = *made;
  parts_.push_back(std::move(made));
  return reference;
}

/// Makes a module and gives it the clock.
template <typename T>
template <typename Module, typename... Arguments>
Module& Grid<T>::add(const std::string& moduleName, Arguments&&... arguments) {
  auto made =
      std::make_unique<Module>(moduleName.c_str(), std::forward<Arguments>(arguments)..., failure_);
  made->clock(clock_);
  Module& reference = *made;
  parts_.push_back(std::move(made));
  return reference;
}

/// The same for one that the controller commands.
template <typename T>
template <typename Module, typename... Arguments>
Module& Grid<T>::addEdge(const std::string& moduleName, Arguments&&... arguments) {
  Module& made =
      add<Module>(moduleName, geometry_, std::forward<Arguments>(arguments)..., instruction_);
  made.command(command_);
  return made;
}

template <typename T>
template <typename W>
std::vector<Link<W>*> Grid<T>::column(std::int64_t col, Link<W> Pe<T>::*link) {
  std::vector<Link<W>*> line;
  for (std::int64_t r = 0; r < geometry_.rows; ++r) line.push_back(&(pe(r, col).*link));
  return line;
}

template <typename T>
std::vector<Link<Word<T>>*> Grid<T>::row(std::int64_t row) {
  std::vector<Link<Word<T>>*> line;
  for (std::int64_t c = 0; c < geometry_.cols; ++c) line.push_back(&pe(row, c).across);
  return line;
}

template <typename T>
void Grid<T>::makePes() {
  for (std::int64_t r = 0; r < geometry_.rows; ++r) {
    for (std::int64_t c = 0; c < geometry_.cols; ++c) {
      const std::string peName = "pe_" + std::to_string(r) + "_" + std::to_string(c);
      pes_.push_back(std::make_unique<Pe<T>>(peName.c_str(), geometry_, r, failure_));
      pes_.back()->clock(clock_);
    }
  }
}

/// Weights and inputs are fed in; travelling sums start at the accumulators and come back there.
template <typename T>
void Grid<T>::connectOperand(const std::string& lineName, const std::vector<Link<Word<T>>*>& line,
                             Post post, bool isColumn) {
  const Travel travel = isColumn ? geometry_.downTravel : geometry_.acrossTravel;
  auto& source = signal<Word<T>>(lineName + "_source");
  const Signals<Word<T>> outs =
      connect(lineName, line, source, isColumn ? geometry_.hopsDown() : geometry_.hopsAcross());
  if ((isColumn ? geometry_.down : geometry_.across) != Operand::Outputs) {
    addEdge<Feeder<T>>(lineName + "_feeder", post, isColumn).out(source);
    return;
  }
  auto& accumulator = addEdge<Accumulator<T>>(lineName + "_accumulator", post, isColumn);
  accumulator.out(source);
  accumulator.in(resultOf(lineName, outs, travel));
  turned_ = &signal<bool>(lineName + "_turned");
  accumulator.turned(*turned_);
}

/// Words for the local stores go down a column as the operand does that runs there.
template <typename T>
void Grid<T>::connectLoads(std::int64_t col) {
  const std::string lineName = "load_" + std::to_string(col);
  auto& source = signal<Delivery<T>>(lineName + "_source");
  connect(lineName, column(col, &Pe<T>::load), source, geometry_.hopsDown());
  addEdge<Loader<T>>(lineName + "er", Post{col, geometry_.lagOf(0, col)}).out(source);
}

/// And held sums leave so.
template <typename T>
void Grid<T>::connectLeaving(std::int64_t col) {
  const std::string lineName = "leave_" + std::to_string(col);
  auto& nothing = signal<Word<T>>(lineName + "_source");
  const Signals<Word<T>> outs =
      connect(lineName, column(col, &Pe<T>::leave), nothing, geometry_.hopsDown());
  if (!geometry_.holdsSums()) return;
  auto& collector = add<Collector<T>>(lineName + "_collector", instruction_);
  if (geometry_.hopsDown()) {
    collector.in(*outs.back());
  } else {
    for (auto* out : outs) collector.in(*out);
  }
  turned_ = &signal<bool>(lineName + "_turned");
  collector.turned(*turned_);
}

/// Gives each link of a line its neighbour's signal where words hop from PE to PE, else the source
/// itself, a bus. Returns what the PEs write.
template <typename T>
template <typename W>
typename Grid<T>::template Signals<W> Grid<T>::connect(const std::string& lineName,
                                                       const std::vector<Link<W>*>& line,
                                                       sc_core::sc_signal<W>& source, bool hops) {
  Signals<W> outs;
  for (Link<W>* link : line) {
    link->in(hops && !outs.empty() ? *outs.back() : source);
    outs.push_back(&signal<W>(lineName + "_" + std::to_string(outs.size())));
    link->out(*outs.back());
  }
  return outs;
}

/// Where a line's sums are complete: behind its last PE or its adder tree.
template <typename T>
sc_core::sc_signal<Word<T>>& Grid<T>::resultOf(const std::string& lineName,
                                               const Signals<Word<T>>& line, Travel travel) {
  if (travel != Travel::Tree || line.size() == 1) return *line.back();
  const std::int64_t cycles = geometry_.treeCycles(static_cast<std::int64_t>(line.size()));
  auto& tree = add<AdderTree<T>>(lineName + "_tree", cycles);
  for (auto* leaf : line) tree.in(*leaf);
  auto& result = signal<Word<T>>(lineName + "_result");
  tree.out(result);
  return result;
}

template class Grid<float>;
template class Grid<std::int32_t>;
template class Grid<std::int64_t>;

}  // namespace npusim::modules
