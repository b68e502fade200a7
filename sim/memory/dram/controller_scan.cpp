#include "sim/memory/dram/controller.h"

namespace npusim {
namespace {

/// A key is, from high to low: clocks from the scan to the command's end (rules have at most four
/// terms of at most 1,000,000 clocks), its class, the age of its burst.
constexpr unsigned kAgeBits = 38, kClassBits = 3;
constexpr std::uint64_t kAgeMask = (std::uint64_t{1} << kAgeBits) - 1;

constexpr std::uint64_t classOf(std::uint64_t number) { return number << kAgeBits; }
constexpr std::uint64_t kUrgent = classOf(0), kOwner = classOf(1), kRefresh = classOf(2),
                        kQueued = classOf(3), kDeferred = classOf(4);

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
    consider(columnCommand(banks_[bank].ownerDirection), bank,
             kOwner + (banks_[bank].ownerAge & kAgeMask));
  });
  scanSet(columnCommand(mode_), hits_, hitAge_);
  if (halfActivated_ == kNoBank) scanSet(DramCommand::Activate, closed_, rowAge_);
  scanSet(DramCommand::Precharge, conflicts_, rowAge_);
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    if (ranks_[rank].refreshesOwed > 0) scanRank(rank);
  }
  if (halfActivated_ != kNoBank) scanActivateEnd();
}

void DramController::scanSet(DramCommand command, const BankSet& banks,
                             const std::vector<std::uint64_t>& ages) {
  const std::int64_t floor = std::max(now_, state_.floor(command));
  std::uint64_t least = best_[bus_[index(command)]].key;
  if (keyOf(floor, command, kQueued) > least) return;
  std::size_t bestBank = kNoBank;
  banks.forEach([&](std::size_t bank) {
    const std::int64_t start = std::max(floor, state_.earliestAbove(command, bank));
    const std::uint64_t key = keyOf(start, command, kQueued + (ages[bank] & kAgeMask));
    bestBank = key < least ? bank : bestBank;
    least = std::min(key, least);
  });
  if (bestBank != kNoBank) offerCandidate(least, command, bestBank);
}

void DramController::scanBank(std::size_t number) {
  const std::uint64_t row = kQueued + (rowAge_[number] & kAgeMask);
  if (hits_.contains(number))
    consider(columnCommand(mode_), number, kQueued + (hitAge_[number] & kAgeMask));
  if (closed_.contains(number) && halfActivated_ == kNoBank) {
    consider(DramCommand::Activate, number, row);
  }
  if (conflicts_.contains(number)) {
    consider(DramCommand::Precharge, number, row);
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
