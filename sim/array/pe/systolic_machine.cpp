#include "sim/array/pe/systolic_machine.h"

#include <algorithm>
#include <limits>

#include "sim/core/error.h"

namespace npusim {
namespace {

/// The flag of one lane in words.
void raise(FlagWord* words, std::int64_t lane) {
  words[lane / kWordBits] |= FlagWord{1} << (lane % kWordBits);
}

}  // namespace

template <typename Values>
SystolicMachine<Values>::SystolicMachine(const FoldPlan& plan, Values& values)
    : plan_(plan),
      values_(values),
      controller_(plan),
      busy_(plan.lines.pes, plan.lanes.pes),
      filledFor_(static_cast<std::size_t>(plan.lines.pes * plan.lanes.pes), -1) {
  const Flags none(plan.lines.pes, plan.lanes.pes);
  const PlaneFlags noPlanes(static_cast<std::size_t>(plan.depth), none);
  across_ = {plan.acrossHop, {noPlanes, noPlanes, none, none}};
  if (plan.holdsSums) {
    const DownFlag down(plan.lines.pes, none.words(), plan.depth, plan.downHop == 0, 0);
    down_ = {plan.downHop, {down, down}};
    finishing_ = {plan.beat, none};
  } else {
    held_ = heldZero_ = next_ = nextZero_ = noPlanes;
    for (std::int64_t line = 0; line < plan.lines.pes; ++line) busy_.raiseLine(line);
  }
}

template <typename Values>
void SystolicMachine<Values>::run(ArrayObserver* observer) {
  const std::int64_t places = resultPlaces();
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
  while (controller_.cycle() + 1 < end) {
    runCycle();
    ensure(controller_.cycle() <= controller_.horizon(), "results are stuck in the array");
    if (placesLeft_ == places) end = std::max(timing().total(), events_.lastLeft);
    if (observer != nullptr && controller_.cycle() < end) report(*observer);
  }
}

/// Places in which results leave: each lane for each step, or each PE for each fold. A ragged fold
/// leaves some empty, but the array is drained only when they have passed too.
template <typename Values>
std::int64_t SystolicMachine<Values>::resultPlaces() const {
  const std::int64_t places = plan_.lanes.pes * (plan_.holdsSums ? plan_.lines.pes : plan_.steps);
  return std::ssize(plan_.folds) * places;
}

/// A place has left the array; the cycle in which it did ends `at`.
template <typename Values>
void SystolicMachine<Values>::leave(bool result, std::int64_t at) {
  ++placesLeft_;
  if (result) ++events_.sumsLeft;
  events_.lastLeft = at;
}

template <typename Values>
void SystolicMachine<Values>::runCycle() {
  controller_.tick();
  if (controller_.operandsMove()) {
    if (plan_.holdsSums) finishSums();
    moveOperands();
    enterAcross();
    enterDown();
    beginFolds();
    step();
    if (!plan_.holdsSums) leaveSums();
  }
  if (controller_.waveAt(0).real()) events_.streamed += plan_.beat;
  if (controller_.loadsMove()) fillRows();
  if (controller_.drainsMove()) drainRows();
}

/// A step takes a beat: the sums whose last step began a beat ago are finished. scale_sim leaves
/// the way of held sums to the accumulators out of its count: there each leaves at once.
template <typename Values>
void SystolicMachine<Values>::finishSums() {
  finishing_.select(controller_.cycle());
  Flags& finished = finishing_.now();
  finished.forEach([&](std::int64_t line, std::int64_t lane) {
    values_.finishSum(line, lane);
    if (plan_.overlapped) return;
    const std::int64_t ago = plan_.lineLag(line) + plan_.laneLag(lane) + plan_.beat;
    drainPe(line, lane, controller_.waveAt(ago).fold, controller_.cycle());
  });
  finished.clear();
}

template <typename Values>
void SystolicMachine<Values>::moveOperands() {
  const std::int64_t cycle = controller_.cycle();
  values_.move(cycle);
  across_.select(cycle);
  AcrossFlags& flags = across_.now();
  const auto move = [&](Flags& flag) { plan_.acrossHop == 0 ? flag.clear() : flag.shift(); };
  std::for_each(flags.valid.begin(), flags.valid.end(), move);
  std::for_each(flags.zero.begin(), flags.zero.end(), move);
  move(flags.first);
  move(flags.last);
  if (!plan_.holdsSums) return;
  down_.select(cycle);
  down_.now().valid.move();
  down_.now().zero.move();
}

template <typename Values>
void SystolicMachine<Values>::enterAcross() {
  AcrossFlags& flags = across_.now();
  for (std::int64_t line = 0; line < plan_.lines.pes; ++line) {
    enterAcross(flags, line, controller_.waveAt(plan_.lineLag(line)));
  }
}

template <typename Values>
void SystolicMachine<Values>::enterAcross(AcrossFlags& flags, std::int64_t line, const Wave& wave) {
  const auto raiseIn = [&](Flags& flag) {
    plan_.acrossHop == 0 ? flag.raiseLine(line) : flag.set(line, 0, true);
  };
  std::int64_t planes = 0;
  if (wave.real()) {
    const Fold& fold = foldOf(wave.fold);
    planes = plan_.planes(fold, line, wave.step);
    const std::int64_t first =
        fold.across + line * plan_.across.line + wave.step * plan_.across.step;
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      const auto p = static_cast<std::size_t>(plane);
      raiseIn(flags.valid[p]);
      const bool zero = values_.enterAcross(line, plane, first + plane * plan_.across.plane);
      if (zero && plan_.acrossOperand == Operand::Inputs) raiseIn(flags.zero[p]);
    }
    events_.acrossEntered += planes;
    if (wave.step == 0) raiseIn(flags.first);
    if (wave.step == plan_.steps - 1) raiseIn(flags.last);
  }
  for (std::int64_t plane = planes; plane < plan_.depth; ++plane) {
    values_.enterNoAcross(line, plane);
  }
}

