#include "sim/array/module/buffers.h"

#include "sim/array/gather.h"
#include "sim/array/sums.h"

namespace npusim::modules {

template <typename T>
Buffers<T>::Buffers(const Geometry& geometry, const MatrixShape& shape)
    : m_(shape.m()),
      n_(shape.n()),
      k_(shape.k()),
      operandBytes_(geometry.operandBytes),
      sumBytes_(geometry.storedSumBytes),
      a_(static_cast<std::size_t>(m_ * k_)),
      b_(static_cast<std::size_t>(k_ * n_)),
      c_(static_cast<std::size_t>(m_ * n_)),
      accumulated_(c_.size(), shape.accumulates) {}

template <typename T>
Buffers<T>::Buffers(const Geometry& geometry, const MatrixTile& tile,
                    std::vector<Storage>& storages)
    : Buffers(geometry, tile.shape()) {
  gatherRows(tile, storages, 0, m_, a_.data());
  gatherWeights(tile, storages, 0, n_, n_, b_.data());
  const Sums<T> sums(tile, storages);
  for (std::int64_t m = 0; m < m_; ++m) sums.load(m, 0, n_, c_.data() + m * n_);
}

template <typename T>
Word<T> Buffers<T>::operands(Operand operand, const Part& part) {
  const Range& line = at(part, operand == Operand::Weights ? Index::N : Index::M);
  const Range& k = at(part, Index::K);
  Word<T> word;
  if (line.count == 0 || k.count == 0) return word;
  word.place =
      operand == Operand::Weights ? Place{-1, line.first, k.first} : Place{line.first, -1, k.first};
  for (Place each = word.place; each.k < k.first + k.count; ++each.k) {
    word.values.push_back(element(operand, each));
  }
  of(traffic_, operand).read += k.count * operandBytes_;
  return word;
}

template <typename T>
Place Buffers<T>::placeOfSum(const Part& part) {
  const Range& m = at(part, Index::M);
  const Range& n = at(part, Index::N);
  return m.count == 0 || n.count == 0 ? Place{} : Place{m.first, n.first, -1};
}

template <typename T>
T Buffers<T>::sum(const Place& place) {
  if (accumulated_[positionOf(place)]) traffic_.outputs.read += sumBytes_;
  return c_[positionOf(place)];
}

template <typename T>
void Buffers<T>::store(const Place& place, T sum) {
  traffic_.outputs.write += sumBytes_;
  ++sumsStored_;
  c_[positionOf(place)] = sum;
  accumulated_[positionOf(place)] = true;
}

template <typename T>
void Buffers<T>::save(const MatrixTile& tile, std::vector<Storage>& storages) const {
  Sums<T> sums(tile, storages);
  for (std::int64_t m = 0; m < m_; ++m) sums.store(m, 0, n_, c_.data() + m * n_);
}

template <typename T>
T Buffers<T>::element(Operand operand, const Place& place) const {
  return operand == Operand::Weights ? b_[static_cast<std::size_t>(place.k * n_ + place.n)]
                                     : a_[static_cast<std::size_t>(place.m * k_ + place.k)];
}

template <typename T>
std::size_t Buffers<T>::positionOf(const Place& place) const {
  return static_cast<std::size_t>(place.m * n_ + place.n);
}

template class Buffers<float>;
template class Buffers<std::int32_t>;
template class Buffers<std::int64_t>;

}  // namespace npusim::modules
