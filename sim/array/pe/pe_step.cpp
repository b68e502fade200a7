#include "sim/array/pe/pe_step.h"

#include <bit>

#include "sim/array/pe/arithmetic.h"

namespace npusim {
namespace {

bool anyOf(const FlagWord* words, std::int64_t count) {
  FlagWord any = 0;
  for (std::int64_t w = 0; w < count; ++w) any |= words[w];
  return any != 0;
}

template <typename T>
[[gnu::always_inline]] inline void stepAll(const StepRegisters<T>& r,
                                           LineView<const FlagWord> arrived, std::int64_t words) {
  for (std::int64_t u = 0; u < r.across.lines; ++u) {
    if (!anyOf(arrived.line(u), words)) continue;
    const T* const across = r.across.line(u);
    const T* const stationary = r.stationary.line(u);
    T* const sums = r.sums.line(u);
    for (std::int64_t lane = 0; lane < r.lanes; lane += kVectorLanes) {
      T sum[kVectorLanes];
      for (int i = 0; i < kVectorLanes; ++i) sum[i] = sums[lane + i];
      for (std::int64_t plane = 0; plane < r.depth; ++plane) {
        const T* const a = across + plane * r.acrossPlane + lane;
        const T* const b = stationary + plane * r.stationaryPlane + lane;
        for (int i = 0; i < kVectorLanes; ++i) sum[i] = multiplyAdd(a[i], b[i], sum[i]);
      }
      for (int i = 0; i < kVectorLanes; ++i) sums[lane + i] = sum[i];
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void addAllPairs(const T* from, T* to, std::int64_t nodes,
                                               std::int64_t pitch) {
  for (std::int64_t node = 0; node < nodes; ++node) {
    const T* const left = from + 2 * node * pitch;
    const T* const right = left + pitch;
    for (std::int64_t lane = 0; lane < pitch; ++lane) {
      to[node * pitch + lane] = add(left[lane], right[lane]);
    }
  }
}

}  // namespace

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void stepPes(
    const StepRegisters<float>& registers, LineView<const FlagWord> arrived, std::int64_t words) {
  stepAll(registers, arrived, words);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void stepPes(
    const StepRegisters<std::int32_t>& registers, LineView<const FlagWord> arrived,
    std::int64_t words) {
  stepAll(registers, arrived, words);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void stepPes(
    const StepRegisters<std::int64_t>& registers, LineView<const FlagWord> arrived,
    std::int64_t words) {
  stepAll(registers, arrived, words);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void addPairs(
    const float* from, float* to, std::int64_t nodes, std::int64_t pitch) {
  addAllPairs(from, to, nodes, pitch);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void addPairs(
    const std::int32_t* from, std::int32_t* to, std::int64_t nodes, std::int64_t pitch) {
  addAllPairs(from, to, nodes, pitch);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void addPairs(
    const std::int64_t* from, std::int64_t* to, std::int64_t nodes, std::int64_t pitch) {
  addAllPairs(from, to, nodes, pitch);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] ProductCount countProducts(
    const ProductFlags& flags, std::int64_t words) {
  ProductCount count;
  for (std::int64_t u = 0; u < flags.across.lines; ++u) {
    const FlagWord* const across = flags.across.line(u);
    const FlagWord* const stationary = flags.stationary.line(u);
    const FlagWord* const busy = flags.busy.line(u);
    const FlagWord* const acrossZero = flags.acrossZero.line(u);
    const FlagWord* const stationaryZero = flags.stationaryZero.line(u);
    for (std::int64_t w = 0; w < words; ++w) {
      const FlagWord products = across[w] & stationary[w] & busy[w];
      count.products += std::popcount(products);
      count.zeros += std::popcount(products & (acrossZero[w] | stationaryZero[w]));
    }
  }
  return count;
}

}  // namespace npusim
