#include "sim/energy/cache_energy.h"

#include <algorithm>
#include <bit>

#include "sim/core/error.h"
#include "sim/energy/store_energy.h"

namespace npusim {
namespace {

/// Bits that number so many things.
double bitsFor(std::int64_t count) {
  return static_cast<double>(std::bit_width(static_cast<std::uint64_t>(count - 1)));
}

}  // namespace

CacheTags cacheTags(const ChipConfig& chip) {
  const CacheConfig& cache = chip.array.cache;
  if (chip.array.dataflow.kind != ArrayKind::Cached || cache.bytes == 0) return {};
  std::int64_t addresses = 1;
  for (const BufferConfig& buffer : chip.buffers) {
    addresses = std::max(addresses, buffer.capacityBytes);
  }
  const std::int64_t set = cache.linesOfSet();
  const double address =
      std::max(0.0, bitsFor(addresses) - bitsFor(cache.lineBytes) - bitsFor(cache.lines() / set));
  CacheTags tags;
  tags.bits = address + 2 + bitsFor(set);
  tags.bytes = tags.bits / 8 * static_cast<double>(cache.lines());
  return tags;
}

double tagPrice(const Counters& counters, const ChipConfig& chip, const EnergyTable& table) {
  const CacheTags tags = cacheTags(chip);
  const auto lookUps = static_cast<double>(counters.cacheHits + counters.cacheMisses);
  if (tags.bits == 0 || lookUps == 0) return 0;
  if (table.tagComparePjPerBit == 0) {
    throw BadInput("energy table " + table.name +
                   ": tag_compare_pj_per_bit: is missing, and the dataflow cached needs it; add "
                   "it");
  }
  const StorePoint store = storeAt(table.localStore, tags.bytes);
  const double tagBytes = tags.bits / 8;
  const auto set = static_cast<double>(chip.array.cache.linesOfSet());
  const double lookUp =
      set * (tagBytes * store.readPjPerByte + tags.bits * table.tagComparePjPerBit);
  return lookUps * lookUp +
         static_cast<double>(counters.cacheMisses) * tagBytes * store.writePjPerByte;
}

}  // namespace npusim
