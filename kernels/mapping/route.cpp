#include <algorithm>
#include <cmath>

#include "kernels/mapping/mapping.h"
#include "sim/core/rounding.h"

namespace npusim::mapping {
namespace {

using plan::Block;
using plan::Operand;

/// Share of the nominal memory bandwidth that long transfers reach: a planning figure only.
constexpr double kMemoryEfficiency = 0.92;

}  // namespace

Evaluator::Route Evaluator::route(const Operand& operand, bool weights, int queue) const {
  const Block& block = context_.plan.block(operand.block);
  const plan::StorageMap& storages = context_.storages;
  Route result;
  result.byStride = axesByStride(operand);
  result.queue = queue;
  result.blocked = weights && block.kind == Block::Kind::Weights;
  result.streamed =
      context_.plan.streams && block.kind == Block::Kind::Activation && !block.distribution;
  if (!block.resident && !block.kept && !std::holds_alternative<plan::CopyWork>(task_.work)) {
    result.slotStorage = weights ? storages.weightBuffer : storages.activationBuffer;
  }
  const isa::StorageId first =
      block.kind == Block::Kind::Weights ? storages.weightMemory : storages.activationMemory;
  const auto buffers = static_cast<isa::StorageId>(context_.chip.buffers.size());
  const auto index = (block.storage >= buffers ? block.storage : first) - buffers;
  result.memoryBytesPerCycle = static_cast<double>(context_.chip.dma.widthBytes);
  if (index < 0 || block.distribution) {
    if (context_.plan.cores > 1) shareNetwork(operand, result);
    return result;
  }
  const MemoryConfig& dram = context_.chip.memories.at(static_cast<std::size_t>(index));
  const double clockHz = context_.chip.clockMhz * 1e6;
  result.memoryBytesPerCycle = dram.peakBytesPerSecond() * kMemoryEfficiency / clockHz;
  result.channels = static_cast<double>(dram.channels);
  result.burstBytes = static_cast<double>(dram.timing.burstLength * dram.timing.busBits) / 8;
  const auto banks = static_cast<double>(dram.ranks * dram.bankGroups * dram.banksPerGroup);
  const double between =
      std::max({static_cast<double>(dram.timing.RRD_S), static_cast<double>(dram.timing.FAW) / 4,
                static_cast<double>(dram.timing.RC) / banks});
  result.rowBytes = static_cast<double>(dram.rowBytes) * result.channels;
  result.activateCycles = between * context_.chip.clockMhz / std::max(1.0, dram.timing.clockMhz);
  shareMemory(operand, result);
  return result;
}

/// How many different loads (or stores) of an operand run at the same time.
double Evaluator::loadsAtOnce(const Operand& operand, const Route& route) const {
  double loads = 1;
  for (const isa::CoreDigit& digit : digitsOf(task_)) loads *= static_cast<double>(digit.count);
  if (context_.chip.network.multicast && route.queue < 2) {
    loads /= static_cast<double>(sharersOf(task_, operand).count);
  }
  return loads;
}

/// Between cores a link of its own serves each, but the links of a mesh or ring pass on what is
/// meant for others, as many times as there are hops on the way, or cores that it is meant for.
void Evaluator::shareNetwork(const Operand& operand, Route& route) const {
  const NetworkConfig& network = context_.chip.network;
  const auto cores = static_cast<double>(context_.plan.cores);
  const auto link = static_cast<double>(network.linkBytes);
  const double loads = loadsAtOnce(operand, route);
  double links = 0, hops = 0;
  if (network.topology == Topology::Mesh) {
    links = 4 * cores;
    hops = 2 * std::sqrt(cores) / 3;
  } else if (network.topology == Topology::Ring) {
    links = 2 * cores;
    hops = cores / 4;
  }
  route.memoryBytesPerCycle = std::min(route.memoryBytesPerCycle, link);
  if (links == 0) return;
  const double reached = std::max(hops, static_cast<double>(sharersOf(task_, operand).count));
  route.memoryBytesPerCycle = std::min(link, links * link / (reached * loads));
}

/// Ports serve equally many cores each, in the order of their numbers: those of the first cores,
/// which the task runs on.
std::int64_t Evaluator::portsUsed() const {
  std::int64_t cores = 1;
  for (const isa::CoreDigit& digit : digitsOf(task_)) cores *= digit.count;
  return ceilDiv(context_.chip.network.memoryPorts * cores, context_.plan.cores);
}

/// Cores load at the same time: the memory and the network's ports to it serve each of them with a
/// part of what they can, one load for all that need the same bytes where the network multicasts.
void Evaluator::shareMemory(const Operand& operand, Route& route) const {
  const ChipConfig& chip = context_.chip;
  if (context_.plan.cores == 1) return;
  const double loads = loadsAtOnce(operand, route);
  const auto link = static_cast<double>(chip.network.linkBytes);
  const double ports = link * static_cast<double>(portsUsed());
  route.memoryBytesPerCycle = std::min(link, std::min(route.memoryBytesPerCycle, ports) / loads);
  route.activateCycles *= loads;
}

}  // namespace npusim::mapping
