#include "kernels/emit/emit_task.h"

#include <algorithm>
#include <functional>
#include <string>

#include "kernels/emit/access.h"
#include "kernels/emit/queue_builder.h"

namespace npusim::emit {
namespace {

using isa::Engine;
using mapping::Slot;
using plan::MatrixWork;

/// Writes instructions into a queue.
using Write = std::function<void(QueueBuilder&)>;

/// Something an engine does once a pass of the loop at `level` (-1: once a task).
struct Action {
  int level = -1;
  Write begin;
  Write end;
};

class TaskEmitter {
 public:
  TaskEmitter(isa::Program& program, const plan::Plan& plan, const PlacedTask& placed)
      : program_(program),
        plan_(plan),
        placed_(placed),
        task_(*placed.task),
        mapping_(placed.mapping),
        access_(plan, placed, placed.mapping.tiling),
        results_(plan, placed, placed.mapping.results) {}

  void emit(const EngineSemaphores& waits, const EngineSemaphores& signals) {
    for (std::size_t i = 0; i < task_.operands.size(); ++i) addOperand(static_cast<int>(i));
    std::visit([&](const auto& work) { addWork(work); }, task_.work);
    for (std::size_t e = 0; e < actions_.size(); ++e) {
      if (actions_[e].empty()) continue;
      QueueBuilder queue(program_.queues[e]);
      queue.beginLayer(task_.layer, task_.cores);
      for (const isa::SemaphoreId semaphore : waits[e]) queue.wait(semaphore);
      nest(queue, actions_[e], -1);
      for (const isa::SemaphoreId semaphore : signals[e]) queue.signal(semaphore);
      queue.flush();
    }
  }

 private:
  void add(Engine engine, Action action) {
    actions_[static_cast<std::size_t>(engine)].push_back(std::move(action));
  }

  void nest(QueueBuilder& queue, const std::vector<Action>& actions, int level) const {
    for (const Action& action : actions) {
      if (action.level == level && action.begin) action.begin(queue);
    }
    const bool deeper = std::any_of(actions.begin(), actions.end(),
                                    [&](const Action& action) { return action.level > level; });
    if (deeper) {
      const int dim = mapping_.tiling.order[static_cast<std::size_t>(level) + 1];
      queue.openLoop(mapping::tileCount(task_, mapping_.tiling, dim));
      nest(queue, actions, level + 1);
      queue.closeLoop();
    }
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
      if (action->level == level && action->end) action->end(queue);
    }
  }

  bool reused(const Slot& slot) const {
    if (plan_.passesOf(task_.repeat) > 1) return true;
    for (int depth = 0; depth <= slot.level; ++depth) {
      const int dim = mapping_.tiling.order[static_cast<std::size_t>(depth)];
      if (mapping::tileCount(task_, mapping_.tiling, dim) > 1) return true;
    }
    return false;
  }

  isa::SemaphoreId semaphore(const std::string& what, std::int64_t initial) {
    const std::string& layer = program_.layers.at(static_cast<std::size_t>(task_.layer)).name;
    isa::Semaphore& made = program_.semaphores.emplace_back();
    made.name = layer + "." + what;
    made.initial = initial;
    if (plan_.supersteps) made.signallers = task_.cores;
    return static_cast<isa::SemaphoreId>(program_.semaphores.size() - 1);
  }

  /// Hands a slot from the engine that fills it to the one that empties it: `fill` runs between
  /// waiting for a free slot and announcing a full one; a slot filled only once is never waited
  /// for. `use` runs when it is full, before anything deeper in the nest.
  void handOver(const std::string& what, const Slot& slot, Engine from, Engine to,
                const Write& fill, const Write& use, bool fillAtEnd = false) {
    const isa::SemaphoreId full = semaphore(what + ".full", 0);
    const bool again = reused(slot);
    const isa::SemaphoreId free = again ? semaphore(what + ".free", slot.depth) : -1;
    Action producer{slot.level, {}, {}};
    const auto finish = [fill, full](QueueBuilder& queue) {
      if (fill) fill(queue);
      queue.signal(full);
    };
    const auto claim = [again, free](QueueBuilder& queue) {
      if (again) queue.wait(free);
    };
    if (fillAtEnd) {
      producer.begin = claim;
      producer.end = finish;
    } else {
      producer.begin = [claim, finish](QueueBuilder& queue) {
        claim(queue);
        finish(queue);
      };
    }
    add(from, producer);
    add(to, {slot.level,
             [full, use](QueueBuilder& queue) {
               queue.wait(full);
               if (use) use(queue);
             },
             [again, free](QueueBuilder& queue) {
               if (again) queue.signal(free);
             }});
  }

