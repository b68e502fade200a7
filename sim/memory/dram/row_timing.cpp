#include "sim/memory/dram/row_timing.h"

#include <algorithm>
#include <vector>

#include "sim/memory/dram/timing_rules.h"

namespace npusim {
namespace {

using enum DramCommand;

constexpr std::array<DramCommand, 2> kColumns = {Read, Write};

/// The strictest of the rules between two commands.
class Lookup {
 public:
  explicit Lookup(const MemoryConfig& memory) : rules_(resolveTimingRules(memory)) {}

  std::int64_t operator()(DramCommand from, DramCommand to, RuleScope scope,
                          std::int64_t window = 1) const {
    std::int64_t cycles = 0;
    for (const ResolvedRule& rule : rules_) {
      if (rule.from == from && rule.to == to && rule.scope == scope && rule.window == window) {
        cycles = std::max(cycles, rule.cycles);
      }
    }
    return cycles;
  }

  /// As far as the command bus matters too.
  std::int64_t withBus(DramCommand from, DramCommand to, RuleScope scope) const {
    return std::max((*this)(from, to, scope), (*this)(from, to, RuleScope::Channel));
  }

 private:
  std::vector<ResolvedRule> rules_;
};

}  // namespace

RowTiming::RowTiming(const MemoryConfig& memory) {
  using enum RuleScope;
  const Lookup gap(memory);
  activateClocks = commandClocks(Activate, memory.timing);
  if (hasCommand(ActivateEnd, memory.timing)) {
    activateEndClocks = commandClocks(ActivateEnd, memory.timing);
  }
  for (std::size_t d = 0; d < kColumns.size(); ++d) {
    activateToColumn[d] = gap.withBus(Activate, kColumns[d], SameBank);
    columnToPrecharge[d] = gap.withBus(kColumns[d], Precharge, SameBank);
    columnToCloseAll[d] = gap.withBus(kColumns[d], PrechargeAll, SameRank);
    for (std::size_t next = 0; next < kColumns.size(); ++next) {
      columnInGroup[d][next] = gap.withBus(kColumns[d], kColumns[next], SameBankGroup);
      columnInRank[d][next] = gap.withBus(kColumns[d], kColumns[next], SameRank);
      columnOtherRank[d][next] = gap.withBus(kColumns[d], kColumns[next], OtherRank);
    }
  }
  activateToPrecharge = gap.withBus(Activate, Precharge, SameBank);
  prechargeToActivate = gap.withBus(Precharge, Activate, SameBank);
  activateToActivate = gap(Activate, Activate, SameBank);
  activateInGroup = gap(Activate, Activate, SameBankGroup);
  activateInRank = gap.withBus(Activate, Activate, SameRank);
  fourActivates = gap(Activate, Activate, SameRank, 4);
  prechargeToPrecharge = gap.withBus(Precharge, Precharge, SameRank);
  prechargeToCloseAll = gap.withBus(Precharge, PrechargeAll, SameRank);
  closeAllToPrecharge = gap.withBus(PrechargeAll, Precharge, SameRank);
  activateToCloseAll = gap.withBus(Activate, PrechargeAll, SameRank);
  activateToRefresh = gap(Activate, Refresh, SameRank);
  prechargeToRefresh = gap.withBus(Precharge, Refresh, SameRank);
  closeAllToRefresh = gap.withBus(PrechargeAll, Refresh, SameRank);
  closeAllToActivate = gap(PrechargeAll, Activate, SameRank);
  refreshToActivate = gap.withBus(Refresh, Activate, SameRank);
  refreshToRefresh = gap.withBus(Refresh, Refresh, SameRank);
  const DramTiming& timing = memory.timing;
  columnDone = {readDone(timing), writeDone(timing)};
  burstCycles = timing.burstCycles();
  refreshInterval = timing.RFC > 0 ? timing.REFI : 0;
  columnClocks = timing.columnClocks;
  prechargeClocks = timing.prechargeClocks;
  syncClocks = timing.wckSync;
  syncIdle = timing.wckIdle;
  splitBus = timing.splitCommandBus;
}

std::int64_t RowTiming::longestWait() const {
  std::int64_t sum = activateToPrecharge + prechargeToActivate + activateToActivate +
                     activateInGroup + activateInRank + fourActivates + prechargeToPrecharge +
                     closeAllToPrecharge + closeAllToActivate + syncClocks +
                     64 * (activateClocks + columnClocks + prechargeClocks);
  for (std::size_t d = 0; d < 2; ++d) {
    sum += activateToColumn[d] + columnToPrecharge[d];
    for (const Turn* turn : {&columnInGroup, &columnInRank, &columnOtherRank}) {
      sum += (*turn)[d][0] + (*turn)[d][1];
    }
  }
  return sum;
}

}  // namespace npusim
