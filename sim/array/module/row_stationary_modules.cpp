#include "sim/array/module/row_stationary_modules.h"

#include "sim/array/gather.h"
#include "sim/array/module/module_array.h"
#include "sim/array/module/own_kernel.h"
#include "sim/array/module/row_stationary_grid.h"
#include "sim/array/module/waveforms.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace modules {
namespace {

/// The modules for one format, in a kernel of their own.
template <typename T>
class OneKernel {
 public:
  OneKernel(const ArrayConfig& array, DataType format, double clockMhz,
            const std::string& vcdPath) {
    const OwnKernel::Inside inside(kernel_);
    grid_ = std::make_unique<RowStationaryGrid<T>>("array", array, format, clockMhz);
    if (vcdPath.empty()) return;
    waveforms_ = std::make_unique<Waveforms>(vcdPath);
    grid_->traceTo(waveforms_->file());
  }
  ~OneKernel() {
    const OwnKernel::Inside inside(kernel_);
    waveforms_.reset();
    grid_.reset();
  }
  OneKernel(const OneKernel&) = delete;
  OneKernel& operator=(const OneKernel&) = delete;

  RowStationaryCounts run(const RowStationaryProgram& program, const BufferView<T>& view,
                          ArrayObserver* observer) {
    const OwnKernel::Inside inside(kernel_);
    return grid_->run(program, view, observer);
  }

 private:
  OwnKernel kernel_;
  std::unique_ptr<RowStationaryGrid<T>> grid_;
  std::unique_ptr<Waveforms> waveforms_;
};

/// Bytes that a PE's store moves for one word of an operand.
std::int64_t storeBytes(const OperandStoreConfig& store, std::int64_t bytes) {
  return store.wordBits == 0 ? bytes : ceilDiv(bytes * 8, store.wordBits) * store.wordBits / 8;
}

RowStationaryWidths widthsOf(const ArrayConfig& array, DataType format) {
  RowStationaryWidths widths;
  widths.operand = byteSize(format);
  widths.sum = array.partialSumBytes;
  widths.filterStore = storeBytes(array.localStore.weights, widths.operand);
  widths.inputStore = storeBytes(array.localStore.inputs, widths.operand);
  widths.sumStore = storeBytes(array.localStore.outputs, widths.sum);
  widths.pes = array.rows * array.cols;
  widths.macsPerCycle = array.macsPerCycle.at(format);
  widths.zeroGating = array.zeroGating;
  return widths;
}

}  // namespace

/// Runs instructions on modules that stay from one to the next.
class RowStationaryKernels {
 public:
  RowStationaryKernels(const ArrayConfig& array, double clockMhz)
      : array_(array), clockMhz_(clockMhz) {}

  RowStationaryCounts run(DataType format, const RowStationaryProgram& program) {
    return kernelOf<std::int32_t>(format).run(program, {}, nullptr);
  }

  template <typename T>
  RowStationaryCounts run(const RowStationaryProgram& program, const MatrixTile& tile,
                          std::vector<Storage>& storages, const std::string& vcdPath,
                          ArrayObserver* observer) {
    const DataType format = arrayFormat(tile.a.type);
    MatrixTile further = tile;
    further.accumulates = true;
    const Sums<T> start(tile, storages);
    Sums<T> later(further, storages);
    BufferView<T> view{std::vector<T>(static_cast<std::size_t>(tile.m() * tile.k())),
                       std::vector<T>(static_cast<std::size_t>(tile.k() * tile.n())), &start,
                       &later};
    gatherRows(tile, storages[static_cast<std::size_t>(tile.a.storage)], 0, tile.m(),
               view.inputs.data());
    gatherWeights(tile, storages[static_cast<std::size_t>(tile.b.storage)], 0, tile.n(), tile.n(),
                  view.weights.data());
    if (vcdPath.empty()) return kernelOf<T>(format).run(program, view, observer);
    return OneKernel<T>(array_, format, clockMhz_, vcdPath).run(program, view, observer);
  }

 private:
  template <typename T>
  using Kernels = std::map<DataType, std::unique_ptr<OneKernel<T>>>;

  template <typename T>
  OneKernel<T>& kernelOf(DataType format) {
    auto& kernel = std::get<Kernels<T>>(kernels_)[format];
    if (!kernel) kernel = std::make_unique<OneKernel<T>>(array_, format, clockMhz_, "");
    return *kernel;
  }

  const ArrayConfig array_;
  const double clockMhz_;
  std::tuple<Kernels<float>, Kernels<std::int32_t>> kernels_;
};

}  // namespace modules

RowStationaryModules::RowStationaryModules(const ArrayConfig& array, RowStationaryMapper mapper,
                                           double clockMhz)
    : array_(array),
      mapper_(std::move(mapper)),
      clockMhz_(clockMhz),
      kernels_(std::make_unique<modules::RowStationaryKernels>(array, clockMhz)) {
  const std::int64_t pes = array.rows * array.cols;
  if (pes <= kMostModulePes) return;
  throw NotPossible("fidelity module simulates at most " + std::to_string(kMostModulePes) +
                    " PEs, the array has " + std::to_string(array.rows) + " x " +
                    std::to_string(array.cols) + " = " + std::to_string(pes) +
                    "; set array.rows and array.cols, or use --fidelity pe");
}

RowStationaryModules::~RowStationaryModules() = default;

ArrayCost RowStationaryModules::cost(const MatrixTile& tile) {
  const DataType format = arrayFormat(tile.a.type);
  const std::pair key{format, tile.shape()};
  const auto known = costs_.find(key);
  if (known != costs_.end()) return known->second;
  const modules::RowStationaryProgram program(array_, format, key.second,
                                              mapper_(format, key.second));
  const RowStationaryCounts counts = kernels_->run(format, program);
  const ArrayCost cost{{0, counts.cycles, 0}, workOf(counts, modules::widthsOf(array_, format))};
  costs_.emplace(key, cost);
  return cost;
}

ZeroWork RowStationaryModules::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const ArrayCost expected = cost(tile);
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  const modules::RowStationaryProgram program(array_, format, shape, mapper_(format, shape));
  const std::string vcdPath = std::exchange(tracePath_, {});
  const RowStationaryCounts counts =
      tile.c.type == DataType::Int32
          ? kernels_->run<std::int32_t>(program, tile, storages, vcdPath, observer_)
          : kernels_->run<float>(program, tile, storages, vcdPath, observer_);
  const RowStationaryWidths widths = modules::widthsOf(array_, format);
  ensure(ArrayCost{{0, counts.cycles, 0}, workOf(counts, widths)} == expected,
         "an instruction costs other than without its values");
  return zerosOf(counts, widths);
}

}  // namespace npusim
