#pragma once

#include <cstdint>

#include "sim/array/pe/cached_addresses.h"
#include "sim/array/pe/cached_lines.h"
#include "sim/array/pe/line_size.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// The ports of one buffer. Requests are served in the order in which they come; a line takes as
/// many accesses as it is ports wide, which may straddle cycles.
class CachedPort {
 public:
  CachedPort(const BufferPort& port, LineSize line);

  /// The cycle of the last access for a line that is asked for in `cycle`, which never falls.
  std::int64_t serve(std::int64_t cycle);

 private:
  std::int64_t perCycle_, perLine_;
  std::int64_t next_ = 0;  ///< the first access that is free, counted from cycle 0
};

/// Lines on their way from the buffers to the PEs.
class CachedFetch {
 public:
  /// `sharedPort`: inputs and weights lie in the same buffer.
  CachedFetch(const CacheConfig& cache, LineSize line, const CachedAddresses& addresses,
              const BufferPort& inputs, const BufferPort& weights, bool sharedPort);

  /// Asks for a line in `cycle`, which never falls from call to call; returns the cycle in which
  /// the PE has it. With coalescing a line that is under way already is waited for, not fetched.
  std::int64_t request(Fetched operand, std::int64_t line, std::int64_t cycle);

  /// Lines fetched so far.
  const ByFetched<std::int64_t>& fetched() const { return fetched_; }

 private:
  /// When each line of an operand arrives that was asked for last, from `first` on.
  struct UnderWay {
    std::int64_t first = 0;
    Table<std::int64_t> arrivals;
  };

  static UnderWay linesOf(const AddressRange& range, LineSize line);

  const bool coalesce_;
  const std::int64_t missCycles_;
  const bool sharedPort_;
  ByFetched<CachedPort> ports_;  ///< inputs take the shared one
  ByFetched<UnderWay> underWay_;
  ByFetched<std::int64_t> fetched_;
};

}  // namespace npusim
