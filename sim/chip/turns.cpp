#include "sim/chip/turns.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

namespace npusim {
namespace {

bool isBracket(const isa::Instruction& instruction) {
  return std::holds_alternative<isa::Loop>(instruction.body) ||
         std::holds_alternative<isa::EndLoop>(instruction.body);
}

/// Walks a queue: `opens(count)` and `closes()` at its loops, `visit(i)` for every instruction but
/// the ends of loops, and for the begin of a loop before that is open.
template <typename Opens, typename Closes, typename Visit>
void walk(const std::vector<isa::Instruction>& queue, Opens opens, Closes closes, Visit visit) {
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (std::holds_alternative<isa::EndLoop>(queue[i].body)) {
      closes();
      continue;
    }
    visit(i);
    if (const auto* loop = std::get_if<isa::Loop>(&queue[i].body)) opens(loop->count);
  }
}

}  // namespace

/// Which layers share the loops at each depth, and how many passes those make.
class Turns::Sharing {
 public:
  explicit Sharing(const isa::Program& program) : meetings_(program.semaphores.size()) {
    std::vector<int> each(program.layers.size());
    std::iota(each.begin(), each.end(), 0);
    groups_.fill(each);
    passes_.fill(std::vector<std::int64_t>(each.size(), 1));
    for (const auto& queue : program.queues) addQueue(queue);
  }

  /// The layers of a group have the same number at that depth.
  int groupOf(int layer, std::size_t depth) const {
    const std::vector<int>& groups = groups_.at(depth);
    while (groups[static_cast<std::size_t>(layer)] != layer) {
      layer = groups[static_cast<std::size_t>(layer)];
    }
    return layer;
  }
  std::int64_t passes(int group, std::size_t depth) const {
    return passes_.at(depth)[static_cast<std::size_t>(group)];
  }

 private:
  struct OpenLoop {
    std::int64_t passes = 1;
    int layer = -1;  ///< of the first instruction in it
  };
  /// Where a semaphore was seen first.
  struct Meeting {
    int layer = 0;
    std::size_t depth = 0;
    isa::CoreRange cores;
  };

  void addQueue(const std::vector<isa::Instruction>& queue) {
    std::vector<OpenLoop> open;
    walk(
        queue,
        [&](std::int64_t count) {
          open.push_back({count, -1});
        },
        [&] { open.pop_back(); },
        [&](std::size_t i) {
          if (!isBracket(queue[i])) add(queue[i], open);
        });
  }

  void add(const isa::Instruction& instruction, std::vector<OpenLoop>& open) {
    const int layer = instruction.layer;
    for (std::size_t depth = 0; depth < open.size(); ++depth) {
      if (open[depth].layer < 0) open[depth].layer = layer;
      join(layer, open[depth].layer, depth, open[depth].passes);
    }
    for (const auto* semaphores : {&instruction.waits, &instruction.signals}) {
      for (const isa::SemaphoreId id : *semaphores) meet(id, instruction, open);
    }
  }

  void meet(isa::SemaphoreId id, const isa::Instruction& instruction,
            const std::vector<OpenLoop>& open) {
    std::optional<Meeting>& meeting = meetings_.at(static_cast<std::size_t>(id));
    if (!meeting) meeting = {instruction.layer, open.size(), instruction.cores};
    if (meeting->cores != instruction.cores) return;
    const std::size_t shared = std::min(meeting->depth, open.size());
    for (std::size_t depth = 0; depth < shared; ++depth) {
      join(instruction.layer, meeting->layer, depth, open[depth].passes);
    }
  }

  void join(int a, int b, std::size_t depth, std::int64_t passes) {
    const auto [first, second] = std::minmax({groupOf(a, depth), groupOf(b, depth)});
    groups_.at(depth)[static_cast<std::size_t>(second)] = first;
    std::vector<std::int64_t>& most = passes_.at(depth);
    std::int64_t& both = most[static_cast<std::size_t>(first)];
    both = std::max({both, most[static_cast<std::size_t>(second)], passes});
  }

  std::array<std::vector<int>, isa::kMaxLoopDepth> groups_;  ///< by layer, a link to its group
  std::array<std::vector<std::int64_t>, isa::kMaxLoopDepth> passes_;  ///< by group
  std::vector<std::optional<Meeting>> meetings_;                      ///< by semaphore
};

