#pragma once

#include <deque>
#include <optional>

#include "sim/array/array_model.h"
#include "sim/chip/array_schedule.h"
#include "sim/chip/engine.h"

namespace npusim {

/// Issues tiles to the array, one ahead of the tile that streams. A tile's values are computed, and
/// its tokens sent, when its last result has left the array.
class MatrixEngine : public Engine {
 public:
  explicit MatrixEngine(Machine& machine);

 protected:
  std::int64_t advance(std::int64_t now) override;
  bool working() const override { return !flights_.empty(); }
  void reset() override;

 private:
  /// A tile (or a mere synchronisation) on its way through the array.
  struct Flight {
    const isa::Instruction* instruction;
    std::int64_t completion;
    MatrixTile tile;
    ArrayWork work;
    std::int64_t conflictCycles = 0;  ///< by which bank conflicts stretch its stream
  };

  void issue(const Issued& issued, std::int64_t now);
  void issueTile(Flight flight, std::int64_t now);
  std::int64_t stretchCycles(const MatrixTile& tile, const ArrayCost& cost) const;
  void spendArrayTime(const MatrixTile& tile, const ArrayCost& cost);
  void retire(std::int64_t now);
  void finishTile(const Flight& flight);
  void countTile(const Flight& flight, LayerTally& layer);

  ArrayModel& array_;
  ArraySchedule schedule_;
  std::deque<Flight> flights_;
  std::int64_t acceptAt_ = 0;  ///< when the issue slot is free again
};

}  // namespace npusim
