#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "kernels/mapping/tile_geometry.h"
#include "kernels/plan/plan.h"
#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"
#include "sim/laws/array_law.h"

namespace npusim::mapping {

/// What a mapping should make small.
enum class Objective : std::uint8_t { Latency, Energy, Edp };

/// Slots and blocks begin at multiples of this many bytes.
constexpr std::int64_t kSlotAlignment = 64;
std::int64_t aligned(std::int64_t bytes);

/// On-chip room for one operand's tiles: `depth` slots of `bytes`, the slot changing at every
/// pass of the loop at `level`. An operand that is already on chip has no slot (storage -1).
struct Slot {
  isa::StorageId storage = -1;
  std::int64_t bytes = 0;
  int depth = 1;
  int level = -1;
  bool used() const { return storage >= 0; }
  std::int64_t total() const { return bytes * depth; }
};

/// What a mapping is expected to cost. Core cycles; bytes moved to and from memories.
struct Estimate {
  double cycles = 0;
  double array = 0, vector = 0, memory = 0;  ///< busy cycles of each
  double dramBytes = 0;
  double bufferBytes = 0;
};

/// A tiling with everything that follows from it.
struct Mapping {
  Tiling tiling;
  Tiling results;  ///< as the accumulators and all behind them see it, see resultTiling()
  std::vector<OperandTile> operandTiles;
  OperandTile outputTile;
  std::vector<Slot> operands;
  Slot output;        ///< where a result waits for its store; unused when the output stays on chip
  Slot accumulators;  ///< partial sums of a matrix task
  bool inPlace = false;  ///< results replace the partial sums: `output` is `accumulators`
  std::vector<Slot> temporaries;
  Estimate estimate;

  /// Bytes of slots in one storage.
  std::int64_t bytesIn(isa::StorageId storage) const;
};

/// What the search may use.
struct Context {
  const ChipConfig& chip;
  const plan::StorageMap& storages;
  const plan::Plan& plan;
  std::vector<std::int64_t> freeBytes;  ///< by storage: what slots may take
  Objective objective = Objective::Latency;
};

/// Evaluates tilings of one task.
class Evaluator {
 public:
  Evaluator(const Context& context, const plan::Task& task);

  /// The mapping that a tiling gives, or null when its slots do not fit or it does not tile well.
  /// Slots that are filled more than once are doubled when `doubled`. The mapping is valid until
  /// the next call.
  const Mapping* evaluate(const Tiling& tiling, bool doubled);

 private:
  /// What does not depend on the tiling, by operand (the output last).
  struct Route {
    std::vector<std::size_t> byStride;
    isa::StorageId slotStorage = -1;  ///< -1: on chip already, no slot
    double memoryBytesPerCycle = 1;
    bool blocked = false;   ///< constant weights, laid out by column tiles
    bool streamed = false;  ///< a stream in memory
    double channels = 1;
    double burstBytes = 1;      ///< of one channel
    double rowBytes = 0;        ///< contiguous bytes that one open row of every channel holds
    double activateCycles = 0;  ///< between activates of one channel
    int queue = 0;              ///< of the loads: 0 weights, 1 inputs; 2 the store
  };
  struct Traffic;

  Route route(const plan::Operand& operand, bool weights, int queue) const;
  std::int64_t portsUsed() const;
  double loadsAtOnce(const plan::Operand& operand, const Route& route) const;
  void shareNetwork(const plan::Operand& operand, Route& route) const;
  void shareMemory(const plan::Operand& operand, Route& route) const;
  std::int64_t passes(int level) const;
  Slot slot(isa::StorageId storage, std::int64_t bytes, int level) const;
  void placeOperands();
  bool behindArray(std::size_t operand) const;
  void placeOutput();
  bool replacesSums() const;
  void placeTemporaries();
  bool fits() const;
  Traffic traffic(const plan::Operand& operand, const OperandTile& tile, const Slot& slot,
                  const Route& route) const;
  void estimate();
  void compute(const plan::MatrixWork& work);
  void compute(const plan::VectorWork& work);
  void compute(const plan::CopyWork& work);
  ArrayTiming timingOf(DataType format, const MatrixShape& shape);
  double instructionCycles(const ArrayTiming& timing) const;
  std::int64_t postCycles(const plan::MatrixWork& work, std::int64_t elements) const;

  const Context& context_;
  const plan::Task& task_;
  std::vector<Route> routes_;
  bool doubled_ = false;
  Mapping mapping_;
  std::map<MatrixShape, ArrayTiming> timings_;  ///< seen so far, where the law is slow
};

/// Smaller is better.
double cost(const Context& context, const Estimate& estimate);

/// The mapping that a matrix task gives itself. Throws NotPossible when it does not fit.
Mapping given(const Context& context, const plan::Task& task);

/// The best mapping found (or the given one), or nothing when even the smallest tiles do not fit.
std::optional<Mapping> search(const Context& context, const plan::Task& task);

/// The mapping with the smallest on-chip footprint, whatever fits: what a task needs at least.
Mapping smallest(const Context& context, const plan::Task& task);

/// Every distinct tile size of an extent that makes equal tiles but for the last: ceil(E / j) for
/// j = 1, 2, ..., largest first.
std::vector<std::int64_t> splits(std::int64_t extent);

}  // namespace npusim::mapping
