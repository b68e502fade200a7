#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/reference_config.h"
#include "sim/core/operator_work.h"

namespace npusim {

/// One operator on a reference machine.
struct ReferenceOperator {
  std::string name;
  double timeS = 0;                  ///< from the end of the operator before, launch included
  double energyPj = 0;               ///< without idle power
  std::vector<double> trafficBytes;  ///< by cache level, nearest first, the memory last
  std::string boundBy;               ///< "compute", a cache level's name, "memory" or "launch"
};

/// One inference on a reference machine.
struct ReferenceCost {
  std::string name, kind;                  ///< kind: cpu or gpu
  DataType precision = DataType::Float32;  ///< computed in; wider than asked where not offered
  double timeS = 0, energyJ = 0;
  std::int64_t cycles = 0;
  std::int64_t dramBytes = 0;
  std::vector<std::pair<std::string, std::int64_t>> trafficBytes;  ///< caches, nearest first
  std::vector<ReferenceOperator> operators;
};

/// Costs the operators one after the other in `asked`, or in the format that precisionUsed()
/// gives. docs/references.md derives the formulas:
/// computing = matrix units or vector units; moving = the slowest level's bytes / bandwidth;
/// work = longer + (1 - overlap) x shorter. The host issues an operator every `launchOverlapUs`
/// ahead of the machine; the rest of `launchUs` is paid by each operator;
/// one without work or bytes (a change of shape) is free. What runs several times (in a loop) pays
/// each time; its weights count once among those that a cache may keep.
/// Energy = MACs and element operations + bytes of each level + idle power x time, at most
/// `busyW` x time. Throws BadInput when the machine lacks what the model needs.
ReferenceCost costReference(const ReferenceConfig& machine, const std::vector<OperatorWork>& works,
                            DataType asked);

}  // namespace npusim
