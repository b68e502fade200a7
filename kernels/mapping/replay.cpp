#include "kernels/mapping/replay.h"

#include <algorithm>
#include <limits>

#include "sim/core/error.h"

namespace npusim::mapping {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// A transfer of which less than this share is left has ended.
constexpr double kNothing = 1e-9;

/// What `make` gives for a key, asked once.
template <typename Key, typename Value, typename Make>
const Value& remembered(std::map<Key, Value>& known, const Key& key, const Make& make) {
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, make()).first->second;
}

}  // namespace

double Replay::cycles(const Mapping& mapping, std::int64_t mostTiles) {
  reset(mapping);
  tilesIn_.assign(mapping.tiling.order.size(), 1);
  tiles_ = 1;
  for (std::size_t depth = tilesIn_.size(); depth-- > 0;) {
    tilesIn_[depth] = tiles_;
    tiles_ *= tileCount(task_, mapping.tiling, mapping.tiling.order[depth]);
  }
  played_ = std::min(tiles_, mostTiles);
  addActions();
  for (std::size_t e = 0; e < kEngines; ++e) expand(queues_[e].ops, actions_[e], -1, 0, 0);
  run();
  double last = 0;
  for (const Queue& queue : queues_) {
    ensure(queue.next == queue.ops.size(), "a replayed mapping waits for itself");
    last = std::max(last, queue.done);
  }
  if (played_ == tiles_) return last;
  const auto second = static_cast<double>(played_ - played_ / 2);
  return last + static_cast<double>(tiles_ - played_) * (latest_ - half_) / second;
}

/// Notes when a tile's results were there.
void Replay::computed(double when) {
  if (++computed_ == played_ / 2) half_ = when;
  latest_ = when;
}

void Replay::reset(const Mapping& mapping) {
  mapping_ = &mapping;
  for (auto& actions : actions_) actions.clear();
  for (Queue& queue : queues_) {
    queue.ops.clear();
    queue = Queue{.ops = std::move(queue.ops), .transfer = {}};
  }
  semaphores_.clear();
  transferTimes_.clear();
  arrayTimes_.clear();
  vectorTimes_.clear();
  streamStart_ = streamEnd_ = drained_ = now_ = half_ = latest_ = 0;
  computed_ = 0;
}

std::size_t Replay::semaphore(int initial) {
  semaphores_.emplace_back().tokens.assign(static_cast<std::size_t>(initial), 0.0);
  return semaphores_.size() - 1;
}

/// The engine that computes with an operand.
Replay::Engine Replay::consumer(std::size_t operand) const {
  const auto* work = std::get_if<plan::MatrixWork>(&task_.work);
  const auto i = static_cast<int>(operand);
  return work != nullptr && work->inArray(i) ? Matrix : Vector;
}

/// As the emitter hands slots over: fill a free one and announce it, use it, free it.
void Replay::handOver(const Slot& slot, Engine from, Engine to, const std::vector<Op>& fill,
                      const std::vector<Op>& use, bool fillAtEnd) {
  const Op full{Kind::Signal, semaphore(0), 0};
  const Op free{Kind::Signal, semaphore(slot.depth), 0};
  Action producer{slot.level, {{Kind::Wait, free.index, 0}}, {}};
  std::vector<Op>& filling = fillAtEnd ? producer.end : producer.begin;
  filling.insert(filling.end(), fill.begin(), fill.end());
  filling.push_back(full);
  actions_[from].push_back(std::move(producer));
  Action user{slot.level, {{Kind::Wait, full.index, 0}}, {free}};
  user.begin.insert(user.begin.end(), use.begin(), use.end());
  actions_[to].push_back(std::move(user));
}

