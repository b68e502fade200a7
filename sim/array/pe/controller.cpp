#include "sim/array/pe/controller.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace npusim {
namespace {

constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 60);

}  // namespace

template <typename T>
History<T>::History(std::int64_t length)
    : entries_(std::bit_ceil(static_cast<std::uint64_t>(length) + 1)),
      mask_(std::ssize(entries_) - 1) {}

template class History<Wave>;
template class History<RowTurn>;

bool Controller::Request::operator<(const Request& other) const {
  return std::tie(other.free, other.turn.fold, other.turn.row) <
         std::tie(free, turn.fold, turn.row);
}

Controller::Controller(const FoldPlan& plan)
    : plan_(plan),
      fills_(!plan.holdsSums || (plan.overlapped && plan.startsFromSums)),
      round_(plan.lanes.folds()),
      drained_(static_cast<std::size_t>(plan.rows())),
      waves_(plan.span() + plan.beat),
      loads_(plan.span()),
      drains_(plan.span()),
      quietAfter_(static_cast<std::size_t>(plan.beat), kLongAgo),
      busLag_((plan.cols() - 1) * plan.colHop()) {
  lastLoad_ = lastDrain_ = kLongAgo;
  starts_.reserve(plan.folds.size() + 1);
  starts_.push_back(fills_ ? plan.rows() : 0);
  if (fills_) requestRows(0, 0, false);
}

void Controller::tick() {
  ++cycle_;
  Wave wave;
  if (cycle_ == starts_.back() && starts_.size() <= plan_.folds.size()) beginFold();
  const auto current = static_cast<std::int64_t>(starts_.size()) - 2;
  if (current >= 0) {
    const std::int64_t since = cycle_ - starts_[static_cast<std::size_t>(current)];
    if (since % plan_.beat == 0 && since < streamCycles()) {
      wave = {static_cast<std::int32_t>(current), static_cast<std::int32_t>(since / plan_.beat)};
      lastEntry_ = cycle_;
      quietAfter_[phase()] = lastEntryEnd() + plan_.span();
    }
  }
  waves_.push(wave);
  RowTurn load;
  if (!requests_.empty() && requests_.top().free <= cycle_) {
    load = requests_.top().turn;
    requests_.pop();
    lastLoad_ = cycle_;
  }
  loads_.push(load);
  const RowTurn drain = nextDrain();
  if (drain.real()) lastDrain_ = cycle_;
  drains_.push(drain);
}

void Controller::beginFold() {
  const std::size_t fold = starts_.size() - 1;
  starts_.push_back(startAfter(fold));
  if (!fills_ || fold + 1 == plan_.folds.size()) return;
  const auto next = static_cast<std::int32_t>(fold + 1);
  if (!plan_.overlapped) {
    requestRows(next, starts_.back() - plan_.rows(), false);
  } else {
    requestRows(next, starts_[fold] + (plan_.doubleBuffered ? 0 : streamCycles()), true);
  }
}

void Controller::requestRows(std::int32_t fold, std::int64_t free, bool skewed) {
  for (std::int32_t row = 0; row < plan_.rows(); ++row) {
    requests_.push({free + (skewed ? rowLag(row) : 0), {fold, row}});
  }
}

/// Cycles from one fold's start to the next one's.
std::int64_t Controller::slot() const {
  const std::int64_t rows = plan_.rows();
  if (!plan_.overlapped) return streamCycles() + plan_.span() + (fills_ ? rows : 0);
  return plan_.doubleBuffered ? std::max(streamCycles(), rows) : streamCycles() + rows;
}

/// When the fold after `fold` begins: after its slot, and where it continues sums of a chain, when
/// the first of them has left it.
std::int64_t Controller::startAfter(std::size_t fold) const {
  const std::int64_t start = starts_[fold] + slot();
  const auto round = static_cast<std::size_t>(round_);
  const std::size_t next = fold + 1;
  if (plan_.tree || plan_.downHop == 0 || next < round) return start;
  if (next >= plan_.folds.size() || !plan_.folds[next].continues) return start;
  return std::max(start, starts_[next - round] + plan_.lineLag(plan_.lines.pes - 1) + plan_.beat);
}

std::int64_t Controller::streamEnd() const {
  const std::int64_t start = starts_[plan_.folds.size() - 1];
  return start + (plan_.doubleBuffered ? slot() : streamCycles());
}

/// The turns of the rows repeat with the slots; the last row's comes when its sums of the fold are
/// just finished and all the rows before it have been served.
RowTurn Controller::nextDrain() {
  if (!plan_.holdsSums || !plan_.overlapped) return {};
  const std::int64_t rows = plan_.rows();
  const std::int64_t anchor = starts_.front() + streamCycles() + rowLag(rows - 1);
  const std::int64_t row = ((cycle_ - anchor) % slot() + slot()) % slot();
  if (row >= rows) return {};
  std::int32_t& fold = drained_[static_cast<std::size_t>(row)];
  if (fold + 1 >= std::ssize(starts_)) return {};
  if (starts_[static_cast<std::size_t>(fold)] + streamCycles() + rowLag(row) > cycle_) return {};
  return {fold++, static_cast<std::int32_t>(row)};
}

}  // namespace npusim
