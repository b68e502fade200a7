#include "sim/chip/equal_passes.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

namespace npusim {
namespace {

using isa::Instruction;

/// Calls visit(access) for all that an instruction's body reads or writes.
template <typename Visit>
void forEachAccess(const Instruction& instruction, Visit visit) {
  if (const auto* transfer = std::get_if<isa::Transfer>(&instruction.body)) {
    visit(transfer->source);
    visit(transfer->target);
    if (transfer->gather) visit(*transfer->gather);
  } else if (const auto* matrix = std::get_if<isa::Matrix>(&instruction.body)) {
    for (const auto* access : {&matrix->a, &matrix->b, &matrix->c}) visit(*access);
    for (const auto* access : {&matrix->bias, &matrix->zeroA, &matrix->zeroB}) {
      if (*access) visit(**access);
    }
  } else if (const auto* pass = std::get_if<isa::VectorPass>(&instruction.body)) {
    for (const isa::VectorOperand& operand : pass->operands) visit(operand.access);
    visit(pass->out.access);
  }
}

/// Calls visit(extent) for the extents of an instruction's body.
template <typename Visit>
void forEachExtent(const Instruction& instruction, Visit visit) {
  if (const auto* transfer = std::get_if<isa::Transfer>(&instruction.body)) {
    std::ranges::for_each(transfer->dims, visit);
    visit(transfer->run);
  } else if (const auto* matrix = std::get_if<isa::Matrix>(&instruction.body)) {
    std::ranges::for_each(matrix->m, visit);
    visit(matrix->n);
    std::ranges::for_each(matrix->k, visit);
  } else if (const auto* pass = std::get_if<isa::VectorPass>(&instruction.body)) {
    std::ranges::for_each(pass->dims, visit);
  }
}

bool works(const Instruction& instruction) {
  return std::holds_alternative<isa::Transfer>(instruction.body) ||
         std::holds_alternative<isa::Matrix>(instruction.body) ||
         std::holds_alternative<isa::VectorPass>(instruction.body);
}

/// Whether terms differ between passes of the outermost loop.
bool followPasses(const std::vector<isa::LoopTerm>& terms) {
  return std::ranges::any_of(terms, [](const isa::LoopTerm& term) {
    return term.stride != 0 && (term.depth == 0 || (term.depth > 0 && term.modulo > 0));
  });
}

/// What the names have in common, up to a '.' or '/'; the first one where that is nothing.
std::string commonName(const isa::Program& program, const std::vector<int>& layers) {
  const auto nameOf = [&](int layer) -> const std::string& {
    return program.layers[static_cast<std::size_t>(layer)].name;
  };
  std::string common = nameOf(layers.front());
  for (const int layer : layers) {
    const std::string& other = nameOf(layer);
    common.erase(std::mismatch(common.begin(), common.end(), other.begin(), other.end()).first,
                 common.end());
  }
  const std::size_t end = common.find_last_of("./");
  return end == std::string::npos || end == 0 ? nameOf(layers.front()) : common.substr(0, end);
}

/// Looks at one loop.
class Inspection {
 public:
  Inspection(const isa::Program& program, const SharedPasses& shared, std::int64_t cores,
             std::span<const std::int64_t> unitBytes)
      : program_(program),
        cores_(cores),
        unitBytes_(unitBytes),
        members_(shared.layers.begin(), shared.layers.end()),
        tokens_(program.semaphores.size(), 0) {
    found_.shared = shared;
    found_.name = commonName(program, shared.layers);
  }

  /// Empty where its passes differ.
  std::optional<EqualPasses> find() {
    for (int e = 0; e < isa::kEngineCount; ++e) {
      if (!inspectQueue(static_cast<isa::Engine>(e))) return std::nullopt;
    }
    const bool balanced = std::ranges::all_of(tokens_, [](std::int64_t n) { return n == 0; });
    if (found_.parts.empty() || !balanced) return std::nullopt;
    if (found_.shared.passes % found_.period != 0) return std::nullopt;
    const std::int64_t running = found_.cores.all() ? cores_ : found_.cores.count;
    found_.completions *= running;
    found_.bytes *= running * found_.shared.passes;
    return found_;
  }

 private:
  bool inspectQueue(isa::Engine engine) {
    const std::vector<Instruction>& queue = program_.queue(engine);
    std::size_t begin = 0;
    bool member = false;
    counts_.clear();
    for (std::size_t i = 0; i < queue.size(); ++i) {
      if (const auto* loop = std::get_if<isa::Loop>(&queue[i].body)) {
        if (counts_.empty()) {
          begin = i;
          member = isMember(queue, i);
          if (member && !enter(engine, queue[i])) return false;
        }
        if (member && loop->condition) return false;
        counts_.push_back(loop->count);
      } else if (std::holds_alternative<isa::EndLoop>(queue[i].body)) {
        counts_.pop_back();
        if (member && counts_.empty()) {
          found_.parts.push_back({engine, begin, i});
          member = false;
        }
      } else if (!(member ? inspect(queue[i]) : mayStayOutside(queue[i]))) {
        return false;
      }
    }
    return true;
  }

  /// Whether the loop that begins at `begin` is a part of the one in question.
  bool isMember(const std::vector<Instruction>& queue, std::size_t begin) const {
    std::size_t inside = begin;
    while (inside < queue.size() && std::holds_alternative<isa::Loop>(queue[inside].body)) ++inside;
    return inside < queue.size() && members_.contains(queue[inside].layer);
  }

  bool mayStayOutside(const Instruction& instruction) const {
    return !works(instruction) || !members_.contains(instruction.layer);
  }