void Replay::addActions() {
  const std::size_t operands = task_.operands.size();
  for (std::size_t i = 0; i < operands; ++i) {
    const Slot& slot = mapping_->operands[i];
    if (!slot.used()) continue;
    const plan::Block& block = context_.plan.block(task_.operands[i].block);
    const bool weights = block.kind == plan::Block::Kind::Weights;
    handOver(slot, weights ? LoadWeights : LoadInputs, consumer(i), {{Kind::Transfer, i, 0}}, {},
             false);
  }
  const std::vector<Op> store = {{Kind::Transfer, operands, 0}};
  const std::vector<Op> pass = {{Kind::Vector, 0, 0}};
  if (std::holds_alternative<plan::MatrixWork>(task_.work)) {
    handOver(mapping_->accumulators, Matrix, Vector, {},
             mapping_->inPlace ? pass : std::vector<Op>{}, true);
    actions_[Matrix].push_back(
        {static_cast<int>(mapping_->tiling.order.size()) - 1, {{Kind::Array, 0, 0}}, {}});
  }
  if (!mapping_->output.used()) {
    actions_[Vector].push_back({mapping_->outputTile.level, pass, {}});
  } else {
    handOver(mapping_->output, Vector, Store, mapping_->inPlace ? std::vector<Op>{} : pass, store,
             false);
  }
}

void Replay::expand(std::vector<Op>& ops, const std::vector<Action>& actions, int level,
                    std::int64_t tile, unsigned ragged) const {
  const auto append = [&](const std::vector<Op>& what) {
    for (Op op : what) {
      op.ragged = ragged;
      ops.push_back(op);
    }
  };
  bool deeper = false;
  for (const Action& action : actions) {
    if (action.level == level) append(action.begin);
    deeper = deeper || action.level > level;
  }
  if (deeper) {
    const int depth = level + 1;
    const int dim = mapping_->tiling.order[static_cast<std::size_t>(depth)];
    const auto d = static_cast<std::size_t>(dim);
    const bool shorter = task_.dims[d].extent % mapping_->tiling.tile[d] != 0;
    const std::int64_t count = tileCount(task_, mapping_->tiling, dim);
    const std::int64_t within = tilesIn_[static_cast<std::size_t>(depth)];
    for (std::int64_t pass = 1; pass <= count && tile < played_; ++pass, tile += within) {
      const bool last = shorter && pass == count;
      expand(ops, actions, depth, tile,
             last ? ragged | (1U << static_cast<unsigned>(depth)) : ragged);
    }
  }
  for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
    if (action->level == level) append(action->end);
  }
}

Tiling Replay::tileAt(unsigned ragged) const {
  Tiling tiling = mapping_->tiling;
  for (std::size_t depth = 0; depth < tiling.order.size(); ++depth) {
    if ((ragged >> depth & 1U) == 0) continue;
    const auto d = static_cast<std::size_t>(tiling.order[depth]);
    tiling.tile[d] = task_.dims[d].extent % tiling.tile[d];
  }
  return tiling;
}

void Replay::run() {
  for (;;) {
    for (bool more = true; more;) {
      more = false;
      for (Queue& queue : queues_) more = runQueue(queue) || more;
    }
    const auto moves = [](const Queue& queue) { return queue.transfers; };
    if (std::none_of(queues_.begin(), queues_.end(), moves)) return;
    shareMemory();
    advance();
  }
}

/// Runs a queue up to where it waits for a token or for its transfer. Did it do anything?
bool Replay::runQueue(Queue& queue) {
  const std::size_t before = queue.next;
  while (queue.next < queue.ops.size() && !queue.transfers && runOp(queue, queue.ops[queue.next])) {
    ++queue.next;
  }
  return queue.next != before;
}

/// False where it has to wait.
bool Replay::runOp(Queue& queue, const Op& op) {
  switch (op.kind) {
    case Kind::Wait: {
      Semaphore& semaphore = semaphores_[op.index];
      if (semaphore.taken == semaphore.tokens.size()) return false;
      queue.time = std::max(queue.time, semaphore.tokens[semaphore.taken++]);
      return true;
    }
    case Kind::Signal:
      semaphores_[op.index].tokens.push_back(std::max(queue.done, queue.time));
      return true;
    case Kind::Transfer:
      startTransfer(queue, op);
      return true;
    case Kind::Array:
      runArray(queue, op.ragged);
      return true;
    case Kind::Vector:
      runVector(queue, op.ragged);
      return true;
  }
  return false;
}

