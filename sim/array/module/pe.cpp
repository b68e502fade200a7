#include "sim/array/module/pe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/array/module/arithmetic.h"
#include "sim/core/error.h"

namespace npusim::modules {

PeCounts& PeCounts::operator+=(const PeCounts& other) {
  macs += other.macs;
  zeroMacs += other.zeroMacs;
  store += other.store;
  spared += other.spared;
  network += other.network;
  return *this;
}

/// A hop takes a beat: the signal to the neighbour is one register of it.
template <typename T>
Pe<T>::Pe(const sc_core::sc_module_name& moduleName, const Geometry& geometry, std::int64_t row,
          Failure& failure)
    : Clocked(moduleName, Edge::Rising, failure),
      geometry_(geometry),
      row_(row),
      store_(geometry.storeBytes()),
      downLink_(geometry.beat - 1),
      acrossLink_(geometry.beat - 1),
      leaveLink_(geometry.beat - 1),
      loadLink_(geometry.beat - 1) {}

template <typename T>
void Pe<T>::step() {
  Word<T> fromAbove = down.in->read();
  Word<T> fromLeft = across.in->read();
  const Delivery<T>& delivery = load.in->read();
  ensure(fromAbove.turn == fromLeft.turn, "the operands' waves reach a PE in different cycles");

  view_.works = false;
  if (fromAbove.turn) turn();
  if (delivery.row == row_) fill(delivery.word);

  std::array<Word<T>*, 3> words{};  // by operand
  words[static_cast<std::size_t>(geometry_.held)] = &store_.held();
  words[static_cast<std::size_t>(geometry_.down)] = &fromAbove;
  words[static_cast<std::size_t>(geometry_.across)] = &fromLeft;
  const auto& [weights, inputs, sum] = words;
  if (weights->valid() && inputs->valid() && sum->valid()) multiplyAdd(*weights, *inputs, *sum);
  if (busy_ > 0) --busy_;

  down.out->write(downLink_.shift(std::move(fromAbove)));
  across.out->write(acrossLink_.shift(std::move(fromLeft)));
  load.out->write(loadLink_.shift(delivery));
  Word<T> passing = leaveLink_.shift(leave.in->read());
  leave.out->write(leavesIn_ == 0 ? leavingWord() : std::move(passing));
  if (leavesIn_ >= 0) --leavesIn_;
}

/// A fold is over: the store turns to what was loaded meanwhile. Held sums begin to leave, the
/// bottom row first; a new one starts from what was loaded, or from zero.
template <typename T>
void Pe<T>::turn() {
  Word<T> before = store_.turn();
  if (!geometry_.holdsSums()) return;
  leaving_ = std::move(before);
  leavesIn_ = geometry_.rows - 1 - row_;
  if (!store_.held().valid()) store_.held().values = {T{}};
}

template <typename T>
void Pe<T>::fill(const Word<T>& word) {
  if (!word.valid()) return;
  store_.fill(word);
  const auto bytes = geometry_.holdsSums()
                         ? geometry_.storedSumBytes
                         : static_cast<std::int64_t>(word.values.size()) * geometry_.operandBytes;
  of(counts_.network, geometry_.held) += bytes;
}

template <typename T>
void Pe<T>::multiplyAdd(const Word<T>& weights, const Word<T>& inputs, Word<T>& sum) {
  const Place place{inputs.place.m, weights.place.n, weights.place.k};
  if (sum.place == Place{}) sum.place = {place.m, place.n, -1};  // a new sum in the store
  ensure(inputs.place.k == place.k && sum.place == Place{place.m, place.n, -1},
         "operands that do not belong together meet in a PE");
  ensure(busy_ == 0, "an operand reaches a PE before its last step is over");
  busy_ = geometry_.beat;
  view_ = {true, inputs.values.back(), weights.values.back(), sum.values[0], T{}, place};
  for (std::size_t i = 0; i < weights.values.size(); ++i) {
    sum.values[0] = multiplyAdded(inputs.values[i], weights.values[i], sum.values[0]);
  }
  view_.sum = sum.values[0];
  countStep(weights, inputs);
}

template <typename T>
void Pe<T>::countStep(const Word<T>& weights, const Word<T>& inputs) {
  const auto products = static_cast<std::int64_t>(weights.values.size());
  const std::int64_t zeros = std::count(inputs.values.begin(), inputs.values.end(), T{});
  counts_.macs += products;
  counts_.zeroMacs += zeros;
  for (const Operand operand : {geometry_.down, geometry_.across}) {
    of(counts_.network, operand) +=
        operand == Operand::Outputs ? geometry_.sumBytes : products * geometry_.operandBytes;
  }
  store_.countRead();
  if (geometry_.holdsSums()) store_.countWrite();
  // One multiplier with its input before it: the store is touched only where that is not zero.
  const bool gates = geometry_.array.zeroGating && geometry_.depth == 1;
  if (!gates || zeros == 0 || geometry_.held == Operand::Inputs) return;
  counts_.spared.read += store_.wordBytes();
  if (geometry_.holdsSums()) counts_.spared.write += store_.wordBytes();
}

/// The PE's own sum; the top row's is the last of a fold, which the mark on it says.
template <typename T>
Word<T> Pe<T>::leavingWord() {
  Word<T> word = std::exchange(leaving_, {});
  if (word.place == Place{}) {
    word = {};
  } else {
    store_.countRead();
    counts_.network.outputs += geometry_.storedSumBytes;
  }
  word.turn = row_ == 0;
  return word;
}

template <typename T>
PeCounts Pe<T>::takeCounts() {
  counts_.store = store_.takeTraffic();
  return std::exchange(counts_, {});
}

template <typename T>
PeCycle Pe<T>::cycle() const {
  if (!view_.works) return {};
  return {true,
          view_.place.m,
          view_.place.n,
          view_.place.k,
          static_cast<double>(view_.weight),
          static_cast<double>(view_.input),
          static_cast<double>(view_.sum)};
}

template <typename T>
void Pe<T>::traceTo(sc_core::sc_trace_file* file) const {
  const std::string prefix = std::string(this->name()) + ".";
  sc_core::sc_trace(file, view_.works, prefix + "works");
  sc_core::sc_trace(file, view_.input, prefix + "input");
  sc_core::sc_trace(file, view_.weight, prefix + "weight");
  sc_core::sc_trace(file, view_.sumIn, prefix + "sum_in");
  sc_core::sc_trace(file, view_.sum, prefix + "sum");
}

template class Pe<float>;
template class Pe<std::int32_t>;
template class Pe<std::int64_t>;

}  // namespace npusim::modules
