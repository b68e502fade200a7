#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/yaml_tree.h"
#include "sim/isa/program_io.h"
#include "sim/isa/verify_site.h"

namespace npusim::isa {
namespace {

/// Who gives and takes a semaphore's tokens, and how many over the whole program.
struct Flow {
  std::array<std::uint64_t, kEngineCount> signalled{}, waited{};
  std::optional<CoreRange> signallers, waiters;
  /// The conditions of the loops around its signals and its waits, outermost first.
  std::optional<std::vector<Condition>> signalledIf, waitedIf;
};

std::string enginesOf(const std::array<std::uint64_t, kEngineCount>& tokens) {
  std::string names;
  for (int e = 0; e < kEngineCount; ++e)
    if (tokens[static_cast<std::size_t>(e)] > 0)
      names += fmt::format("{}{}", names.empty() ? "" : " and ", name(static_cast<Engine>(e)));
  return names;
}

/// Walks one queue: loop structure, layers, tokens, and the rules of each instruction.
class QueueWalk {
 public:
  QueueWalk(const Program& program, Engine engine, std::vector<Flow>& flows)
      : program_(program), engine_(engine), flows_(flows) {}

  void run() {
    const std::vector<Instruction>& queue = program_.queue(engine_);
    for (std::size_t i = 0; i < queue.size(); ++i) step(queue[i], i);
    if (!loops_.empty())
      throw BadInput(
          fmt::format("program: {} queue ends inside {} open loops; each loop needs an end",
                      name(engine_), loops_.size()));
  }

 private:
  void step(const Instruction& instruction, std::size_t number) {
    const Site site{program_, engine_, number, instruction, loops_};
    checkLayer(site);
    checkCores(site);
    countTokens(site, "waits for", instruction.waits, &Flow::waited, &Flow::waiters);
    countTokens(site, "signals", instruction.signals, &Flow::signalled, &Flow::signallers);
    checkConditions(site, "waits for", instruction.waits, &Flow::waitedIf);
    checkConditions(site, "signals", instruction.signals, &Flow::signalledIf);
    std::visit([&](const auto& body) { check(site, body); }, instruction.body);
    afterLoop_ = std::holds_alternative<Loop>(instruction.body);
  }

  void checkLayer(const Site& site) {
    const std::int32_t layer = site.instruction.layer;
    if (layer < 0 || layer >= static_cast<std::int32_t>(program_.layers.size()))
      site.fail("there is no layer {}; the program has {}", layer, program_.layers.size());
    if (layer < layer_) site.fail("belongs to an earlier layer than its predecessor ({})", layer_);
    layer_ = layer;
  }

  void checkCores(const Site& site) {
    const CoreRange& cores = site.instruction.cores;
    if (cores.first < 0 || cores.count < 0 ||
        (cores.all() ? cores.first != 0 : std::int64_t{cores.first} + cores.count > program_.cores))
      site.fail("runs on cores {} count {}; the program is for {}", cores.first, cores.count,
                program_.cores);
    if (!loopCores_.empty() && !within(cores, loopCores_.back()))
      site.fail("runs on cores that the loop around it does not run on");
  }

  static bool within(const CoreRange& inner, const CoreRange& outer) {
    return outer.all() || (!inner.all() && inner.first >= outer.first &&
                           inner.first + inner.count <= outer.first + outer.count);
  }

  std::uint64_t executions() const {
    std::uint64_t product = 1;
    for (const std::int64_t count : loops_) product *= static_cast<std::uint64_t>(count);
    return product;
  }

  void countTokens(const Site& site, std::string_view verb, const std::vector<SemaphoreId>& ids,
                   std::array<std::uint64_t, kEngineCount> Flow::*tokens,
                   std::optional<CoreRange> Flow::*where) {
    for (auto id = ids.begin(); id != ids.end(); ++id) {
      if (*id < 0 || *id >= static_cast<SemaphoreId>(flows_.size()))
        site.fail("{} semaphore {}; the program has {}", verb, *id, flows_.size());
      if (std::count(ids.begin(), id, *id) > 0)
        site.fail("{} semaphore '{}' twice", verb,
                  program_.semaphores[static_cast<std::size_t>(*id)].name);
      Flow& flow = flows_[static_cast<std::size_t>(*id)];
      (flow.*tokens)[static_cast<std::size_t>(engine_)] += executions();
      const CoreRange& cores = site.instruction.cores;
      if ((flow.*where).value_or(cores) != cores)
        site.fail("{} semaphore '{}' on other cores than before", verb,
                  program_.semaphores[static_cast<std::size_t>(*id)].name);
      flow.*where = cores;
    }
  }

  /// All that gives a semaphore tokens runs or does not run together, and so does all that takes
  /// them.
  void checkConditions(const Site& site, std::string_view verb, const std::vector<SemaphoreId>& ids,
                       std::optional<std::vector<Condition>> Flow::*when) {
    for (const SemaphoreId id : ids) {
      auto& known = flows_[static_cast<std::size_t>(id)].*when;
      if (known.value_or(conditions_) != conditions_)
        site.fail("{} semaphore '{}' under other conditions than before", verb,
                  program_.semaphores[static_cast<std::size_t>(id)].name);
      known = conditions_;
    }
  }

  void checkCondition(const Site& site, const Condition& condition) {
    if (condition.byte.type != DataType::Bool)
      site.fail("the condition is {}; it must be bool", name(condition.byte.type));
    checkAccess(site, "condition", condition.byte, {}, Extent{}, {.onChip = false});
  }

