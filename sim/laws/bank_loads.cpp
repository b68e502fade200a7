#include "sim/laws/bank_loads.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

std::int64_t modulo(std::int64_t value, std::int64_t period) {
  const std::int64_t rest = value % period;
  return rest < 0 ? rest + period : rest;
}

/// `counts` after one more loop: every position falls on each of the loop's remainders.
std::vector<std::int64_t> stepped(const std::vector<std::int64_t>& counts, std::int64_t stride,
                                  std::int64_t count) {
  const std::int64_t period = std::ssize(counts);
  const std::int64_t step = modulo(stride, period);
  const std::int64_t cycle = period / std::gcd(step, period);
  const std::int64_t whole = count / cycle;
  const std::int64_t rest = count % cycle;
  std::vector<std::int64_t> result(counts.size(), 0);
  for (std::int64_t from = 0; from < period; ++from) {
    const std::int64_t here = counts[static_cast<std::size_t>(from)];
    if (here == 0) continue;
    std::int64_t to = from;
    for (std::int64_t i = 0; i < std::min(count, cycle); ++i) {
      result[static_cast<std::size_t>(to)] += here * (whole + (i < rest ? 1 : 0));
      to = to + step < period ? to + step : to + step - period;
    }
  }
  return result;
}

}  // namespace

RunAccess denseAccess(std::int64_t address, std::span<const std::int64_t> strides,
                      std::span<const std::int64_t> extents, std::int64_t bytes) {
  RunAccess access{address, bytes, {}, 1};
  for (std::size_t d = 0; d < extents.size(); ++d) {
    if (extents[d] == 1) continue;
    if (strides[d] == 0) {
      access.times *= extents[d];
      continue;
    }
    if (strides[d] < 0) access.address += strides[d] * (extents[d] - 1);
    access.repeats.push_back({std::abs(strides[d]), extents[d]});
  }
  std::ranges::stable_sort(access.repeats, {}, &AccessLoop::stride);
  std::size_t merged = 0;
  while (merged < access.repeats.size() && access.repeats[merged].stride == access.bytes) {
    access.bytes *= access.repeats[merged++].count;
  }
  access.repeats.erase(access.repeats.begin(),
                       access.repeats.begin() + static_cast<std::ptrdiff_t>(merged));
  return access;
}

std::vector<RemainderCount> remainders(std::int64_t address, std::span<const AccessLoop> loops,
                                       std::int64_t period) {
  std::int64_t unit = period;
  for (const AccessLoop& loop : loops) unit = std::gcd(unit, loop.stride);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(period / unit), 0);
  const std::int64_t start = modulo(address, period);
  counts[static_cast<std::size_t>(start / unit)] = 1;
  for (const AccessLoop& loop : loops) counts = stepped(counts, loop.stride / unit, loop.count);
  std::vector<RemainderCount> result;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    result.push_back({static_cast<std::int64_t>(i) * unit + start % unit, counts[i]});
  }
  return result;
}

BankLoads::BankLoads(const BufferConfig& buffer)
    : width_(buffer.widthBytes),
      ports_(buffer.ports),
      accesses_(static_cast<std::size_t>(buffer.banks), 0) {}

void BankLoads::addWords(std::int64_t first, std::int64_t count, std::int64_t times) {
  const std::int64_t rounds = count / banks();
  if (rounds > 0) {
    for (std::int64_t& accesses : accesses_) accesses += rounds * times;
  }
  for (std::int64_t i = rounds * banks(); i < count; ++i) {
    accesses_[static_cast<std::size_t>((first + i) % banks())] += times;
  }
}

void BankLoads::add(const RunAccess& access) {
  if (access.bytes == 0) return;
  for (const auto& [start, count] : remainders(access.address, access.repeats, period())) {
    const std::int64_t first = wordOf(start);
    addWords(first, wordOf(start + access.bytes - 1) - first + 1, count * access.times);
  }
}

void BankLoads::add(const BankLoads& other, std::int64_t times) {
  for (std::size_t i = 0; i < accesses_.size(); ++i) accesses_[i] += other.accesses_[i] * times;
}

void BankLoads::clear() { std::ranges::fill(accesses_, 0); }

std::int64_t BankLoads::cycles() const { return ceilDiv(std::ranges::max(accesses_), ports_); }

}  // namespace npusim
