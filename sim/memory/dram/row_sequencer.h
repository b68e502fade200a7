#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/row_banks.h"
#include "sim/memory/dram/row_history.h"
#include "sim/memory/dram/row_timing.h"
#include "sim/memory/dram/row_visit.h"
#include "sim/memory/dram/row_window.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// Visits that are served together, and what became of them.
struct RowRequest {
  Direction direction;
  std::int64_t earliest;  ///< no command before this cycle
  MemoryEvents& events;
  std::int64_t firstColumn = INT64_MAX, lastColumn = RowHistory::kLongAgo;  ///< of all bursts
};

/// Gives the commands of one channel their cycles, one burst after the other: each command takes
/// the first clock that every timing rule and the command bus allow beside the commands already
/// placed, so a burst is never delayed by one that is placed after it. The policy within a request:
///  - Column commands go out in the order of the bursts. Visits given together take turns, one
///    burst of each. The tail of a visit given alone takes turns with the head of the next in
///    another bank group, as far as the look-ahead hides the opening of that one's row.
///  - Short visits (kShortVisit bursts at most) wait in a window of kVisits, those to the same row
///    as one. From it goes the burst whose column command could come first, and of such the oldest:
///    open rows before others, ready banks before busy ones. So a controller does that picks the
///    oldest ready command.
///  - A row opens once its first burst is within the look-ahead (the read queue's length) of the
///    bursts placed, and stays open. Activates of a rank keep the order of the bursts, precharges
///    too.
///  - All ranks are refreshed together. A burst whose column command would come at or after the
///    cycle at which a refresh is due waits for it with its row commands; but not for another one
///    after that.
/// Evenly spaced rounds of bursts are placed at once, so the work is by the row.
class RowSequencer {
 public:
  explicit RowSequencer(const MemoryConfig& memory);

  /// Places visits to different banks that take turns. A single visit may be held back until the
  /// next call shows whether it overlaps; every request must end with finish(). The visits are
  /// scratch afterwards.
  void add(std::span<RowVisit> visits, RowRequest& request);
  void finish(RowRequest& request);

  const RowTiming& timing() const { return timing_; }
  /// Column command of the index-th write of the phase; see RowHistory::columnOf.
  std::int64_t writeColumn(std::int64_t index) { return writes_.columnOf(index); }

  /// Refreshes that are due before `cycle`, after all that has been placed.
  void refreshBefore(std::int64_t cycle, MemoryEvents& events);
  void settle(std::int64_t cycle, MemoryEvents& events) { banks_.settle(cycle, events); }
  /// Time begins at 0 again, rows stay open.
  void restart();
  /// Writes down every command from now on; null ends it.
  void logTo(std::vector<RowCommand>* log) {
    log_ = log;
    banks_.logTo(log);
  }

 private:
  /// Bursts of a visit whose bursts are chosen one by one.
  static constexpr std::int64_t kShortVisit = 4;

  void addShort(const RowVisit& visit, RowRequest& request);
  void emptyWindow(RowRequest& request);
  void placeChosen(RowRequest& request);
  std::size_t choose(const RowRequest& request) const;
  void note(std::size_t slot, Direction direction);
  bool overlaps(const RowVisit& next) const;
  void placeAlone(RowVisit visit, RowRequest& request);
  void placeHeld(RowRequest& request);
  void serve(std::span<RowVisit> visits, RowRequest& request);
  void serve(RowVisit visit, RowRequest& request);
  std::int64_t openAndFind(const RowVisit& visit, RowRequest& request);
  void placeBurst(const RowVisit& visit, RowRequest& request) { placeRun(visit, 1, request); }
  std::int64_t placeRun(const RowVisit& visit, std::int64_t bursts, RowRequest& request);
  void book(const RowVisit& visit, std::int64_t column, std::int64_t bursts, std::int64_t spacing,
            RowRequest& request);
  std::int64_t placeRounds(std::span<const RowVisit> visits, std::int64_t rounds,
                           RowRequest& request);
  std::int64_t spacing(const RowVisit& visit, const RowVisit& next, Direction direction) const;
  bool findSpacing(std::span<const RowVisit> visits, Direction direction);
  void use(const RowVisit& visit, Direction direction, std::int64_t column);
  void logRounds(std::span<const RowVisit> visits, std::int64_t rounds, Direction direction);
  void rememberRounds(std::int64_t rounds, RowRequest& request);
  void remember(std::int64_t bursts, std::int64_t column, std::int64_t spacing,
                RowRequest& request);
  std::int64_t withSync(const RowVisit& visit, std::int64_t column) const;
  void refresh(MemoryEvents& events);

  const RowTiming timing_;
  const std::int64_t lookAhead_;
  std::int64_t overlapBursts_;  ///< of two visits that take turns at the edge between them
  RowBanks banks_;
  const std::int64_t remembered_;  ///< bursts whose column commands must be known one by one
  RowHistory bursts_, writes_;
  /// By direction: least cycles between bursts of one row.
  RowTiming::ByDirection inRow_{};
  std::vector<std::int64_t> offsets_;     ///< scratch: columns of a round after the round before
  bool isUniform_ = false;                ///< and whether they are evenly spaced
  std::vector<std::int64_t> clockStops_;  ///< by rank: LPDDR5's data clock
  RowWindow window_;
  RowVisit held_;                                 ///< bursts 0: none
  std::int64_t last_ = RowHistory::kLongAgo;      ///< column command
  std::int32_t lastRank_ = 0;                     ///< its rank
  std::int64_t rowsFrom_ = RowHistory::kLongAgo;  ///< row commands come after the last refresh
  std::int64_t refreshDue_ = INT64_MAX;
  std::vector<RowCommand>* log_ = nullptr;
};

inline void RowSequencer::use(const RowVisit& visit, Direction direction, std::int64_t column) {
  banks_.use(visit, direction, column);
  lastRank_ = visit.rank;
  clockStops_[static_cast<std::size_t>(visit.rank)] =
      column + timing_.columnDone[static_cast<std::size_t>(direction)] + timing_.syncIdle;
}

inline void RowSequencer::remember(std::int64_t bursts, std::int64_t column, std::int64_t spacing,
                                   RowRequest& request) {
  bursts_.add(bursts, column, spacing);
  if (request.direction == Direction::Write) {
    writes_.add(bursts, column, spacing);
    request.events.writes += bursts;
  } else {
    request.events.reads += bursts;
  }
  request.events.bursts += bursts;
  request.firstColumn = std::min(request.firstColumn, column);
  last_ = request.lastColumn = column + (bursts - 1) * spacing;
}

/// The column command's cycle, later by a Sync command where the rank's data clock has stopped.
inline std::int64_t RowSequencer::withSync(const RowVisit& visit, std::int64_t column) const {
  if (timing_.syncClocks == 0) return column;
  const bool stopped = column >= clockStops_[static_cast<std::size_t>(visit.rank)];
  return stopped ? column + timing_.syncClocks : column;
}

}  // namespace npusim
