#include "sim/array/module/edges.h"

#include "sim/array/module/arithmetic.h"
#include "sim/core/error.h"

namespace npusim::modules {

template <typename T>
Feeder<T>::Feeder(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
                  bool feedsColumn, Instruction<T>& instruction, Failure& failure)
    : EdgeModule<T>(moduleName, geometry, post, instruction, failure), feedsColumn_(feedsColumn) {}

template <typename T>
void Feeder<T>::step() {
  const Command now = this->nextCommand();
  Word<T> word;
  if (now.step >= 0) {
    const std::int64_t row = feedsColumn_ ? -1 : this->line_;
    const std::int64_t col = feedsColumn_ ? this->line_ : -1;
    const Operand operand = feedsColumn_ ? this->geometry_.down : this->geometry_.across;
    const Part part = this->instruction_.plan.part(now.fold, row, col, now.step);
    word = this->instruction_.buffers.operands(operand, part);
  }
  word.turn = now.turn;
  out->write(word);
}

template <typename T>
Loader<T>::Loader(const sc_core::sc_module_name& moduleName, const Geometry& geometry, Post post,
                  Instruction<T>& instruction, Failure& failure)
    : EdgeModule<T>(moduleName, geometry, post, instruction, failure) {}

template <typename T>
void Loader<T>::step() {
  const Command now = this->nextCommand();
  Delivery<T> delivery;
  if (now.loadRow >= 0) {
    delivery.row = now.loadRow;
    delivery.word =
        wordFor(this->instruction_.plan.part(now.loadFold, now.loadRow, this->line_, -1));
  }
  out->write(delivery);
}

template <typename T>
Word<T> Loader<T>::wordFor(const Part& part) {
  Buffers<T>& buffers = this->instruction_.buffers;
  if (!this->geometry_.holdsSums()) return buffers.operands(this->geometry_.held, part);
  const Place place = Buffers<T>::placeOfSum(part);
  if (place == Place{}) return {};
  return {{buffers.sum(place)}, place, false};
}

template <typename T>
Accumulator<T>::Accumulator(const sc_core::sc_module_name& moduleName, const Geometry& geometry,
                            Post post, bool ofColumn, Instruction<T>& instruction, Failure& failure)
    : EdgeModule<T>(moduleName, geometry, post, instruction, failure),
      ofColumn_(ofColumn),
      behindTree_((ofColumn ? geometry.downTravel : geometry.acrossTravel) == Travel::Tree) {}

/// What has arrived is stored first, so that a sum may leave again in the same cycle.
template <typename T>
void Accumulator<T>::step() {
  const Word<T>& arrived = in->read();
  if (arrived.valid()) take(arrived);
  turned->write(arrived.turn);
  const Command now = this->nextCommand();
  Word<T> word = wordFor(now);
  word.turn = now.turn;
  out->write(word);
}

template <typename T>
void Accumulator<T>::take(const Word<T>& word) {
  Buffers<T>& buffers = this->instruction_.buffers;
  const T sum = word.values[0];
  buffers.store(word.place, behindTree_ ? added(buffers.sum(word.place), sum) : sum);
}

template <typename T>
Word<T> Accumulator<T>::wordFor(const Command& now) {
  if (now.step < 0) return {};
  const std::int64_t row = ofColumn_ ? -1 : this->line_;
  const std::int64_t col = ofColumn_ ? this->line_ : -1;
  const Place place =
      Buffers<T>::placeOfSum(this->instruction_.plan.part(now.fold, row, col, now.step));
  if (place == Place{}) return {};
  return {{behindTree_ ? T{} : this->instruction_.buffers.sum(place)}, place, false};
}

template <typename T>
void Collector<T>::step() {
  bool last = false;
  int arrived = 0;
  for (int i = 0; i < in.size(); ++i) {
    const Word<T>& word = in[i]->read();
    last = last || word.turn;
    if (!word.valid()) continue;
    instruction_.buffers.store(word.place, word.values[0]);
    ++arrived;
  }
  ensure(arrived <= 1, "two sums leave a column in the same cycle");
  turned->write(last);
}

template <typename T>
void AdderTree<T>::step() {
  Word<T> result;
  std::size_t leaves = 1;
  while (leaves < static_cast<std::size_t>(in.size())) leaves *= 2;
  std::vector<T> sums(leaves);
  for (int i = 0; i < in.size(); ++i) {
    const Word<T>& word = in[i]->read();
    result.turn = word.turn;
    if (!word.valid()) continue;
    result.place = word.place;
    result.values = {T{}};
    sums[static_cast<std::size_t>(i)] = word.values[0];
  }
  for (; leaves > 1; leaves /= 2) {
    for (std::size_t i = 0; i < leaves / 2; ++i) sums[i] = added(sums[2 * i], sums[2 * i + 1]);
  }
  if (result.valid()) result.values = {sums[0]};
  out->write(levels_.shift(std::move(result)));
}

template class Feeder<float>;
template class Feeder<std::int32_t>;
template class Feeder<std::int64_t>;
template class Loader<float>;
template class Loader<std::int32_t>;
template class Loader<std::int64_t>;
template class Accumulator<float>;
template class Accumulator<std::int32_t>;
template class Accumulator<std::int64_t>;
template class Collector<float>;
template class Collector<std::int32_t>;
template class Collector<std::int64_t>;
template class AdderTree<float>;
template class AdderTree<std::int32_t>;
template class AdderTree<std::int64_t>;

}  // namespace npusim::modules
