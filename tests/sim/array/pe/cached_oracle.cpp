#include "tests/sim/array/pe/cached_oracle.h"

#include <algorithm>
#include <deque>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

using Position = std::array<std::int64_t, 7>;

struct Operand {
  int which;  ///< 0 input, 1 weight
  std::int64_t line;
  bool operator==(const Operand&) const = default;
};

/// A line that was asked for: how many accesses it still needs, and when it arrives (-1: not
/// known).
struct Request {
  Operand operand;
  std::int64_t accessesLeft;
  std::int64_t arrival = -1;
  std::vector<std::size_t> pes;
};

struct Pe {
  std::deque<Operand> step;      ///< operands that the step still needs
  std::deque<Position> outputs;  ///< to be computed, the first one in work
  std::int64_t k = 0;            ///< products of that output which are done or in the step
  std::int64_t freeAt = 0;       ///< may begin a step from this cycle on
  bool started = false;          ///< the step's operands are listed
  bool waits = false;
};

class Oracle {
 public:
  Oracle(const ArrayConfig& array, const std::vector<BufferPort>& ports, const MatrixTile& tile)
      : array_(array), ports_(ports), tile_(tile) {
    const CacheConfig& cache = array.cache;
    lineBytes_ = cache.bytes > 0 ? cache.lineBytes : byteSize(tile.a.type);
    const double rate = array.macsPerCycle.at(arrayFormat(tile.a.type));
    depth_ = static_cast<std::int64_t>(std::max(1.0, rate));
    beat_ = static_cast<std::int64_t>(std::max(1.0, 1 / rate));
    for (std::int64_t r = 0; r < array.rows; ++r) {
      for (std::int64_t c = 0; c < array.cols; ++c) addPe(r, c);
    }
  }

  OracleResult run() {
    for (cycle_ = 0; std::ranges::any_of(pes_, [](const Pe& pe) { return !pe.outputs.empty(); });
         ++cycle_) {
      arrive();
      for (std::size_t pe = 0; pe < pes_.size(); ++pe) act(pe);
      serve();
    }
    return result_;
  }

 private:
  void addPe(std::int64_t row, std::int64_t column) {
    Pe pe;
    for (std::int64_t n = column; n < tile_.n(); n += array_.cols) {
      for (std::int64_t m = row; m < tile_.m(); m += array_.rows) {
        const auto& e = tile_.extents;
        pe.outputs.push_back({m / (e[1] * e[2]), m / e[2] % e[1], m % e[2], n, 0, 0, 0});
      }
    }
    pe.freeAt = startCycles();
    pes_.push_back(pe);
    const CacheConfig& cache = array_.cache;
    const std::int64_t lines = cache.bytes / cache.lineBytes;
    const std::int64_t ways = std::min(cache.ways, lines);
    caches_.emplace_back(lines == 0 ? 1 : lines / ways, ways);
  }

  std::int64_t startCycles() const { return tile_.accumulates || tile_.bias ? 1 : 0; }

  void listOperands(Pe& pe) {
    const auto& e = tile_.extents;
    for (std::int64_t i = 0; i < depth_ && pe.k < tile_.k(); ++i, ++pe.k) {
      Position at = pe.outputs.front();
      at[4] = pe.k / (e[5] * e[6]);
      at[5] = pe.k / e[6] % e[5];
      at[6] = pe.k % e[6];
      if (inside(at)) pe.step.push_back({0, lineOf(tile_.a, at)});
      pe.step.push_back({1, lineOf(tile_.b, at)});
    }
    pe.started = true;
  }

  bool inside(const Position& at) const {
    return std::ranges::all_of(tile_.a.bounds, [&](const ResolvedBound& bound) {
      const std::int64_t x = dot(bound.origin, bound.strides, at);
      return x >= 0 && x < bound.limit;
    });
  }
  std::int64_t lineOf(const ResolvedAccess& access, const Position& at) const {
    return dot(access.address, access.strides, at) / lineBytes_;  // inside: not negative
  }
  static std::int64_t tagOf(const Operand& operand) { return operand.line * 2 + operand.which; }

  void arrive() {
    for (Request& request : requests_) {
      if (request.arrival != cycle_) continue;
      for (const std::size_t pe : request.pes) {
        if (array_.cache.bytes > 0) caches_[pe].bring(request.operand.line, tagOf(request.operand));
        pes_[pe].waits = false;
        pes_[pe].step.pop_front();
      }
    }
    std::erase_if(requests_, [this](const Request& r) { return r.arrival == cycle_; });
  }

  void act(std::size_t index) {
    Pe& pe = pes_[index];
    if (pe.waits) {
      ++result_.waited;
      return;
    }
    if (pe.outputs.empty() || cycle_ < pe.freeAt) return;
    if (!pe.started && pe.k == 0) result_.sumsIn += startCycles();  // a sum a cycle
    if (!pe.started) listOperands(pe);
    while (!pe.step.empty()) {
      const Operand operand = pe.step.front();
      const bool hit = array_.cache.bytes > 0 && caches_[index].use(operand.line, tagOf(operand));
      ++(hit ? result_.hits : result_.misses)[static_cast<std::size_t>(operand.which)];
      if (!hit) return ask(index, operand);
      pe.step.pop_front();
    }
    pe.started = false;
    ++result_.steps;
    pe.freeAt = cycle_ + beat_;
    result_.cycles = std::max(result_.cycles, pe.freeAt);
    if (pe.k < tile_.k()) return;
    pe.k = 0;
    pe.outputs.pop_front();
    ++result_.sumsOut;
    pe.freeAt += startCycles();
  }

  void ask(std::size_t index, const Operand& operand) {
    pes_[index].waits = true;
    ++result_.waited;
    if (array_.cache.coalesce) {
      for (Request& request : requests_) {
        if (request.operand == operand) return request.pes.push_back(index);
      }
    }
    ++result_.fetched[static_cast<std::size_t>(operand.which)];
    const BufferPort& port = portOf(operand);
    requests_.push_back({operand, ceilDiv(lineBytes_, port.bytes), -1, {index}});
  }

  const BufferPort& portOf(const Operand& operand) const {
    return ports_[static_cast<std::size_t>(storageOf(operand))];
  }
  std::int32_t storageOf(const Operand& operand) const {
    return operand.which == 0 ? tile_.a.storage : tile_.b.storage;
  }

  /// Each buffer gives its accesses of this cycle to the oldest requests.
  void serve() {
    for (std::size_t storage = 0; storage < ports_.size(); ++storage) {
      std::int64_t accesses = ports_[storage].accesses;
      for (Request& request : requests_) {
        if (request.arrival >= 0 || storageOf(request.operand) != static_cast<int>(storage))
          continue;
        const std::int64_t given = std::min(accesses, request.accessesLeft);
        accesses -= given;
        request.accessesLeft -= given;
        if (request.accessesLeft > 0) break;
        request.arrival = cycle_ + array_.cache.missCycles;
      }
    }
  }

  const ArrayConfig& array_;
  const std::vector<BufferPort>& ports_;
  const MatrixTile& tile_;
  std::int64_t lineBytes_, depth_, beat_, cycle_ = 0;
  std::vector<Pe> pes_;
  std::vector<PlainCache> caches_;
  std::deque<Request> requests_;
  OracleResult result_;
};

}  // namespace

OracleResult cachedOracle(const ArrayConfig& array, const std::vector<BufferPort>& ports,
                          const MatrixTile& tile) {
  return Oracle(array, ports, tile).run();
}

}  // namespace npusim
