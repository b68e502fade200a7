#include "sim/memory/dram/controller.h"

namespace npusim {
namespace {

constexpr std::size_t index(DramCommand command) { return static_cast<std::size_t>(command); }

constexpr DramCommand columnCommand(Direction direction) {
  return direction == Direction::Read ? DramCommand::Read : DramCommand::Write;
}

}  // namespace

inline std::uint64_t DramController::keyOf(std::int64_t start, DramCommand command,
                                           std::uint64_t order) const {
  const auto clocks = static_cast<std::uint64_t>(start - scannedAt_ + clocks_[index(command)]);
  return (clocks << (kAgeBits + kClassBits)) + order;
}

inline void DramController::offerCandidate(std::uint64_t key, DramCommand command,
                                           std::size_t bank) {
  Candidate& best = best_[bus_[index(command)]];
  if (key >= best.key) return;
  const auto clocks = static_cast<std::int64_t>(key >> (kAgeBits + kClassBits));
  best = {key, scannedAt_ + clocks - clocks_[index(command)], command, bank};
}

inline void DramController::consider(DramCommand command, std::size_t bank, std::uint64_t order) {
  const std::int64_t start = std::max(now_, state_.earliest(command, bank));
  offerCandidate(keyOf(start, command, order), command, bank);
}

void DramController::scan() {
  best_ = {};
  scanned_ = true;
  scannedAt_ = now_;
  if (synced_) {
    consider(synced_->command, synced_->bank, kUrgent);
    return;
  }
  owned_.forEach([&](std::size_t bank) {
    consider(columnCommand(banks_[bank].ownerDirection), bank, banks_[bank].ownerOrder);
  });
  scanSet(columnCommand(mode_), hits_, hitOrder_);
  if (halfActivated_ == kNoBank) scanSet(DramCommand::Activate, closed_, rowOrder_);
  scanSet(DramCommand::Precharge, conflicts_, rowOrder_);
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    if (ranks_[rank].refreshesOwed > 0) scanRank(rank);
  }
  if (halfActivated_ != kNoBank) scanActivateEnd();
}

void DramController::scanSet(DramCommand command, const BankSet& banks,
                             const std::vector<std::uint64_t>& orders) {
  if (banks.empty()) return;
  const std::int64_t floor = std::max(now_, state_.floor(command));
  const std::uint64_t known = best_[bus_[index(command)]].key;
  if (keyOf(floor, command, kQueued) > known) return;
  const std::int64_t begin = scannedAt_ - clocks_[index(command)];
  std::uint64_t least = known;
  std::size_t leastBank = 0;
  const auto look = [&](std::size_t bank, std::int64_t above) {
    const auto clocks = static_cast<std::uint64_t>(std::max(floor, above) - begin);
    const std::uint64_t key = (clocks << (kAgeBits + kClassBits)) + orders[bank];
    leastBank = key < least ? bank : leastBank;
    least = std::min(key, least);
  };
  if (ranks_.size() == 1) {
    const std::int64_t* const above = state_.byBank(command);
    banks.forEach([&](std::size_t bank) { look(bank, above[bank]); });
  } else {
    banks.forEach([&](std::size_t bank) { look(bank, state_.earliestAbove(command, bank)); });
  }
  if (least < known) offerCandidate(least, command, leastBank);
}

void DramController::scanBank(std::size_t number) {
  if (hits_.contains(number)) consider(columnCommand(mode_), number, hitOrder_[number]);
  if (closed_.contains(number) && halfActivated_ == kNoBank) {
    consider(DramCommand::Activate, number, rowOrder_[number]);
  }
  if (conflicts_.contains(number)) {
    consider(DramCommand::Precharge, number, rowOrder_[number]);
  }
}

void DramController::scanRank(std::size_t number) {
  const Rank& rank = ranks_[number];
  if (rank.ownedBanks > 0) return;
  consider(rank.openBanks > 0 ? DramCommand::PrechargeAll : DramCommand::Refresh,
           number * banksPerRank_, kRefresh);
}

void DramController::scanActivateEnd() {
  const std::int64_t start =
      std::max(now_, state_.earliest(DramCommand::ActivateEnd, halfActivated_));
  consider(DramCommand::ActivateEnd, halfActivated_, start >= activateEndBy_ ? kUrgent : kDeferred);
}

}  // namespace npusim
