#include "sim/stats/counters.h"

#include <algorithm>
#include <limits>

namespace npusim {

namespace {

/// Adds up the sizes of what it is shown.
struct SizeSum {
  std::size_t& bytes;
  template <typename Figure>
  constexpr void operator()(const Figure& /*figure*/) const {
    bytes += sizeof(Figure);
  }
};

constexpr std::size_t listedBytes() {
  const Counters counters;
  std::size_t bytes = sizeof(std::vector<DramCounts>);
  forEachCounter(SizeSum{bytes}, counters);
  return bytes;
}

constexpr std::size_t listedDramBytes() {
  const DramCounts counts;
  std::size_t bytes = 0;
  forEachFigure(SizeSum{bytes}, counts);
  return bytes;
}

static_assert(listedBytes() == sizeof(Counters), "a counter is missing in forEachCounter()");
static_assert(listedDramBytes() == sizeof(DramCounts), "a figure is missing in forEachFigure()");

struct Add {
  void operator()(auto& sum, const auto& part) const { sum += part; }
};

std::int64_t leastOf(std::int64_t number) { return number; }
std::int64_t leastOf(const ReadWrite& bytes) { return std::min(bytes.read, bytes.write); }
template <typename Figure>
std::int64_t leastOf(const ByOperand<Figure>& figures) {
  return std::min({leastOf(figures.weights), leastOf(figures.inputs), leastOf(figures.outputs)});
}

}  // namespace

DramCounts& DramCounts::operator+=(const DramCounts& other) {
  forEachFigure(Add{}, *this, other);
  return *this;
}

Counters& Counters::operator+=(const Counters& other) {
  forEachCounter(Add{}, *this, other);
  for (std::size_t i = 0; i < other.memories.size(); ++i) memory(i) += other.memories[i];
  return *this;
}

std::int64_t least(const Counters& counters) {
  std::int64_t result = std::numeric_limits<std::int64_t>::max();
  const auto consider = [&](const auto& figure) { result = std::min(result, leastOf(figure)); };
  forEachCounter(consider, counters);
  for (const DramCounts& memory : counters.memories) forEachFigure(consider, memory);
  return result;
}

StallCycles& StallCycles::operator+=(const StallCycles& other) {
  dram += other.dram;
  buffer += other.buffer;
  dependency += other.dependency;
  network += other.network;
  return *this;
}

ArrayTime& ArrayTime::operator+=(const ArrayTime& other) {
  useful += other.useful;
  edge += other.edge;
  fillDrain += other.fillDrain;
  buffer += other.buffer;
  return *this;
}

}  // namespace npusim
