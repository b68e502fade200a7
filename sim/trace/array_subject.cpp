#include "sim/trace/array_subject.h"

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"

namespace npusim {
namespace {

struct Manner {
  char symbol;
  std::string_view words;
};

/// Along the rows of the array from left to right, or along its columns from top to bottom.
Manner mannerOf(Travel travel, bool down) {
  switch (travel) {
    case Travel::Hold:
      return {'*', "held by the PE"};
    case Travel::Forward:
      return down ? Manner{'v', "moves down, a PE a step"}
                  : Manner{'>', "moves right, a PE a step"};
    case Travel::Broadcast:
      return down ? Manner{':', "on a bus to the whole column"}
                  : Manner{'-', "on a bus to the whole row"};
    case Travel::Chain:
      return down ? Manner{'v', "moves down, each PE adds its product"}
                  : Manner{'>', "moves right, each PE adds its product"};
    case Travel::Tree:
      return down ? Manner{'+', "the PE's share, added by the column's tree"}
                  : Manner{'+', "the PE's share, added by the row's tree"};
  }
  throw InternalError("unknown travel");
}

std::array<OperandTravel, 3> operands(Manner a, Manner b, Manner c) {
  return {{{'a', "input", a.symbol, a.words},
           {'b', "weight", b.symbol, b.words},
           {'c', "partial sum", c.symbol, c.words}}};
}

}  // namespace

char letterOf(LoopDim dim) {
  if (dim == LoopDim::K) return 'n';
  return dim == LoopDim::B || dim == LoopDim::OY || dim == LoopDim::OX ? 'm' : 'k';
}

std::array<OperandTravel, 3> travelsOf(const Dataflow& dataflow) {
  if (dataflow.kind == ArrayKind::RowStationary) {
    return operands({'/', "to the PEs of a diagonal"}, {'*', "held by the PE, a row of the filter"},
                    {'v', "moves down the column, each PE adds its products"});
  }
  if (dataflow.kind == ArrayKind::Cached) {
    constexpr std::string_view kFetched = "fetched through the PE's cache";
    return operands({' ', kFetched}, {' ', kFetched}, {'*', "held by the PE"});
  }
  const char alongCols = letterOf(dataflow.cols.front());
  const auto manner = [&](Travel travel, char one, char other) {
    return mannerOf(travel, alongCols == one || alongCols == other);
  };
  return operands(manner(dataflow.inputs, 'm', 'k'), manner(dataflow.weights, 'k', 'n'),
                  manner(dataflow.outputs, 'm', 'n'));
}

std::string_view phaseOf(const ArrayTiming& timing, std::int64_t cycle) {
  if (cycle < timing.prologue) return "fill";
  return cycle < timing.prologue + timing.stream ? "stream" : "drain";
}

std::int64_t stepDepth(const ArraySubject& subject) {
  const auto rate = subject.array.macsPerCycle.find(subject.format);
  ensure(rate != subject.array.macsPerCycle.end(), "the array does not compute this format");
  return std::max<std::int64_t>(1, std::llround(rate->second));
}

}  // namespace npusim
