#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/array/module/controller.h"
#include "sim/array/module/edges.h"
#include "sim/array/module/pe.h"

namespace npusim::modules {

/// The whole array: PEs, the modules at its edges, the controller and the signals between them.
template <typename T>
class Grid : public sc_core::sc_module {
 public:
  /// `geometry` must outlive it.
  Grid(const sc_core::sc_module_name& moduleName, const Geometry& geometry, double clockMhz);

  /// Runs the clock until the instruction is over. Rethrows what a process threw.
  void run(const MatrixShape& shape, Buffers<T> buffers);

  const Buffers<T>& buffers() const { return instruction_.buffers; }
  const CycleCounts& cycles() const { return controller_.counts(); }
  /// Of all PEs, since the last call.
  PeCounts takeCounts();
  /// From now on `observer` sees the first `cycles` of an instruction; null: nobody.
  void observe(ArrayObserver* observer, std::int64_t cycles) {
    recorder_.observer = observer;
    recorder_.cycles = cycles;
  }
  void traceTo(sc_core::sc_trace_file* file) const;

 private:
  template <typename W>
  using Signals = std::vector<sc_core::sc_signal<W>*>;

  /// Shows the PEs of a cycle when it is over.
  class Recorder : public Clocked {
   public:
    Recorder(const sc_core::sc_module_name& moduleName, const Grid& grid, Failure& failure)
        : Clocked(moduleName, Edge::Falling, failure), grid_(grid) {}

    ArrayObserver* observer = nullptr;
    std::int64_t cycles = 0;

   private:
    void step() override;

    const Grid& grid_;
    std::vector<PeCycle> pes_;
  };

  template <typename W>
  sc_core::sc_signal<W>& signal(const std::string& signalName);
  template <typename Module, typename... Arguments>
  Module& add(const std::string& moduleName, Arguments&&... arguments);
  template <typename Module, typename... Arguments>
  Module& addEdge(const std::string& moduleName, Arguments&&... arguments);

  Pe<T>& pe(std::int64_t row, std::int64_t col) {
    return *pes_[static_cast<std::size_t>(row * geometry_.cols + col)];
  }
  template <typename W>
  std::vector<Link<W>*> column(std::int64_t col, Link<W> Pe<T>::*link);
  std::vector<Link<Word<T>>*> row(std::int64_t row);

  void makePes();
  void connectOperand(const std::string& lineName, const std::vector<Link<Word<T>>*>& line,
                      Post post, bool isColumn);
  void connectLoads(std::int64_t col);
  void connectLeaving(std::int64_t col);
  template <typename W>
  Signals<W> connect(const std::string& lineName, const std::vector<Link<W>*>& line,
                     sc_core::sc_signal<W>& source, bool hops);
  sc_core::sc_signal<Word<T>>& resultOf(const std::string& lineName, const Signals<Word<T>>& line,
                                        Travel travel);

  const Geometry& geometry_;
  Failure failure_;
  Instruction<T> instruction_;
  sc_core::sc_clock clock_;
  Controller controller_;
  Recorder recorder_;
  sc_core::sc_signal<Command> command_{"command"};
  sc_core::sc_signal<bool>* turned_ = nullptr;  ///< of the last line
  std::vector<std::unique_ptr<Pe<T>>> pes_;
  std::vector<std::shared_ptr<void>> parts_;  ///< signals and other modules
};

}  // namespace npusim::modules
