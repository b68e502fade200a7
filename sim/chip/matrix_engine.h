#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "sim/array/array_model.h"
#include "sim/chip/array_schedule.h"
#include "sim/chip/engine.h"

namespace npusim {

/// Issues tiles to the array, one ahead of the tile that streams. A tile's values are computed, and
/// its tokens sent, when its last result has left the array.
class MatrixEngine : public Engine {
 public:
  MatrixEngine(Machine& machine, std::unique_ptr<ArrayModel> array);

  /// Cycles in which an issued tile filled the array and nothing streamed.
  std::int64_t fillCycles() const { return schedule_.fillCycles(); }

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
  };

  void issue(const Issued& issued, std::int64_t now);
  void issueTile(Flight flight, std::int64_t now);
  std::int64_t stretchCycles(const MatrixTile& tile, const ArrayCost& cost) const;
  void spendArrayTime(const MatrixTile& tile, const ArrayCost& cost);
  void retire(std::int64_t now);
  void finishTile(const Flight& flight);
  void countTile(const Flight& flight, LayerTally& layer);

  std::unique_ptr<ArrayModel> array_;
  ArraySchedule schedule_;
  std::deque<Flight> flights_;
  std::int64_t acceptAt_ = 0;  ///< when the issue slot is free again
};

}  // namespace npusim
