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

struct Route;

/// Evaluates tilings of one task.
class Evaluator {
 public:
  Evaluator(const Context& context, const plan::Task& task);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// The mapping that a tiling gives, or null when its slots do not fit or it does not tile well.
  /// Slots that are filled more than once are doubled when `doubled`. The mapping is valid until
  /// the next call.
  const Mapping* evaluate(const Tiling& tiling, bool doubled);

  /// Cycles of a mapping that this evaluator gave, played tile by tile (see replay.h): slower, and
  /// nearer to what the machine takes. Of more than `mostTiles` tiles it plays the first.
  double replay(const Mapping& mapping, std::int64_t mostTiles = INT64_MAX);

 private:
  /// What a memory does for all of a task, in core cycles.
  struct MemoryLoad {
    double moving = 0;
    /// Opening rows that transfers close to each other: of all operands, and of the one with most.
    double switching = 0, mostSwitching = 0;
  };
  struct Pace;

  std::int64_t passes(int level) const;
  Slot slot(isa::StorageId storage, std::int64_t bytes, int level) const;
  void placeOperands();
  bool behindArray(std::size_t operand) const;
  void placeOutput();
  bool replacesSums() const;
  void placeTemporaries();
  bool fits() const;
  void estimate();
  double account(std::size_t operand, Pace& pace);
  double memoryCycles() const;
  void compute(const plan::MatrixWork& work);
  void compute(const plan::VectorWork& work);
  void compute(const plan::CopyWork& work);
  double passCycles(const plan::VectorWork& work, const Tiling& tiling) const;
  ArrayTiming timingOf(const plan::MatrixWork& work, const Tiling& tiling);
  ArrayTiming timingOf(DataType format, const MatrixShape& shape);
  double instructionCycles(const ArrayTiming& timing) const;
  std::int64_t postCycles(const plan::MatrixWork& work, std::int64_t elements) const;

  const Context& context_;
  const plan::Task& task_;
  std::vector<MemoryLoad> memories_;  ///< by Route::memory, scratch
  std::vector<Route> routes_;         ///< by operand, the output last
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
