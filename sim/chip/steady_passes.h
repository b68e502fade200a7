#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "sim/chip/equal_passes.h"
#include "sim/chip/repeated_time.h"
#include "sim/core/pass_limit.h"
#include "sim/stats/counters.h"
#include "sim/stats/result.h"

namespace npusim {

struct Fabric;

/// What the arrays of all cores did: PE-cycles, and cycles in which tiles only filled them.
struct ArraySums {
  ArrayTime time;
  std::int64_t fillCycles = 0;
};

/// Ends loops of equal passes early, once their passes are steady, and knows what the passes left
/// out would have done.
///
/// The books are copied whenever the last instruction of a pass has completed. When as many passes
/// as the loop's period lie between two copies, and their cycles and memory bytes are those of as
/// many passes before within kTolerance, the loop ends after the passes that its engines have begun
/// (and as many more as leave out whole periods). The stretch of time between
/// the copies is then taken once more for every period left out. What the program determines (MACs,
/// bytes, operations) is the same in each pass, so that is in proportion to the passes, exactly;
/// what depends on time (rows opened, refreshes) is as in that stretch.
class SteadyPasses {
 public:
  /// Relative difference of cycles and bytes up to which passes count as equal.
  static constexpr double kTolerance = 1e-3;

  /// What it asks of and tells the engines that run a loop.
  struct Engines {
    /// The most passes of it that one of them has begun.
    std::function<std::int64_t(const EqualPasses& loop)> begun;
    std::function<void(const EqualPasses& loop, std::int64_t passes)> endAfter;
  };

  /// For the loops of the fabric's program that `limit` lets it shorten.
  SteadyPasses(const Fabric& fabric, std::int64_t cores, const PassLimit& limit);

  void setEngines(Engines engines) { engines_ = std::move(engines); }
  void reset();

  /// An instruction has completed in a turn of its layer, and all is booked.
  void ended(const isa::Instruction& instruction, std::int64_t turn, std::int64_t now) {
    if (!loops_.empty()) count(instruction, turn, now);
  }

  const RepeatedTime& time() const { return time_; }
  /// A layer's counters with what it would have done in the passes left out.
  Counters extended(std::size_t layer, const Counters& simulated) const;
  /// Of the arrays, about what they would have done in them.
  ArraySums added() const;
  /// Of the busiest link between cores.
  std::int64_t addedLinkCycles() const;
  /// For those who read the result, in program order.
  std::vector<ShortenedLoop> shortened() const;

 private:
  /// The books when the last instruction of a pass has completed.
  struct Books {
    std::int64_t cycle = 0;
    std::vector<Counters> layers;  ///< of the loop's
    ArraySums arrays;
    std::int64_t linkCycles = 0;
    std::int64_t memoryBytes = 0;
  };
  /// A loop that ended early.
  struct Cut {
    std::int64_t passes = 0, repeats = 0;
    Books before, after;  ///< of the stretch that is repeated
    double difference = 0;
  };
  struct Watched {
    EqualPasses loop;
    std::vector<std::int64_t> completed;  ///< by pass: instructions
    std::int64_t ended = 0;               ///< passes of which all have
    std::deque<Books> books;              ///< the latest
    std::optional<Cut> cut;
  };

  bool wants(const EqualPasses& loop) const;
  void count(const isa::Instruction& instruction, std::int64_t turn, std::int64_t now);
  bool contains(const EqualPasses& loop, const isa::Instruction& instruction) const;
  void endPass(Watched& watched, std::int64_t now);
  void consider(Watched& watched);
  Books copyBooks(const EqualPasses& loop, std::int64_t now) const;
  Counters added(const Watched& watched, std::size_t member, const Counters& simulated) const;

  const Fabric& fabric_;
  const PassLimit limit_;
  std::vector<Watched> loops_;
  Engines engines_;
  RepeatedTime time_;
};

}  // namespace npusim
