#pragma once

#include <string>
#include <vector>

#include "kernels/pipeline/compile.h"
#include "sim/config/reference_config.h"
#include "tools/compile_network.h"
#include "tools/simulate.h"

namespace npusim::tools {

/// What `--fallback cpu` stands for: the CPU that runs beside the chip by default.
inline constexpr const char* kFallbackCpu = "cpu_a15";

/// A network of which chip and host CPU run parts by turns. While one works the other waits; what
/// one made and the other reads crosses the host link between them.

/// The reference machine by its name. Throws BadInput when it is no CPU.
ReferenceConfig loadHostCpu(const std::string& fileOrName);

/// What the host does for a node, as lowering::operatorWork(); a plain change of shape is nothing.
OperatorWork hostWork(const Graph& graph, const Node& node);

/// Splits compiled.graph at what the chip lacks and compiles the chip's parts. compiled.program
/// then stands for all of them: its layers and ports, without instructions. Throws NotPossible
/// where the constants of all parts do not fit into the chip's storages together.
void compileParts(Compiled& compiled, const std::vector<Refusal>& lacking, const ChipConfig& chip,
                  const CompileOptions& options);

/// Runs the parts in their order, those of the chip in processes of their own. The host computes
/// with workloads/evaluate and takes the time and energy that sim/reference gives `cpu`. Crossings
/// are layers on the "host link": latency and bytes over its bandwidth, and a dispatch where the
/// chip starts again. io holds what the network's own inputs and outputs move.
Simulation simulateParts(const Compiled& compiled, const ChipConfig& chip,
                         const ReferenceConfig& cpu, const Inputs& inputs, const DataOptions& data,
                         std::int64_t repeat, const Progress& progress, Fidelity fidelity);

}  // namespace npusim::tools
