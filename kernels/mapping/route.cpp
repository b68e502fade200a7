#include "kernels/mapping/route.h"

#include <algorithm>
#include <cmath>

#include "sim/core/rounding.h"

namespace npusim::mapping {
namespace {

using plan::Block;
using plan::Operand;
using plan::Task;

/// Share of the nominal bandwidth of a DRAM that long transfers reach: a planning figure only.
constexpr double kDramEfficiency = 0.92;

/// Time from a request to its first data from another core: a planning figure only, the machine
/// times every hop and whatever else is on the links.
constexpr double kNetworkLatencyS = 80e-9;

/// Of bytes under way.
constexpr double kNoLimit = 1e15;

/// What a DMA engine asks for at a time, at most (sim/chip/transfer_cut.h).
constexpr double kChunkBytes = 4096;

/// Contiguous bytes that lie in one channel: what the address bits below the channel's count.
std::int64_t contiguousBytes(const MemoryConfig& memory) {
  const std::size_t channel = memory.mapping.find("ch");
  const std::string below = channel == std::string::npos ? "" : memory.mapping.substr(channel);
  const auto has = [&](const char* code) { return below.find(code) != std::string::npos; };
  std::int64_t bytes = has("co") ? memory.rowBytes : memory.timing.burstBytes();
  if (has("bg")) bytes *= memory.bankGroups;
  if (has("ba")) bytes *= memory.banksPerGroup;
  return bytes;
}

class Router {
 public:
  Router(const Context& context, const Task& task, std::size_t number)
      : context_(context),
        chip_(context.chip),
        task_(task),
        output_(number == task.operands.size()),
        operand_(output_ ? task.output : task.operands[number]),
        block_(context.plan.block(operand_.block)) {
    const auto* matrix = std::get_if<plan::MatrixWork>(&task.work);
    weights_ = matrix != nullptr && !output_ && static_cast<int>(number) == matrix->b;
  }

  Route route() {
    const bool constant = block_.kind == Block::Kind::Weights;
    const plan::StorageMap& storages = context_.storages;
    route_.byStride = axesByStride(operand_);
    for (const plan::Axis& axis : operand_.axes) {
      const plan::Coordinates reached = plan::coordinates(task_, axis);
      route_.leaves.push_back(reached.low < 0 || reached.high >= axis.extent);
    }
    route_.queue = output_ ? 2 : constant ? 0 : 1;
    route_.blocked = weights_ && constant;
    const bool inMemory = !block_.resident && !block_.kept && !block_.distribution;
    if (block_.encoding && inMemory) route_.codedShare = shareOf(*block_.encoding);
    route_.streamed = context_.plan.streams && !constant && !block_.distribution;
    if (!block_.resident && !block_.kept && !std::holds_alternative<plan::CopyWork>(task_.work)) {
      route_.slotStorage = weights_ ? storages.weightBuffer : storages.activationBuffer;
    }
    const isa::StorageId first = constant ? storages.weightMemory : storages.activationMemory;
    const auto buffers = static_cast<isa::StorageId>(chip_.buffers.size());
    const isa::StorageId memory = block_.storage >= buffers ? block_.storage : first;
    if (memory < 0 || block_.distribution) {
      throughNetwork();
    } else {
      toMemory(static_cast<std::size_t>(memory - buffers));
    }
    return std::move(route_);
  }

 private:
  static double shareOf(const plan::Encoding& encoding) {
    return static_cast<double>(encoding.code.bytes()) /
           static_cast<double>(encoding.code.valueBytes());
  }

  /// How many different loads (or stores) of the operand run at the same time.
  double loadsAtOnce() const {
    double loads = 1;
    for (const isa::CoreDigit& digit : digitsOf(task_)) loads *= static_cast<double>(digit.count);
    if (chip_.network.multicast && !output_) {
      loads /= static_cast<double>(sharersOf(task_, operand_).count);
    }
    return loads;
  }

  /// Between cores a link of its own serves each, but the links of a mesh or ring pass on what is
  /// meant for others, as many times as there are hops on the way, or cores that it is meant for.
  void throughNetwork() {
    route_.memory = chip_.memories.size();
    route_.bytesPerCycle = static_cast<double>(chip_.dma.widthBytes);
    if (context_.plan.cores > 1) {
      const auto link = static_cast<double>(chip_.network.linkBytes);
      route_.bytesPerCycle = std::min({route_.bytesPerCycle, link, sharedLinks(link)});
    }
    route_.portBytesPerCycle = route_.bytesPerCycle;
    route_.latencyCycles = kNetworkLatencyS * chip_.clockMhz * 1e6;
    route_.chunkBytes = kChunkBytes;
    // An engine has one chunk under way; where all cores exchange at once, their order hides that.
    route_.flyingBytes = context_.plan.supersteps ? kNoLimit : kChunkBytes;
  }

