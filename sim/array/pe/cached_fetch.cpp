#include "sim/array/pe/cached_fetch.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

CachedPort::CachedPort(const BufferPort& port, LineSize line)
    : perCycle_(port.accesses), perLine_(ceilDiv(line.bytes(), port.bytes)) {}

std::int64_t CachedPort::serve(std::int64_t cycle) {
  if (perCycle_ == 0) return cycle;
  next_ = std::max(next_, cycle * perCycle_) + perLine_;
  return (next_ - 1) / perCycle_;
}

CachedFetch::CachedFetch(const CacheConfig& cache, LineSize line, const CachedAddresses& addresses,
                         const BufferPort& inputs, const BufferPort& weights, bool sharedPort)
    : coalesce_(cache.coalesce),
      missCycles_(cache.missCycles),
      sharedPort_(sharedPort),
      ports_{CachedPort(inputs, line), CachedPort(weights, line)} {
  if (!coalesce_) return;
  underWay_ = {linesOf(addresses.inputs(), line), linesOf(addresses.weights(), line)};
}

CachedFetch::UnderWay CachedFetch::linesOf(const AddressRange& range, LineSize line) {
  const std::int64_t first = line.lineOf(range.lowest);
  const std::int64_t last = line.lineOf(range.highest);
  return {first, Table<std::int64_t>(last - first + 1)};
}

std::int64_t CachedFetch::request(Fetched operand, std::int64_t line, std::int64_t cycle) {
  UnderWay& known = underWay_[operand];
  if (coalesce_ && known.arrivals[line - known.first] > cycle) {
    return known.arrivals[line - known.first];
  }
  ++fetched_[operand];
  const Fetched port = sharedPort_ ? Fetched::Input : operand;
  const std::int64_t arrival = ports_[port].serve(cycle) + missCycles_;
  if (coalesce_) known.arrivals[line - known.first] = arrival;
  return arrival;
}

}  // namespace npusim