void Replay::startTransfer(Queue& queue, const Op& op) {
  queue.transfers = true;
  queue.transfer = remembered(transferTimes_, std::pair(op.index, op.ragged),
                              [&] { return times_.transfer(op.index, tileAt(op.ragged)); });
  queue.left = 1;
  queue.start = std::max(queue.time + issueCycles(context_.chip), queue.sendFree);
}

void Replay::runVector(Queue& queue, unsigned ragged) {
  queue.time += remembered(vectorTimes_, ragged, [&] { return times_.vector(tileAt(ragged)); });
  queue.done = queue.time;
  if (!std::holds_alternative<plan::MatrixWork>(task_.work)) computed(queue.time);
}

/// As sim/chip/array_schedule.h places a product.
void Replay::runArray(Queue& queue, unsigned ragged) {
  const ArrayTiming& timing =
      remembered(arrayTimes_, ragged, [&] { return times_.array(tileAt(ragged)); });
  const ArrayConfig& array = context_.chip.array;
  const double free = array.convention != Convention::Overlapped ? drained_
                      : array.doubleBufferedWeights              ? streamStart_
                                                                 : streamEnd_;
  const double start = std::max(queue.time + static_cast<double>(context_.chip.issueCycles), free);
  streamStart_ = std::max(start + static_cast<double>(timing.prologue), streamEnd_);
  streamEnd_ = streamStart_ + static_cast<double>(timing.stream);
  drained_ = std::max(streamEnd_ + static_cast<double>(timing.drain), drained_);
  queue.time = start;
  queue.done = drained_;
  computed(drained_);
}

/// Gives every transfer under way an equal part of its memory, or what it can use of it.
void Replay::shareMemory() {
  moving_.clear();
  for (Queue& queue : queues_) {
    if (queue.transfers && queue.start <= now_) moving_.push_back({&queue, 0, 0});
  }
  for (Moving& one : moving_) {
    const Traffic& traffic = one.queue->transfer.traffic;
    const bool shares = std::any_of(moving_.begin(), moving_.end(), [&](const Moving& other) {
      return other.queue != one.queue && other.queue->transfer.where == one.queue->transfer.where;
    });
    one.memory = traffic.memory + (shares ? traffic.switching : 0);
    one.need = one.memory / std::max(traffic.alone, one.memory);
  }
  std::sort(moving_.begin(), moving_.end(), [](const Moving& x, const Moving& y) {
    return std::pair(x.queue->transfer.where, x.need) < std::pair(y.queue->transfer.where, y.need);
  });
  for (auto first = moving_.begin(); first != moving_.end();) {
    const auto last = std::find_if(first, moving_.end(), [&](const Moving& one) {
      return one.queue->transfer.where != first->queue->transfer.where;
    });
    double left = 1;
    for (; first != last; ++first) {
      const double share = std::min(first->need, left / static_cast<double>(last - first));
      left -= share;
      first->queue->rate = share / first->memory;
    }
  }
}

/// On to the next start or end of a transfer.
void Replay::advance() {
  double next = kNever;
  for (const Queue& queue : queues_) {
    if (!queue.transfers) continue;
    next = std::min(next, queue.start > now_ ? queue.start : now_ + queue.left / queue.rate);
  }
  for (Queue& queue : queues_) {
    if (!queue.transfers || queue.start > now_) continue;
    // What is left may take less time than the clock can tell.
    const bool ends = now_ + queue.left / queue.rate <= next;
    queue.left -= queue.rate * (next - now_);
    if (!ends && queue.left > kNothing) continue;
    queue.transfers = false;
    queue.sendFree = next + queue.transfer.traffic.gap;
    // The next transfer is issued while the last bursts of this one are under way.
    queue.time = std::max(queue.time, next - issueCycles(context_.chip));
    queue.done = std::max(queue.done, next + queue.transfer.traffic.latency);
  }
  now_ = next;
}

}  // namespace npusim::mapping