Turns::Turns(const isa::Program& program) : program_(program), layers_(program.layers.size()) {
  const Sharing sharing(program);
  std::vector<int> all(layers_.size());
  std::iota(all.begin(), all.end(), 0);
  number(sharing, all, 0, 0);
  for (std::size_t e = 0; e < firsts_.size(); ++e) place(sharing, program.queues[e], firsts_[e]);
}

/// Numbers the turns of layers, in order, that share the loops outside `depth`, from `next` on;
/// returns the first number behind.
std::int64_t Turns::number(const Sharing& sharing, const std::vector<int>& layers, int depth,
                           std::int64_t next) {
  std::map<int, std::vector<int>> groups;  // in the order of their first layers
  const auto at = static_cast<std::size_t>(depth);
  for (const int layer : layers) {
    groups[depth < isa::kMaxLoopDepth ? sharing.groupOf(layer, at) : layer].push_back(layer);
  }
  for (const auto& [group, members] : groups) {
    if (members.size() == 1) {
      layers_[static_cast<std::size_t>(members.front())].first = next++;
      continue;
    }
    const SharedLoop loop{sharing.passes(group, at),
                          number(sharing, members, depth + 1, next) - next};
    for (const int layer : members) {
      std::vector<SharedLoop>& loops = layers_[static_cast<std::size_t>(layer)].loops;
      loops.insert(loops.begin(), loop);
    }
    if (depth == 0) outermost_.push_back({members, loop.passes, next, loop.turns});
    next += loop.passes * loop.turns;
  }
  return next;
}

/// Finds the first turn of every instruction of a queue.
void Turns::place(const Sharing& sharing, const std::vector<isa::Instruction>& queue,
                  std::vector<std::int64_t>& firsts) const {
  firsts.assign(queue.size(), 0);
  std::vector<int> inside(1, -1);  // a layer in the loop at hand
  std::vector<int> closed(1, -1);  // one in the loop that has closed before
  walk(
      queue,
      [&](std::int64_t /*count*/) {
        inside.push_back(-1);
        closed.push_back(-1);
      },
      [&] {
        closed.pop_back();
        closed.back() = inside.back();
        inside.pop_back();
      },
      [&](std::size_t i) {
        const int layer = queue[i].layer;
        if (layer < 0 || layer >= std::ssize(layers_)) return;
        const std::size_t depth = closed.size() - 1;
        if (!isBracket(queue[i])) std::fill(inside.begin(), inside.end(), layer);
        const bool shares = depth < layers_[static_cast<std::size_t>(layer)].loops.size();
        const bool after = shares && closed.back() >= 0 &&
                           sharing.groupOf(closed.back(), depth) == sharing.groupOf(layer, depth);
        firsts[i] = firstIn(layer, depth, after);
      });
}

/// The turn at the first pass of all loops outside `depth`, and of those inside at the first or the
/// last.
std::int64_t Turns::firstIn(int layer, std::size_t depth, bool after) const {
  const auto& [first, loops] = layers_[static_cast<std::size_t>(layer)];
  std::int64_t turn = first;
  for (std::size_t d = depth; after && d < loops.size(); ++d) {
    turn += (loops[d].passes - 1) * loops[d].turns;
  }
  return turn;
}

std::int64_t Turns::of(isa::Engine engine, std::size_t instruction,
                       const isa::LoopIndices& indices) const {
  const auto layer = static_cast<std::size_t>(program_.queue(engine)[instruction].layer);
  std::int64_t turn = firsts_[static_cast<std::size_t>(engine)][instruction];
  const std::vector<SharedLoop>& loops = layers_[layer].loops;
  for (std::size_t d = 0; d < loops.size(); ++d) turn += indices.index[d] * loops[d].turns;
  return turn;
}

std::int64_t Turns::lastOf(std::size_t layer, std::int64_t turn) const {
  const auto& [first, loops] = layers_[layer];
  std::int64_t left = std::max<std::int64_t>(0, turn - first);
  std::int64_t found = first;
  for (const SharedLoop& loop : loops) {
    const std::int64_t pass = std::min(left / loop.turns, loop.passes - 1);
    found += pass * loop.turns;
    left -= pass * loop.turns;
  }
  return found;
}

void TurnEnds::add(std::int64_t turn, std::size_t layer, std::int64_t cycle) {
  const auto at = static_cast<std::size_t>(turn);
  if (at >= ends_.size()) ends_.resize(at + 1);
  ends_[at].layer = static_cast<std::int32_t>(layer);
  ends_[at].cycle = std::max(ends_[at].cycle, cycle);
}

}  // namespace npusim
