#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// Beats that a hop between neighbours takes. 1 is the machine that npusim describes; tests make a
/// link slower to see that nothing but the links sets the time.
struct LinkBeats {
  std::int64_t acrossCols = 1, downRows = 1;
};

/// The lists of loops that a product flattens.
enum class Loops : std::uint8_t { M, N, K };
enum class Operand : std::uint8_t { Inputs, Weights, Sums };

/// Which element of an operand's dense block (A [m x k], B [k x n], C [m x n]) a PE works on: the
/// fold's first one + line x its line + lane x its lane + step x the step + plane x the product
/// within the step.
struct Stride {
  std::int64_t line = 0, lane = 0, step = 0, plane = 0;
};

/// What of an axis of the product one fold covers: `elements` of its loops from `first` on, spread
/// over `lanes` PEs.
struct FoldSpan {
  std::int64_t first = 0, lanes = 0, elements = 0;
};

/// The loops that run along the rows or the columns.
struct PlanAxis {
  Loops loops = Loops::M;
  std::int64_t pes = 1;
  std::int64_t along = 1;    ///< extent of the loops that run along the axis
  std::int64_t repeats = 1;  ///< extent of the outer loops of the same list, left to further folds
  std::int64_t unit = 1;     ///< elements that a PE takes in a step

  std::int64_t pieces() const;
  std::int64_t folds() const { return repeats * pieces(); }
  FoldSpan piece(std::int64_t fold) const;
};

/// One load of the array: what the PEs work on between two changes of what they hold.
struct Fold {
  FoldSpan lines, lanes;
  std::int64_t across = 0, stationary = 0, sums = 0;  ///< first elements in the dense blocks
  bool continues = false;  ///< its sums are those that an earlier fold of the product left
};

/// How one product lies on the array.
///
/// The PEs are stored in lines; the PEs of a line are its lanes. Lines are the array's rows, except
/// where k runs along the columns: then they are the columns. So sums that travel, travel from line
/// to line, and an operand that travels along its line is called `across`.
struct FoldPlan {
  bool linesAreRows = true;
  PlanAxis lines, lanes;
  Loops streamed = Loops::M;
  std::int64_t depth = 1;  ///< multiply-accumulates of a PE in a step: its planes
  std::int64_t beat = 1;   ///< cycles of a step
  std::int64_t steps = 1;  ///< of a fold
  std::int64_t k = 1;

  Operand acrossOperand, stationaryOperand;  ///< stationary: held, or else travelling down
  Stride across, stationary, sums;
  bool holdsSums = false;  ///< the PEs keep sums; else the stationary operand
  bool tree = false;       ///< sums leave through adder trees
  bool startsFromSums = false, accumulates = false;

  bool overlapped = true;      ///< folds follow each other without a pause
  bool doubleBuffered = true;  ///< a PE has a register for the held operand of the next fold
  std::int64_t acrossHop = 0;  ///< cycles from lane to lane; 0: a bus
  std::int64_t downHop = 0;    ///< cycles from line to line; 0: a bus, or all lines at once
  std::int64_t treeLevels = 0, treeHop = 1;

  std::int64_t operandBytes = 1, sumBytes = 4;  ///< of an element, of a sum in the array
  std::int64_t storedSumBytes = 4;              ///< of a sum at the accumulators
  std::int64_t storeBytes = 0;                  ///< that the PE's store moves for one step
  double rate = 1;
  bool gatesStore = false;  ///< a zero input spares the held operand's store

  std::vector<Fold> folds;  ///< in the order in which they run

  std::int64_t rows() const { return linesAreRows ? lines.pes : lanes.pes; }
  std::int64_t cols() const { return linesAreRows ? lanes.pes : lines.pes; }
  std::int64_t lineLag(std::int64_t line) const { return line * downHop; }
  std::int64_t laneLag(std::int64_t lane) const { return lane * acrossHop; }
  std::int64_t rowHop() const { return linesAreRows ? downHop : acrossHop; }
  std::int64_t colHop() const { return linesAreRows ? acrossHop : downHop; }
  /// Cycles from an operand's entry at the first PE until it moves the last result.
  std::int64_t span() const {
    return lineLag(lines.pes - 1) + laneLag(lanes.pes - 1) + treeLevels * treeHop;
  }
  /// Products that a PE of `line` does in a step; 0: the line is idle in this fold.
  std::int64_t planes(const Fold& fold, std::int64_t line, std::int64_t step) const {
    if (line >= fold.lines.lanes) return 0;
    const std::int64_t left =
        streamed == Loops::K ? k - step * depth : fold.lines.elements - line * lines.unit;
    return std::min(depth, left);
  }
};

FoldPlan planFolds(const ArrayConfig& array, const LinkBeats& links, DataType format,
                   const MatrixShape& shape);

}  // namespace npusim
