#include "sim/array/module/machine.h"

#include "sim/array/module/grid.h"
#include "sim/array/module/grid_host.h"
#include "sim/array/sums.h"

namespace npusim::modules {
namespace {

template <typename T>
class GridMachine : public Machine {
 public:
  GridMachine(const ArrayConfig& array, DataType format, double clockMhz,
              const std::string& vcdPath)
      : geometry_(array, format), host_(vcdPath, geometry_, clockMhz) {}

  Outcome run(const MatrixShape& shape) override { return run(shape, {geometry_, shape}); }

  Outcome run(const MatrixTile& tile, std::vector<Storage>& storages) override {
    const Outcome outcome = run(tile.shape(), {geometry_, tile, storages});
    host_.grid().buffers().save(tile, storages);
    return outcome;
  }

  void observe(ArrayObserver* observer, std::int64_t cycles) override {
    host_.grid().observe(observer, cycles);
  }

 private:
  Outcome run(const MatrixShape& shape, Buffers<T> buffers);
  ArrayTiming timing() const;

  Geometry geometry_;
  GridHost<Grid<T>> host_;
};

/// Folds the counts of all modules into those of the instruction.
template <typename T>
Outcome GridMachine<T>::run(const MatrixShape& shape, Buffers<T> buffers) {
  host_.run(shape, std::move(buffers));
  const PeCounts pes = host_.grid().takeCounts();
  const ByOperand<ReadWrite>& traffic = host_.grid().buffers().traffic();
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
  const auto streaming = static_cast<double>(host_.grid().cycles().streaming);
  work.edgePeCycles = streaming * all - static_cast<double>(pes.macs) / geometry_.macsPerCycle;
  work.fillDrainPeCycles = (static_cast<double>(outcome.cost.timing.total()) - streaming) * all;
  outcome.zero.macs = pes.zeroMacs;
  of(outcome.zero.savedStore, geometry_.held) = pes.spared;
  return outcome;
}

/// SCALE-Sim tells the number of the last cycle, the first being 0, and no phases.
template <typename T>
ArrayTiming GridMachine<T>::timing() const {
  const CycleCounts& cycles = host_.grid().cycles();
  if (geometry_.array.convention == Convention::Overlapped) {
    return {cycles.prologue, cycles.stream, cycles.drain};
  }
  return {0, cycles.prologue + cycles.stream - 1, 0};
}

}  // namespace

std::unique_ptr<Machine> makeMachine(const ArrayConfig& array, DataType format, DataType sums,
                                     double clockMhz, const std::string& vcdPath) {
  return withSumType(sums, [&]<typename T>(T) -> std::unique_ptr<Machine> {
    return std::make_unique<GridMachine<T>>(array, format, clockMhz, vcdPath);
  });
}

}  // namespace npusim::modules