/// What enters at the first line: operands where sums are held, sums where they form chains.
template <typename Values>
void SystolicMachine<Values>::enterDown() {
  if (plan_.tree) return;
  if (plan_.holdsSums) {
    for (std::int64_t plane = 0; plane < plan_.depth; ++plane) {
      for (std::int64_t word = 0; word < busy_.words(); ++word) {
        down_.now().valid.at(0, word, plane) = down_.now().zero.at(0, word, plane) = 0;
      }
    }
  }
  for (std::int64_t lane = 0; lane < plan_.lanes.pes; ++lane) {
    const Wave& wave = controller_.waveAt(plan_.laneLag(lane));
    if (plan_.holdsSums) {
      enterOperands(lane, wave);
    } else if (wave.real()) {
      enterSum(lane, wave);
    }
  }
}

template <typename Values>
void SystolicMachine<Values>::enterOperands(std::int64_t lane, const Wave& wave) {
  std::int64_t planes = 0;
  if (wave.real() && lane < foldOf(wave.fold).lanes.lanes) {
    const Fold& fold = foldOf(wave.fold);
    planes = plan_.planes(fold, 0, wave.step);
    const std::int64_t first =
        fold.stationary + lane * plan_.stationary.lane + wave.step * plan_.stationary.step;
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      raise(&down_.now().valid.at(0, 0, plane), lane);
      const bool zero = values_.enterDown(lane, plane, first + plane * plan_.stationary.plane);
      if (zero && plan_.stationaryOperand == Operand::Inputs) {
        raise(&down_.now().zero.at(0, 0, plane), lane);
      }
    }
    events_.downEntered += planes;
  }
  for (std::int64_t plane = planes; plane < plan_.depth; ++plane) values_.enterNoDown(lane, plane);
}

template <typename Values>
void SystolicMachine<Values>::enterSum(std::int64_t lane, const Wave& wave) {
  const Fold& fold = foldOf(wave.fold);
  if (lane >= fold.lanes.lanes) return;
  values_.enterSum(lane, sumElement(fold, 0, lane, wave.step));
  if (fold.continues || plan_.accumulates) ++events_.sumsEntered;
}

template <typename Values>
void SystolicMachine<Values>::beginFolds() {
  across_.now().first.forEach([&](std::int64_t line, std::int64_t lane) { beginFold(line, lane); });
}

template <typename Values>
void SystolicMachine<Values>::beginFold(std::int64_t line, std::int64_t lane) {
  const std::int32_t number = waveAt(line, lane).fold;
  const Fold& fold = foldOf(number);
  if (plan_.holdsSums) {
    if (!plan_.overlapped && plan_.startsFromSums) fillPe(line, lane, number);
    busy_.set(line, lane, covers(fold, line, lane));
  }
  ensure(!(plan_.startsFromSums || !plan_.holdsSums) || filledFor(line, lane) == number,
         "a PE was not filled in time");
  values_.takeNext(line, lane);
  if (plan_.holdsSums || !plan_.doubleBuffered) return;
  for (std::size_t p = 0; p < held_.size(); ++p) {
    held_[p].set(line, lane, next_[p].get(line, lane));
    heldZero_[p].set(line, lane, nextZero_[p].get(line, lane));
  }
}

template <typename Values>
ProductFlags SystolicMachine<Values>::productFlags(std::int64_t plane) {
  const auto p = static_cast<std::size_t>(plane);
  AcrossFlags& across = across_.now();
  ProductFlags flags{across.valid[p].view(), across.zero[p].view(), {}, {}, busy_.view()};
  if (plan_.holdsSums) {
    const auto view = [&](DownFlag& flag) -> LineView<const FlagWord> {
      const LineView<FlagWord> lines = flag.view();
      return {lines.first + plane * flag.plane(), lines.pitch, lines.head, lines.lines};
    };
    flags.stationary = view(down_.now().valid);
    flags.stationaryZero = view(down_.now().zero);
  } else {
    flags.stationary = held_[p].view();
    flags.stationaryZero = heldZero_[p].view();
  }
  return flags;
}

