#include "sim/array/pe/events.h"

namespace npusim {
namespace {

/// The member of a figure by operand.
template <typename T>
T& of(ByOperand<T>& figure, Operand operand) {
  return operand == Operand::Inputs    ? figure.inputs
         : operand == Operand::Weights ? figure.weights
                                       : figure.outputs;
}

Operand heldOperand(const FoldPlan& plan) {
  return plan.holdsSums ? Operand::Sums : plan.stationaryOperand;
}

}  // namespace

/// SCALE-Sim numbers its first cycle 0 and reports the number of the last: one less than there are.
ArrayTiming timingOf(const FoldPlan& plan, const Controller& controller, const Events& events) {
  if (!plan.overlapped) return {0, events.lastLeft - 1, 0};
  const std::int64_t entry = controller.firstEntry();
  return {entry, controller.streamEnd() - entry, events.lastLeft - controller.lastEntryEnd()};
}

ArrayWork workOf(const FoldPlan& plan, const Events& events, std::int64_t totalCycles) {
  ArrayWork work;
  ByOperand<std::int64_t> buffer;
  of(buffer, plan.acrossOperand) += events.acrossEntered * plan.operandBytes;
  of(buffer, plan.stationaryOperand) +=
      (events.downEntered + events.operandsHeld) * plan.operandBytes;
  work.inputBytes = buffer.inputs;
  work.weightBytes = buffer.weights;
  work.partialReadBytes = events.sumsEntered * plan.storedSumBytes;
  work.partialWriteBytes = events.sumsLeft * plan.storedSumBytes;

  ReadWrite& store = of(work.localStore, heldOperand(plan));
  store.read = events.steps * plan.storeBytes;
  store.write = events.filled * plan.storeBytes;
  of(work.network, plan.acrossOperand) = events.products * plan.operandBytes;
  if (plan.holdsSums) {
    store.write += store.read;
    store.read += events.sumsLeft * plan.storeBytes;
    of(work.network, plan.stationaryOperand) = events.products * plan.operandBytes;
    work.network.outputs = (events.filled + events.sumsLeft) * plan.storedSumBytes;
  } else {
    of(work.network, plan.stationaryOperand) = events.operandsHeld * plan.operandBytes;
    work.network.outputs = events.steps * plan.sumBytes;
  }

  const auto pes = static_cast<double>(plan.lines.pes * plan.lanes.pes);
  const auto streamed = static_cast<double>(events.streamed);
  work.edgePeCycles = streamed * pes - static_cast<double>(events.products) / plan.rate;
  work.fillDrainPeCycles = (static_cast<double>(totalCycles) - streamed) * pes;
  return work;
}

ZeroWork zeroWorkOf(const FoldPlan& plan, const Events& events) {
  ZeroWork zero{events.zeroProducts, {}};
  if (!plan.gatesStore) return zero;
  const std::int64_t bytes = events.zeroProducts * plan.storeBytes;
  of(zero.savedStore, heldOperand(plan)) = {bytes, plan.holdsSums ? bytes : 0};
  return zero;
}

}  // namespace npusim
