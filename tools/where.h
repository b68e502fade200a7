#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace npusim::tools {

/// What an operator or a network takes on one machine.
struct MachineTime {
  double timeS = 0;
  std::string boundBy;
};

/// The reason of operators that the chip does have and others drag along.
inline constexpr const char* kGoesWithNeighbours = "goes with neighbours that the chip lacks";

/// One operator of a network after the passes, on each machine.
struct WhereOperator {
  std::string layer, op;
  std::int64_t times = 1;  ///< it runs, in loops
  std::string runsOn;      ///< array, vector, dma, none (nothing moves), cpu, or empty: not known
  std::string reason;      ///< why it does not run on the chip; empty: it does
  std::optional<MachineTime> npu;  ///< empty: not on the chip
  std::vector<MachineTime> references;
  int best = -1;  ///< -1: none, it takes no time; 0: the chip; else a reference, from 1
};

/// A whole network on a machine.
struct WhereTotal {
  std::string name, kind;  ///< kind: npu, cpu or gpu
  double timeS = 0, energyJ = 0;
};

/// Which operator runs where, and what it would take elsewhere.
struct Where {
  std::string workload, chip, precision;
  std::int64_t batch = 1;
  std::string refused;  ///< why the chip does not run the network at all; empty: it does
  std::vector<WhereOperator> operators;
  std::vector<WhereTotal> machines;  ///< the chip (with its CPU), then the references
  bool shared = false;               ///< the CPU runs what the chip lacks

  /// Which machine is fastest for all, and which takes least energy: index into `machines`; a chip
  /// that refuses the network is none.
  std::size_t fastest() const;
  std::size_t leanest() const;
};

std::string toTable(const Where& where);
std::string toJson(const Where& where);

}  // namespace npusim::tools
