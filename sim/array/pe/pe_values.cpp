#include "sim/array/pe/pe_values.h"

#include "sim/array/pe/arithmetic.h"

namespace npusim {
namespace {

template <typename T>
T* blockOf(DenseBlocks<T>& blocks, Operand operand) {
  return operand == Operand::Inputs    ? blocks.inputs.data()
         : operand == Operand::Weights ? blocks.weights.data()
                                       : blocks.sums.data();
}

}  // namespace

template <typename T>
PeValues<T>::PeValues(const FoldPlan& plan, DenseBlocks<T>& blocks)
    : plan_(plan),
      acrossBlock_(blockOf(blocks, plan.acrossOperand)),
      stationaryBlock_(blockOf(blocks, plan.stationaryOperand)),
      sumBlock_(blocks.sums.data()) {
  const std::int64_t lines = plan.lines.pes, lanes = plan.lanes.pes;
  across_ = {plan.acrossHop, {lines, lanes, plan.depth, plan.acrossHop == 0}};
  if (plan.tree) {
    trees_ = {plan.treeHop, {lines, lanes}};
  } else {
    const std::int64_t planes = plan.holdsSums ? plan.depth : 1;
    down_ = {plan.downHop, {lines, lanes, planes, plan.downHop == 0, kNoStationary<T>}};
  }
  held_ = {lines, lanes, plan.holdsSums ? 1 : plan.depth, T{}};
  if (plan.doubleBuffered) next_ = held_;
  if (plan.holdsSums) done_ = held_;
}

template <typename T>
void PeValues<T>::move(std::int64_t cycle) {
  across_.select(cycle);
  across_.now().move();
  if (plan_.tree) {
    trees_.select(cycle);
    trees_.now().move();
  } else {
    down_.select(cycle);
    down_.now().move();
  }
}

template <typename T>
void PeValues<T>::leaveSum(std::int64_t lane, std::int64_t element) {
  T& sum = sumBlock_[element];
  sum = plan_.tree ? add(trees_.now().root(lane), sum) : down_.now().at(plan_.lines.pes - 1, lane);
}

template <typename T>
void PeValues<T>::takeNext(std::int64_t line, std::int64_t lane) {
  if (plan_.holdsSums) {
    held_.at(line, lane) = plan_.startsFromSums ? next_.at(line, lane) : T{};
    return;
  }
  if (!plan_.doubleBuffered) return;
  for (std::int64_t plane = 0; plane < plan_.depth; ++plane) {
    held_.at(line, lane, plane) = next_.at(line, lane, plane);
  }
}

template <typename T>
StepRegisters<T> PeValues<T>::registers() {
  AcrossRegister<T>& across = across_.now();
  const std::int64_t lanes = roundUp(plan_.lanes.pes, kVectorLanes);
  if (plan_.holdsSums) {
    DownRegister<T>& down = down_.now();
    return {across.view(), down.view(), held_.view(), across.plane(),
            down.plane(),  plan_.depth, lanes};
  }
  return {across.view(),  held_.view(),  plan_.tree ? trees_.now().leaves() : down_.now().view(),
          across.plane(), held_.plane(), plan_.depth,
          lanes};
}

template <typename T>
PeCycle PeValues<T>::operandsOf(std::int64_t line, std::int64_t lane, std::int64_t plane) {
  const StepRegisters<T> r = registers();
  const auto across = static_cast<double>(r.across.line(line)[plane * r.acrossPlane + lane]);
  const auto stationary =
      static_cast<double>(r.stationary.line(line)[plane * r.stationaryPlane + lane]);
  PeCycle pe;
  pe.works = true;
  pe.input = plan_.acrossOperand == Operand::Inputs ? across : stationary;
  pe.weight = plan_.acrossOperand == Operand::Inputs ? stationary : across;
  pe.sum = static_cast<double>(r.sums.line(line)[lane]);
  return pe;
}

template class PeValues<float>;
template class PeValues<std::int32_t>;
template class PeValues<std::int64_t>;

}  // namespace npusim