/// All PEs that have their operands multiply and add.
template <typename Values>
void SystolicMachine<Values>::step() {
  AcrossFlags& across = across_.now();
  values_.step(across.valid[0].view(), busy_.words());
  for (std::int64_t plane = 0; plane < plan_.depth; ++plane) {
    const ProductCount count = countProducts(productFlags(plane), busy_.words());
    events_.products += count.products;
    events_.zeroProducts += count.zeros;
    if (plane == 0) events_.steps += count.products;
  }
  if (plan_.holdsSums) finishing_.now() = across.last;
}

/// Sums that have passed the last PE of their chain, or the root of their tree.
template <typename Values>
void SystolicMachine<Values>::leaveSums() {
  const std::int64_t down = plan_.lineLag(plan_.lines.pes - 1) + plan_.treeLevels * plan_.treeHop;
  for (std::int64_t lane = 0; lane < plan_.lanes.pes; ++lane) {
    const Wave& wave = controller_.waveAt(down + plan_.laneLag(lane));
    if (!wave.real()) continue;
    const Fold& fold = foldOf(wave.fold);
    const bool result = lane < fold.lanes.lanes;
    leave(result, controller_.cycle() + plan_.beat);
    if (!result) continue;
    values_.leaveSum(lane, sumElement(fold, 0, lane, wave.step));
    if (plan_.tree && (fold.continues || plan_.accumulates)) ++events_.sumsEntered;
  }
}

template <typename Values>
void SystolicMachine<Values>::fillRows() {
  for (std::int64_t col = 0; col < plan_.cols(); ++col) {
    const RowTurn& turn = controller_.loadAt(col * plan_.colHop());
    if (!turn.real()) continue;
    const bool rowsAreLines = plan_.linesAreRows;
    fillPe(rowsAreLines ? turn.row : col, rowsAreLines ? col : turn.row, turn.fold);
  }
}

template <typename Values>
void SystolicMachine<Values>::fillPe(std::int64_t line, std::int64_t lane, std::int32_t number) {
  filledFor(line, lane) = number;
  const Fold& fold = foldOf(number);
  if (!plan_.holdsSums) {
    fillOperands(line, lane, fold);
  } else if (covers(fold, line, lane)) {
    fillSum(line, lane, fold);
  }
}

template <typename Values>
void SystolicMachine<Values>::fillOperands(std::int64_t line, std::int64_t lane, const Fold& fold) {
  PlaneFlags& valid = plan_.doubleBuffered ? next_ : held_;
  PlaneFlags& zeros = plan_.doubleBuffered ? nextZero_ : heldZero_;
  const std::int64_t planes = covers(fold, line, lane) ? plan_.planes(fold, line, 0) : 0;
  const std::int64_t first =
      fold.stationary + line * plan_.stationary.line + lane * plan_.stationary.lane;
  for (std::int64_t plane = 0; plane < plan_.depth; ++plane) {
    const auto p = static_cast<std::size_t>(plane);
    bool zero = false;
    if (plane < planes) {
      zero = values_.fill(line, lane, plane, first + plane * plan_.stationary.plane);
    } else {
      values_.fillNothing(line, lane, plane);
    }
    valid[p].set(line, lane, plane < planes);
    zeros[p].set(line, lane, zero && plan_.stationaryOperand == Operand::Inputs);
  }
  events_.operandsHeld += planes;
  if (planes > 0) ++events_.filled;
}

template <typename Values>
void SystolicMachine<Values>::fillSum(std::int64_t line, std::int64_t lane, const Fold& fold) {
  values_.fillSum(line, lane, sumElement(fold, line, lane, 0));
  ++events_.filled;
  if (plan_.accumulates) ++events_.sumsEntered;
}

template <typename Values>
void SystolicMachine<Values>::drainRows() {
  for (std::int64_t col = 0; col < plan_.cols(); ++col) {
    const RowTurn& turn = controller_.drainAt(col * plan_.colHop());
    if (turn.real()) drainPe(turn.row, col, turn.fold, controller_.cycle() + 1);
  }
}

/// A held sum leaves; the cycle in which it does ends `at`.
template <typename Values>
void SystolicMachine<Values>::drainPe(std::int64_t line, std::int64_t lane, std::int32_t number,
                                      std::int64_t at) {
  const Fold& fold = foldOf(number);
  const bool result = covers(fold, line, lane);
  leave(result, at);
  if (result) values_.drainSum(line, lane, sumElement(fold, line, lane, 0));
}

template class SystolicMachine<NoValues>;
template class SystolicMachine<PeValues<float>>;
template class SystolicMachine<PeValues<std::int32_t>>;
template class SystolicMachine<PeValues<std::int64_t>>;

}  // namespace npusim