  void addOperand(int i) {
    const Slot& slot = mapping_.operands[static_cast<std::size_t>(i)];
    if (!slot.used()) return;
    const bool behind = consumerOf(task_, i) == Engine::Vector;
    const isa::Transfer transfer = (behind ? results_ : access_).load(i);
    handOver("in" + std::to_string(i), slot,
             loaderOf(plan_, task_.operands[static_cast<std::size_t>(i)]), consumerOf(task_, i),
             [transfer](QueueBuilder& queue) { queue.emit(transfer); }, {});
  }

  /// The vector unit's last part of a tile: writes the output's slot and hands it to the store,
  /// or the resident block directly.
  void addOutput(const Write& compute) {
    if (!mapping_.output.used()) {
      add(Engine::Vector, {mapping_.outputTile.level, compute, {}});
      return;
    }
    const isa::Transfer transfer = results_.store();
    handOver("out", mapping_.output, Engine::Vector, Engine::Store, compute,
             [transfer](QueueBuilder& queue) { queue.emit(transfer); });
  }

  /// Sums, then results in their place: one slot that goes from the array through the vector unit
  /// and the store back to the array.
  void passAround(const isa::VectorPass& pass) {
    const Slot& slot = mapping_.accumulators;
    const isa::Transfer transfer = results_.store();
    const bool again = reused(slot);
    const isa::SemaphoreId sums = semaphore("sums.full", 0);
    const isa::SemaphoreId results = semaphore("out.full", 0);
    const isa::SemaphoreId free = again ? semaphore("sums.free", slot.depth) : -1;
    add(Engine::Matrix, {slot.level,
                         [again, free](QueueBuilder& queue) {
                           if (again) queue.wait(free);
                         },
                         [sums](QueueBuilder& queue) { queue.signal(sums); }});
    add(Engine::Vector, {slot.level,
                         [sums, results, pass](QueueBuilder& queue) {
                           queue.wait(sums);
                           queue.emit(pass);
                           queue.signal(results);
                         },
                         {}});
    add(Engine::Store, {slot.level,
                        [again, free, results, transfer](QueueBuilder& queue) {
                          queue.wait(results);
                          queue.emit(transfer);
                          if (again) queue.signal(free);
                        },
                        {}});
  }

  void addWork(const MatrixWork& work) {
    using namespace plan;
    const isa::Matrix matrix = matrixInstruction(work);
    if (mapping_.inPlace) {
      passAround(postPass(work));
      return add(Engine::Matrix, {static_cast<int>(mapping_.tiling.order.size()) - 1,
                                  [matrix](QueueBuilder& queue) { queue.emit(matrix); },
                                  {}});
    }
    handOver("sums", mapping_.accumulators, Engine::Matrix, Engine::Vector, {}, {}, true);
    add(Engine::Matrix, {static_cast<int>(mapping_.tiling.order.size()) - 1,
                         [matrix](QueueBuilder& queue) { queue.emit(matrix); },
                         {}});
    const isa::VectorPass pass = postPass(work);
    addOutput([pass](QueueBuilder& queue) { queue.emit(pass); });
  }

  DataType sumType(const MatrixWork& work) const {
    const DataType a = task_.operands[static_cast<std::size_t>(work.a)].type;
    return isFloat(a) ? plan_.sumType : sumTypeOf(a);
  }

  isa::Matrix matrixInstruction(const MatrixWork& work) const {
    using namespace plan;
    const std::vector<int> dims = {M0, M1, M2, N, K0, K1, K2};
    isa::Matrix matrix;
    matrix.m = {access_.extent(M0), access_.extent(M1), access_.extent(M2)};
    matrix.n = access_.extent(N);
    matrix.k = {access_.extent(K0), access_.extent(K1), access_.extent(K2)};
    matrix.a = access_.operand(work.a, dims);
    matrix.b = access_.operand(work.b, dims);
    matrix.c = results_.dense(mapping_.accumulators, placed_.accumulatorAddress, sumType(work),
                              {M0, M1, M2, N}, dims);
    if (mapping_.results.depth(N) != mapping_.tiling.depth(N)) {
      matrix.c.address.terms.push_back(
          {access_.depthOf(N), access_.tile(N) * byteSize(matrix.c.type), 0});
      if (access_.tile(N) == 1) matrix.c.strides[3] = 0;
    }
    if (work.bias >= 0) matrix.bias = access_.operand(work.bias, dims);
    if (work.zeroA >= 0) matrix.zeroA = access_.operand(work.zeroA, dims);
    if (work.zeroB >= 0) matrix.zeroB = access_.operand(work.zeroB, dims);
    if (!matrix.a.bounds.empty()) matrix.padding = work.padding;
    for (const int k : {K0, K1, K2}) {
      if (access_.depthOf(k) >= 0) matrix.accumulateOver.push_back(access_.depthOf(k));
    }
    matrix.usefulNumerator = work.usefulNumerator;
    matrix.usefulDenominator = work.usefulDenominator;
    if (work.mapping) matrix.pass = work.mapping->pass;
    return matrix;
  }

