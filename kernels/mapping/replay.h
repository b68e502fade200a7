#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "kernels/mapping/route.h"

namespace npusim::mapping {

/// What one transfer takes.
struct TransferTime {
  Traffic traffic;
  std::size_t where = 0;  ///< which memory, or the network
};

/// What one tile costs, of the sizes given: transfers by operand (the output last), the product,
/// and what the vector unit does when the tile's results are due.
struct TileTimes {
  std::function<TransferTime(std::size_t operand, const Tiling&)> transfer;
  std::function<ArrayTiming(const Tiling&)> array;
  std::function<double(const Tiling&)> vector;
};

/// Plays a mapping's loops, tile by tile, on the engines that will run them: in-order queues that
/// hand slots to each other as the emitter writes it, and a memory that serves the transfers under
/// way side by side. It sees what an estimate by sums cannot: engines that wait for each other at
/// the beginning, at the end, at ragged tiles and wherever a slot is not free in time.
class Replay {
 public:
  Replay(const Context& context, const plan::Task& task, const TileTimes& times)
      : context_(context), task_(task), times_(times) {}

  /// Cycles from the first request to the last result. Of more than `mostTiles` tiles it plays the
  /// first ones, and the others take as long as the second half of those.
  double cycles(const Mapping& mapping, std::int64_t mostTiles);

 private:
  enum Engine : std::uint8_t { LoadWeights, LoadInputs, Matrix, Vector, Store, kEngines };
  enum class Kind : std::uint8_t { Wait, Signal, Transfer, Array, Vector };
  /// `ragged` has a bit for each loop that is at its last, shorter pass.
  struct Op {
    Kind kind = Kind::Wait;
    std::size_t index = 0;  ///< a semaphore, or an operand
    unsigned ragged = 0;
  };
  /// What an engine does once a pass of the loop at `level`, before and after all that is deeper.
  struct Action {
    int level = -1;
    std::vector<Op> begin, end;
  };
  /// Tokens in order of time.
  struct Semaphore {
    std::vector<double> tokens;
    std::size_t taken = 0;
  };
  struct Queue {
    std::vector<Op> ops;
    std::size_t next = 0;
    double time = 0;  ///< it takes up its next instruction
    double done = 0;  ///< the latest one is complete
    /// Of a DMA engine: the transfer under way or waiting to start.
    bool transfers = false;
    TransferTime transfer = {};
    double start = 0, sendFree = 0;
    double left = 0;  ///< share of the transfer that has still to move
    double rate = 0;  ///< shares a cycle
  };

  void reset(const Mapping& mapping);
  void addActions();
  void addLoad(std::size_t operand);
  void addStore();
  std::size_t semaphore(int initial);
  int freeTokens(const Slot& slot) const;
  Engine consumer(std::size_t operand) const;
  void handOver(const Slot& slot, Engine from, Engine to, const std::vector<Op>& fill,
                const std::vector<Op>& use, bool fillAtEnd);
  void expand(std::vector<Op>& ops, const std::vector<Action>& actions, int level,
              std::int64_t tile, unsigned ragged) const;
  void computed(double when);
  void run();
  bool runQueue(Queue& queue);
  bool runOp(Queue& queue, const Op& op);
  void startTransfer(Queue& queue, const Op& op);
  void runVector(Queue& queue, unsigned ragged);
  void runArray(Queue& queue, unsigned ragged);
  void shareMemory();
  void advance();
  Tiling tileAt(unsigned ragged) const;

  const Context& context_;
  const plan::Task& task_;
  const TileTimes& times_;
  const Mapping* mapping_ = nullptr;
  std::array<std::vector<Action>, kEngines> actions_;
  std::array<Queue, kEngines> queues_;
  std::vector<Semaphore> semaphores_;
  std::map<std::pair<std::size_t, unsigned>, TransferTime> transferTimes_;
  std::map<unsigned, ArrayTiming> arrayTimes_;
  std::map<unsigned, double> vectorTimes_;
  /// A transfer under way, the memory's cycles for all of it, and which share of them it can use.
  struct Moving {
    Queue* queue = nullptr;
    double memory = 0, need = 0;
  };
  std::vector<Moving> moving_;
  double streamStart_ = 0, streamEnd_ = 0, drained_ = 0;  ///< of the latest product
  double now_ = 0;
  std::int64_t tiles_ = 0, played_ = 0;  ///< of the task; of them
  std::vector<std::int64_t> tilesIn_;    ///< by depth: in a pass of the loop
  std::int64_t computed_ = 0;            ///< tiles so far, when half of them were, and the last
  double half_ = 0, latest_ = 0;
};

}  // namespace npusim::mapping
