#include <algorithm>

#include "kernels/mapping/mapping.h"
#include "sim/core/error.h"

namespace npusim::mapping {
namespace {

using plan::MatrixWork;
using plan::Task;

std::string layerOf(const Context& context, const Task& task) {
  return "layer '" + context.plan.layers[static_cast<std::size_t>(task.layer)].name +
         "': mapping: ";
}

/// A tile of a given mapping: n images, e rows of full width, q x r channels, `columns` filters.
/// The channels' loop is the innermost but for that over the filters, where there is one.
Tiling tilingOf(const Task& task, const RowStationaryMapping& mapping, std::int64_t columns,
                bool columnsWithin) {
  using namespace plan;
  const auto extent = [&](int dim) { return task.dims[static_cast<std::size_t>(dim)].extent; };
  Tiling tiling = untiled(task);
  const auto set = [&](int dim, std::int64_t size) {
    tiling.tile[static_cast<std::size_t>(dim)] = std::min(size, extent(dim));
  };
  set(G0, 1);
  set(G1, 1);
  set(M0, mapping.n);
  set(M1, mapping.pass.e);
  set(K2, mapping.pass.q * mapping.pass.r);
  set(N, columns);
  const std::vector<int> order = columnsWithin
                                     ? std::vector<int>{G0, G1, M0, M1, M2, K0, K1, K2, N}
                                     : std::vector<int>{G0, G1, M0, M1, M2, N, K0, K1, K2};
  for (const int dim : order) {
    if (tileCount(task, tiling, dim) > 1) tiling.order.push_back(dim);
  }
  return tiling;
}

/// Gives slots that are filled more than once a second place, as far as there is room: the inputs'
/// first, then the weights'.
void doubleSlots(const Context& context, const Task& task, Mapping& mapping) {
  const auto& work = std::get<MatrixWork>(task.work);
  for (const int operand : {work.a, work.b}) {
    Slot& slot = mapping.operands[static_cast<std::size_t>(operand)];
    if (!slot.used() || slot.level < 0) continue;
    slot.depth = 2;
    const auto storage = static_cast<std::size_t>(slot.storage);
    if (mapping.bytesIn(slot.storage) > context.freeBytes[storage]) slot.depth = 1;
  }
}

/// Which storage the mapping overfills, in a sentence.
std::string shortage(const Context& context, const Mapping& mapping) {
  for (std::size_t s = 0; s < context.freeBytes.size(); ++s) {
    const std::int64_t needed = mapping.bytesIn(static_cast<isa::StorageId>(s));
    if (needed <= context.freeBytes[s]) continue;
    return "needs " + std::to_string(needed) + " bytes of '" + context.storages.storages[s].name +
           "', which has " + std::to_string(context.freeBytes[s]) +
           "; make n, m, e or q x r smaller";
  }
  return {};
}

}  // namespace

Mapping given(const Context& context, const Task& task) {
  const auto& work = std::get<MatrixWork>(task.work);
  const RowStationaryMapping& given = *work.mapping;
  const std::int64_t filters = task.dims[plan::N].extent;
  Context unlimited = context;
  for (std::int64_t& bytes : unlimited.freeBytes) bytes = INT64_MAX / 4;
  Evaluator evaluator(unlimited, task);
  const auto evaluate = [&](std::int64_t columns, bool within) {
    return *evaluator.evaluate(tilingOf(task, given, columns, within), false);
  };
  Mapping mapping = evaluate(given.m, false);
  const isa::StorageId weights = context.storages.weightBuffer;
  const std::int64_t room = context.freeBytes[static_cast<std::size_t>(weights)];
  if (mapping.bytesIn(weights) > room && given.m >= filters) {
    // The sums of all filters stay; the filters come as many at a time as the array takes.
    mapping = evaluate(given.pass.p * given.pass.t, true);
  }
  const std::string fault = shortage(context, mapping);
  if (!fault.empty()) throw NotPossible(layerOf(context, task) + fault);
  doubleSlots(context, task, mapping);
  return mapping;
}

}  // namespace npusim::mapping