  void checkEngine(const Site& site, std::string_view what, bool right) {
    if (!right) site.fail("{} does not run on this engine", what);
  }

  void checkSilent(const Site& site) {
    if (!site.instruction.waits.empty() || !site.instruction.signals.empty())
      site.fail("a loop's begin and end wait for and signal nothing: use a sync");
  }

  void check(const Site& site, const Loop& loop) {
    checkSilent(site);
    if (loop.count < 1) site.fail("loop runs {} times; it must run at least once", loop.count);
    if (loops_.size() == kMaxLoopDepth) site.fail("loops nest deeper than {}", kMaxLoopDepth);
    if (!reachFits(static_cast<std::int64_t>(executions()), loop.count) ||
        !reachFits(loop.count, 1))
      site.fail("the loops around it run more than 2^48 times");
    if (loop.condition) {
      checkCondition(site, *loop.condition);
      conditions_.push_back(*loop.condition);
    }
    conditional_.push_back(loop.condition.has_value());
    loops_.push_back(loop.count);
    loopCores_.push_back(site.instruction.cores);
  }

  void check(const Site& site, const EndLoop&) {
    checkSilent(site);
    if (loops_.empty()) site.fail("an end without an open loop");
    if (afterLoop_) site.fail("the loop that ends here is empty");
    if (site.instruction.cores != loopCores_.back()) site.fail("ends a loop of other cores");
    loops_.pop_back();
    loopCores_.pop_back();
    if (conditional_.back()) conditions_.pop_back();
    conditional_.pop_back();
  }

  void check(const Site& site, const Sync&) {
    if (site.instruction.waits.empty() && site.instruction.signals.empty())
      site.fail("sync neither waits nor signals");
  }

  void check(const Site& site, const Transfer& transfer) {
    checkEngine(site, "a transfer", engine_ != Engine::Matrix && engine_ != Engine::Vector);
    checkTransfer(site, transfer);
  }

  void check(const Site& site, const Matrix& matrix) {
    checkEngine(site, "a matrix product", engine_ == Engine::Matrix);
    checkMatrix(site, matrix);
  }

  void check(const Site& site, const VectorPass& pass) {
    checkEngine(site, "a vector pass", engine_ == Engine::Vector);
    checkVectorPass(site, pass);
  }

  const Program& program_;
  Engine engine_;
  std::vector<Flow>& flows_;
  LoopCounts loops_;
  std::vector<bool> conditional_;      ///< has the open loop a condition
  std::vector<Condition> conditions_;  ///< of the open loops that have one
  std::vector<CoreRange> loopCores_;   ///< of the open loops
  std::int32_t layer_ = 0;
  bool afterLoop_ = false;
};

std::uint64_t total(const std::array<std::uint64_t, kEngineCount>& tokens) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : tokens) sum += count;
  return sum;
}

std::ptrdiff_t engineCount(const std::array<std::uint64_t, kEngineCount>& tokens) {
  return kEngineCount - std::count(tokens.begin(), tokens.end(), 0u);
}

void checkFlow(const Semaphore& semaphore, const Flow& flow) {
  const auto fail = [&](const std::string& rule) {
    throw BadInput(oneLine(fmt::format("program: semaphore '{}' {}", semaphore.name, rule)));
  };
  const std::uint64_t signalled = total(flow.signalled), waited = total(flow.waited);
  if (signalled == 0 && waited == 0) fail("is never used");
  if (signalled == 0)
    fail(fmt::format("is waited for by {}, but nothing signals it", enginesOf(flow.waited)));
  if (waited == 0)
    fail(fmt::format("is signalled by {}, but nothing waits for it", enginesOf(flow.signalled)));
  if (engineCount(flow.signalled) > 1)
    fail(fmt::format("is signalled by {}; only one engine may", enginesOf(flow.signalled)));
  if (engineCount(flow.waited) > 1)
    fail(fmt::format("is waited for by {}; only one engine may", enginesOf(flow.waited)));
  const CoreRange signallers = semaphore.signallers.value_or(*flow.waiters);
  if (*flow.signallers != signallers)
    fail(semaphore.signallers ? "is signalled on other cores than it names"
                              : "is signalled and waited for on different cores");
  if (signalled != waited)
    fail(fmt::format("gets {} tokens from {}, but {} waits for {}; they must be equal", signalled,
                     enginesOf(flow.signalled), enginesOf(flow.waited), waited));
  if (flow.signalledIf != flow.waitedIf) fail("is signalled and waited for under other conditions");
}

}  // namespace

void Site::refuse(const std::string& rule) const {
  const auto layer = static_cast<std::size_t>(instruction.layer);
  const std::string layerName =
      layer < program.layers.size() ? fmt::format(" (layer '{}')", program.layers[layer].name) : "";
  throw BadInput(oneLine(fmt::format("program: {} queue, instruction {}{}: {}", name(engine),
                                     number, layerName, rule)));
}

void verify(const Program& program) {
  checkHeader(program);
  std::vector<Flow> flows(program.semaphores.size());
  for (int e = 0; e < kEngineCount; ++e) QueueWalk(program, static_cast<Engine>(e), flows).run();
  for (std::size_t s = 0; s < flows.size(); ++s) checkFlow(program.semaphores[s], flows[s]);
}

}  // namespace npusim::isa