  /// A second part in a queue, or one of other passes or cores, makes it no loop of its own.
  bool enter(isa::Engine engine, const Instruction& begin) {
    if (found_.parts.empty()) found_.cores = begin.cores;
    const bool first = found_.parts.empty() || found_.parts.back().engine != engine;
    return first && begin.cores == found_.cores &&
           std::get<isa::Loop>(begin.body).count == found_.shared.passes;
  }

  bool inspect(const Instruction& instruction) {
    std::int64_t times = 1;
    for (std::size_t d = 1; d < counts_.size(); ++d) times *= counts_[d];
    found_.completions += times;
    if (!countTokens(instruction, times)) return false;
    bool same = true;
    forEachExtent(instruction,
                  [&](const isa::Extent& extent) { same = same && !followPasses(extent.terms); });
    const std::int64_t piece = pieceOf(instruction);
    forEachAccess(instruction,
                  [&](const isa::Access& access) { same = same && visit(access, piece); });
    if (const auto* matrix = std::get_if<isa::Matrix>(&instruction.body)) {
      same = same && std::ranges::find(matrix->accumulateOver, 0) == matrix->accumulateOver.end();
    }
    if (const auto* transfer = std::get_if<isa::Transfer>(&instruction.body)) {
      addBytes(*transfer, times);
    }
    return same && found_.period <= found_.shared.passes;
  }

  bool countTokens(const Instruction& instruction, std::int64_t times) {
    for (const isa::SemaphoreId id : instruction.signals) tokens_.at(index(id)) += times;
    for (const isa::SemaphoreId id : instruction.waits) tokens_.at(index(id)) -= times;
    for (const auto* semaphores : {&instruction.waits, &instruction.signals}) {
      for (const isa::SemaphoreId id : *semaphores) {
        const auto& signallers = program_.semaphores.at(index(id)).signallers;
        if (signallers && *signallers != found_.cores) return false;
      }
    }
    return true;
  }

  static std::size_t index(isa::SemaphoreId id) { return static_cast<std::size_t>(id); }

  /// Bytes of a transfer of one contiguous piece; 0 of any other instruction.
  static std::int64_t pieceOf(const Instruction& instruction) {
    const auto* transfer = std::get_if<isa::Transfer>(&instruction.body);
    const auto isOne = [](const isa::Extent& dim) { return dim.size == 1; };
    const bool single = transfer != nullptr && std::ranges::all_of(transfer->dims, isOne);
    return single ? transfer->run.size : 0;
  }

  /// Whether a piece of so many bytes lies within one burst in every pass.
  bool staysInBurst(const isa::Access& access, std::int64_t piece) const {
    const std::int64_t unit = unitBytes_[static_cast<std::size_t>(access.storage)];
    return piece > 0 && unit % piece == 0 && access.address.base % piece == 0 &&
           std::ranges::all_of(access.address.terms,
                               [&](const isa::LoopTerm& term) { return term.stride % piece == 0; });
  }

  bool visit(const isa::Access& access, std::int64_t piece) {
    for (const isa::Bound& bound : access.bounds) {
      if (followPasses(bound.origin.terms)) return false;
    }
    if (staysInBurst(access, piece)) return true;
    for (const isa::LoopTerm& term : access.address.terms) {
      found_.period = std::lcm(found_.period, periodOf(term, access.storage));
      if (found_.period > found_.shared.passes) return false;
    }
    return true;
  }

  /// Passes after which the term stands at the same slot, or the same place within a burst, of a
  /// memory. Those of buffers are as good as one another where no values are computed.
  std::int64_t periodOf(const isa::LoopTerm& term, isa::StorageId storage) const {
    const bool onChip = program_.storages[static_cast<std::size_t>(storage)].onChip;
    if (onChip || term.depth < 0 || term.stride == 0) return 1;
    if (term.modulo > 0) {
      std::int64_t steps = 1;
      for (int d = 1; d <= term.depth; ++d) steps *= counts_.at(static_cast<std::size_t>(d));
      return term.modulo / std::gcd(term.modulo, steps);
    }
    if (term.depth > 0) return 1;
    const std::int64_t unit = unitBytes_[static_cast<std::size_t>(storage)];
    return unit / std::gcd(unit, term.stride);
  }

  void addBytes(const isa::Transfer& transfer, std::int64_t times) {
    const auto off = [&](const isa::Access& access) {
      return !program_.storages[static_cast<std::size_t>(access.storage)].onChip;
    };
    if (!off(transfer.source) && !off(transfer.target)) return;
    std::int64_t bytes = transfer.run.size * times;
    for (const isa::Extent& dim : transfer.dims) bytes *= dim.size;
    found_.bytes += bytes;
  }

  const isa::Program& program_;
  const std::int64_t cores_;
  const std::span<const std::int64_t> unitBytes_;
  const std::set<int> members_;
  std::vector<std::int64_t> tokens_;  ///< by semaphore: given in a pass, less those taken
  std::vector<std::int64_t> counts_;  ///< of the open loops
  EqualPasses found_;
};

}  // namespace

std::vector<EqualPasses> equalPasses(const isa::Program& program, const Turns& turns,
                                     std::int64_t cores, std::span<const std::int64_t> unitBytes) {
  std::vector<EqualPasses> loops;
  for (const SharedPasses& shared : turns.outermost()) {
    std::optional<EqualPasses> loop = Inspection(program, shared, cores, unitBytes).find();
    if (loop) loops.push_back(std::move(*loop));
  }
  return loops;
}

}  // namespace npusim
