#pragma once

#include <cstdint>

#include "sim/array/module/buffers.h"
#include "sim/array/module/clocked.h"
#include "sim/array/module/delay.h"
#include "sim/array/module/fold_plan.h"
#include "sim/array/module/word.h"

namespace npusim::modules {

/// The instruction that the array works on.
template <typename T>
struct Instruction {
  FoldPlan plan;
  Buffers<T> buffers;
};

/// Where a module at the edge stands: on which line (row or column) and how many cycles after the
/// first line's its operands enter.
struct Post {
  std::int64_t line = 0, lag = 0;
};

/// A module at an edge of the array: does what the controller commands, `lag` cycles later.
template <typename T>
class EdgeModule : public Clocked {
 public:
  sc_core::sc_in<Command> command{"command"};

 protected:
  EdgeModule(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
             Instruction<T>& instruction, Failure& failure)
      : Clocked(moduleName, Edge::Falling, failure),
        geometry_(geometry),
        line_(post.line),
        instruction_(instruction),
        lag_(post.lag) {}

  Command nextCommand() { return lag_.shift(command->read()); }

  const Geometry& geometry_;
  const std::int64_t line_;
  Instruction<T>& instruction_;

 private:
  Delay<Command> lag_;
};

/// Feeds weights or inputs into a column from above, or into a row from the left.
template <typename T>
class Feeder : public EdgeModule<T> {
 public:
  Feeder(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
         bool feedsColumn, Instruction<T>& instruction, Failure& failure);

  sc_core::sc_out<Word<T>> out{"out"};

 private:
  void step() override;

  const bool feedsColumn_;
};

/// Fills the local stores of a column, a row a cycle, with the operand to be held or with the sums
/// to start from.
template <typename T>
class Loader : public EdgeModule<T> {
 public:
  Loader(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
         Instruction<T>& instruction, Failure& failure);

  sc_core::sc_out<Delivery<T>> out{"out"};

 private:
  void step() override;
  Word<T> wordFor(const Part& part);
};

/// The accumulators of a line whose sums travel: gives each sum its start and takes it when it has
/// passed the line. Behind an adder tree, the start is added here.
template <typename T>
class Accumulator : public EdgeModule<T> {
 public:
  Accumulator(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
              bool ofColumn, Instruction<T>& instruction, Failure& failure);

  sc_core::sc_out<Word<T>> out{"out"};  ///< to the line's first PE
  sc_core::sc_in<Word<T>> in{"in"};     ///< from its last one, or the tree
  sc_core::sc_out<bool> turned{"turned"};

 private:
  void step() override;
  void take(const Word<T>& word);
  Word<T> wordFor(const Command& now);

  const bool ofColumn_;
  const bool behindTree_;
};

/// Takes the held sums that leave a column.
template <typename T>
class Collector : public Clocked {
 public:
  Collector(const sc_core::sc_module_name& moduleName, Instruction<T>& instruction,
            Failure& failure)
      : Clocked(moduleName, Edge::Falling, failure), instruction_(instruction) {}

  /// From the bottom PE, or where a bus takes the sums, from every PE of the column.
  sc_core::sc_port<sc_core::sc_signal_in_if<Word<T>>, 0> in{"in"};
  sc_core::sc_out<bool> turned{"turned"};

 private:
  void step() override;

  Instruction<T>& instruction_;
};

/// Adds what the PEs of a line hand on: pairs, pairs of pairs and so on over the next power of two
/// of PEs, a beat for each level.
template <typename T>
class AdderTree : public Clocked {
 public:
  AdderTree(const sc_core::sc_module_name& moduleName, std::int64_t cycles, Failure& failure)
      : Clocked(moduleName, Edge::Rising, failure), levels_(cycles - 1) {}

  sc_core::sc_port<sc_core::sc_signal_in_if<Word<T>>, 0> in{"in"};
  sc_core::sc_out<Word<T>> out{"out"};

 private:
  void step() override;

  Delay<Word<T>> levels_;
};

}  // namespace npusim::modules