  /// Of the given dimensions those that a tile extends along; one of them when there is none.
  std::vector<int> extended(const std::vector<int>& dims) const {
    std::vector<int> result;
    for (const int d : dims) {
      if (results_.tile(d) > 1 || results_.isRagged(d)) result.push_back(d);
    }
    if (result.empty()) result.push_back(dims.front());
    return result;
  }

  isa::VectorPass postPass(const MatrixWork& work) const {
    using namespace plan;
    const std::vector<int> dims = extended({M0, M1, M2, N});
    isa::VectorPass pass;
    for (const int d : dims) pass.dims.push_back(results_.extent(d));
    pass.operands.push_back({results_.dense(mapping_.accumulators, placed_.accumulatorAddress,
                                            sumType(work), {M0, M1, M2, N}, dims),
                             {}});
    pass.post = work.steps;
    for (isa::VectorStep& step : pass.post) {
      if (step.operand < 0) continue;
      const Operand& operand = task_.operands[static_cast<std::size_t>(step.operand)];
      pass.operands.push_back({results_.operand(step.operand, dims), operand.scaling});
      step.operand = static_cast<int>(pass.operands.size()) - 1;
    }
    pass.out = {results_.output(dims), task_.output.scaling};
    pass.afterArray = true;
    return pass;
  }

  void addWork(const plan::VectorWork& work) {
    std::vector<isa::VectorPass> passes;
    for (const plan::Pass& pass : work.passes) passes.push_back(vectorPass(work, pass));
    addOutput([passes](QueueBuilder& queue) {
      for (const isa::VectorPass& pass : passes) queue.emit(pass);
    });
  }

  isa::Access temporary(const plan::VectorWork& work, int t, const std::vector<int>& dims) const {
    const auto at = static_cast<std::size_t>(t);
    return results_.dense(mapping_.temporaries[at], placed_.temporaryAddress[at], DataType::Float32,
                          work.temporaries[at].dims, dims);
  }

  isa::VectorPass vectorPass(const plan::VectorWork& work, const plan::Pass& pass) const {
    isa::VectorPass result;
    const auto reduced = pass.dims.end() - pass.reduceDims;
    const std::vector<int> kept = {pass.dims.begin(), reduced};
    std::vector<int> dims;
    if (!kept.empty()) dims = extended(kept);
    dims.insert(dims.end(), reduced, pass.dims.end());
    for (const int d : dims) result.dims.push_back(results_.extent(d));
    result.reduceDims = pass.reduceDims;
    result.reduce = pass.reduce;
    for (const int o : pass.operands) {
      if (o < 0) {
        result.operands.push_back({temporary(work, ~o, dims), {}});
      } else {
        const plan::Operand& operand = task_.operands[static_cast<std::size_t>(o)];
        result.operands.push_back({results_.operand(o, dims), operand.scaling});
      }
    }
    result.pre = pass.pre;
    result.post = pass.post;
    result.out = pass.temporary ? isa::VectorOperand{temporary(work, *pass.temporary, dims), {}}
                                : isa::VectorOperand{results_.output(dims), task_.output.scaling};
    return result;
  }

  void addWork(const plan::CopyWork&) {
    const isa::Transfer transfer = results_.copy();
    add(Engine::LoadInputs, {-1, [transfer](QueueBuilder& queue) { queue.emit(transfer); }, {}});
  }

  isa::Program& program_;
  const plan::Plan& plan_;
  const PlacedTask& placed_;
  const plan::Task& task_;
  const mapping::Mapping& mapping_;
  AccessWriter access_;   ///< of what the array works on
  AccessWriter results_;  ///< of the sums and all behind them
  std::array<std::vector<Action>, isa::kEngineCount> actions_;
};

}  // namespace

void emitTask(isa::Program& program, const plan::Plan& plan, const PlacedTask& placed,
              const EngineSemaphores& waits, const EngineSemaphores& signals) {
  TaskEmitter(program, plan, placed).emit(waits, signals);
}

}  // namespace npusim::emit
