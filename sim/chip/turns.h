#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// An outermost loop that several layers share.
struct SharedPasses {
  std::vector<int> layers;  ///< ascending
  std::int64_t passes = 1;
  std::int64_t firstTurn = 0;  ///< of its first pass
  std::int64_t turns = 1;      ///< of all layers in one pass

  std::int64_t passOf(std::int64_t turn) const { return (turn - firstTurn) / turns; }
};

/// The turns of a program's layers, numbered in program order: a layer has one in each pass of the
/// loops that it shares with other layers, and one alone where it shares none. A loop is shared
/// where instructions of several layers lie in it, in one queue, or where layers of several queues
/// of the same cores meet in it: they signal and wait for the same semaphore. The loops over a
/// layer's own tiles make no turns.
class Turns {
 public:
  /// `program` must outlive it.
  explicit Turns(const isa::Program& program);

  /// The turn of its layer that an instruction of a queue belongs to. `indices`: where the loops
  /// stand around it. One before the layer's loop belongs to the first pass of it, one after it to
  /// the last.
  std::int64_t of(isa::Engine engine, std::size_t instruction,
                  const isa::LoopIndices& indices) const;

  /// The last turn of a layer up to `turn`; its first where there is none.
  std::int64_t lastOf(std::size_t layer, std::int64_t turn) const;

  /// In program order.
  const std::vector<SharedPasses>& outermost() const { return outermost_; }

 private:
  struct SharedLoop {
    std::int64_t passes = 1;
    std::int64_t turns = 1;  ///< of all layers in one pass
  };
  struct LayerTurns {
    std::int64_t first = 0;
    std::vector<SharedLoop> loops;  ///< outermost first
  };

  class Sharing;
  std::int64_t number(const Sharing& sharing, const std::vector<int>& layers, int depth,
                      std::int64_t next);
  void place(const Sharing& sharing, const std::vector<isa::Instruction>& queue,
             std::vector<std::int64_t>& firsts) const;
  std::int64_t firstIn(int layer, std::size_t depth, bool after) const;

  const isa::Program& program_;
  std::vector<LayerTurns> layers_;
  std::vector<SharedPasses> outermost_;
  /// By queue and instruction: its turn while all loops around it stand at their first pass.
  std::array<std::vector<std::int64_t>, isa::kEngineCount> firsts_;
};

/// When each turn that a layer has had ended, in program order.
class TurnEnds {
 public:
  struct End {
    std::int32_t layer = -1;  ///< none: nobody has had this turn
    std::int64_t cycle = 0;
  };

  /// Something of a layer has ended in a turn.
  void add(std::int64_t turn, std::size_t layer, std::int64_t cycle);
  void clear() { ends_.clear(); }
  const std::vector<End>& all() const { return ends_; }

 private:
  std::vector<End> ends_;
};

}  // namespace npusim