  double sharedLinks(double link) const {
    const auto cores = static_cast<double>(context_.plan.cores);
    double links = 0, hops = 0;
    if (chip_.network.topology == Topology::Mesh) {
      links = 4 * cores;
      hops = 2 * std::sqrt(cores) / 3;
    } else if (chip_.network.topology == Topology::Ring) {
      links = 2 * cores;
      hops = cores / 4;
    } else {
      return link;
    }
    const double reached = std::max(hops, static_cast<double>(sharersOf(task_, operand_).count));
    return links * link / (reached * loadsAtOnce());
  }

  void toMemory(std::size_t number) {
    const MemoryConfig& memory = chip_.memories.at(number);
    route_.memory = number;
    route_.bytesPerCycle = memory.peakBytesPerSecond() / (chip_.clockMhz * 1e6);
    if (memory.kind == MemoryKind::Dram) {
      toDram(memory);
    } else {
      toSram(memory);
    }
    const DmaConfig& dma = chip_.dma;
    route_.unitBytes =
        std::ceil(static_cast<double>(dma.minBurstBytes) / route_.burstBytes) * route_.burstBytes;
    const auto most = static_cast<double>(dma.outstandingBursts);
    const double chunk =
        std::max(1.0, std::floor(std::min(kChunkBytes / route_.unitBytes, most / 2)));
    route_.chunkBytes = chunk * route_.unitBytes;
    route_.flyingBytes = std::max(1.0, std::floor(most / chunk)) * route_.chunkBytes;
    route_.portBytesPerCycle = route_.bytesPerCycle;
    if (context_.plan.cores > 1) shareMemory();
  }

  void toSram(const MemoryConfig& memory) {
    route_.burstBytes = static_cast<double>(requestBytes(memory.kind));
    route_.latencyCycles = memory.latencyNs * 1e-3 * chip_.clockMhz;
  }

  void toDram(const MemoryConfig& memory) {
    const DramTiming& timing = memory.timing;
    const double clockRatio = chip_.clockMhz / std::max(1.0, timing.clockMhz);
    const double between =
        std::max(static_cast<double>(timing.RRD_S), static_cast<double>(timing.FAW) / 4);
    const std::int64_t latency = timing.CL + timing.dataDelay + timing.burstCycles();
    route_.bytesPerCycle *= kDramEfficiency;
    if (!output_) route_.latencyCycles = static_cast<double>(latency) * clockRatio;
    route_.channels = memory.channels;
    route_.channelBytes = contiguousBytes(memory);
    route_.burstBytes = static_cast<double>(timing.burstBytes());
    route_.rowBytes = static_cast<double>(memory.rowBytes * memory.channels);
    route_.banks = memory.ranks * memory.bankGroups * memory.banksPerGroup;
    route_.activateCycles = between * clockRatio;
    route_.rowCycles = static_cast<double>(timing.RC) * clockRatio;
    route_.switchCycles = static_cast<double>(timing.RP + timing.RCD) * clockRatio;
  }

  /// Ports serve equally many cores each, in the order of their numbers: those of the first cores,
  /// which the task runs on.
  std::int64_t portsUsed() const {
    std::int64_t cores = 1;
    for (const isa::CoreDigit& digit : digitsOf(task_)) cores *= digit.count;
    return ceilDiv(chip_.network.memoryPorts * cores, context_.plan.cores);
  }

  /// Cores load at the same time: the memory and the network's ports to it serve each of them with
  /// a part of what they can, one load for all that need the same bytes where the network
  /// multicasts.
  void shareMemory() {
    const double loads = loadsAtOnce();
    const auto link = static_cast<double>(chip_.network.linkBytes);
    const double ports = link * static_cast<double>(portsUsed());
    route_.bytesPerCycle = std::min(link, std::min(route_.bytesPerCycle, ports) / loads);
    route_.portBytesPerCycle = std::min(route_.portBytesPerCycle, link);
    route_.switchCycles = 0;  // other cores close rows whatever this one does
    route_.activateCycles *= loads;
    route_.rowCycles *= loads;
  }

  const Context& context_;
  const ChipConfig& chip_;
  const Task& task_;
  const bool output_;
  const Operand& operand_;
  const Block& block_;
  bool weights_ = false;
  Route route_;
};

}  // namespace

Route routeOf(const Context& context, const Task& task, std::size_t operand) {
  return Router(context, task, operand).route();
}

}  // namespace npusim::mapping
