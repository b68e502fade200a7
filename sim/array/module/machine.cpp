#include "sim/array/module/machine.h"

#include "sim/array/module/grid.h"
#include "sim/array/module/own_kernel.h"
#include "sim/array/module/waveforms.h"

namespace npusim::modules {
namespace {

template <typename T>
class GridMachine : public Machine {
 public:
  GridMachine(const ArrayConfig& array, DataType format, double clockMhz,
              const std::string& vcdPath)
      : geometry_(array, format) {
    const OwnKernel::Inside inside(kernel_);
    grid_ = std::make_unique<Grid<T>>("array", geometry_, clockMhz);
    if (vcdPath.empty()) return;
    waveforms_ = std::make_unique<Waveforms>(vcdPath);
    grid_->traceTo(waveforms_->file());
  }
  ~GridMachine() override {
    const OwnKernel::Inside inside(kernel_);
    waveforms_.reset();
    grid_.reset();
  }

  Outcome run(const MatrixShape& shape) override { return run(shape, {geometry_, shape}); }

  Outcome run(const MatrixTile& tile, std::vector<Storage>& storages) override {
    const Outcome outcome = run(tile.shape(), {geometry_, tile, storages});
    grid_->buffers().save(tile, storages);
    return outcome;
  }

  void observe(ArrayObserver* observer, std::int64_t cycles) override {
    grid_->observe(observer, cycles);
  }

 private:
  Outcome run(const MatrixShape& shape, Buffers<T> buffers);
  ArrayTiming timing() const;

  Geometry geometry_;
  OwnKernel kernel_;
  std::unique_ptr<Grid<T>> grid_;
  std::unique_ptr<Waveforms> waveforms_;
};

/// Folds the counts of all modules into those of the instruction.
template <typename T>
Outcome GridMachine<T>::run(const MatrixShape& shape, Buffers<T> buffers) {
  const OwnKernel::Inside inside(kernel_);
  grid_->run(shape, std::move(buffers));
  const PeCounts pes = grid_->takeCounts();
  const ByOperand<ReadWrite>& traffic = grid_->buffers().traffic();
  Outcome outcome;
  outcome.cost.timing = timing();
  ArrayWork& work = outcome.cost.work;
  work.inputBytes = traffic.inputs.read;
  work.weightBytes = traffic.weights.read;
  work.partialReadBytes = traffic.outputs.read;
  work.partialWriteBytes = traffic.outputs.write;
  of(work.localStore, geometry_.held) = pes.store;
  work.network = pes.network;
  const auto all = static_cast<double>(geometry_.rows * geometry_.cols);
  const auto streaming = static_cast<double>(grid_->cycles().streaming);
  work.edgePeCycles = streaming * all - static_cast<double>(pes.macs) / geometry_.macsPerCycle;
  work.fillDrainPeCycles = (static_cast<double>(outcome.cost.timing.total()) - streaming) * all;
  outcome.zero.macs = pes.zeroMacs;
  of(outcome.zero.savedStore, geometry_.held) = pes.spared;
  return outcome;
}

/// SCALE-Sim tells the number of the last cycle, the first being 0, and no phases.
template <typename T>
ArrayTiming GridMachine<T>::timing() const {
  const CycleCounts& cycles = grid_->cycles();
  if (geometry_.array.convention == Convention::Overlapped) {
    return {cycles.prologue, cycles.stream, cycles.drain};
  }
  return {0, cycles.prologue + cycles.stream - 1, 0};
}

}  // namespace

std::unique_ptr<Machine> makeMachine(const ArrayConfig& array, DataType format, DataType sums,
                                     double clockMhz, const std::string& vcdPath) {
  if (isFloat(sums)) {
    return std::make_unique<GridMachine<float>>(array, format, clockMhz, vcdPath);
  }
  return std::make_unique<GridMachine<std::int32_t>>(array, format, clockMhz, vcdPath);
}

}  // namespace npusim::modules
