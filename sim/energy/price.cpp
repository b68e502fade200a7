#include "sim/energy/price.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/energy/cache_energy.h"
#include "sim/energy/dram_energy.h"
#include "sim/energy/store_energy.h"

namespace npusim {
namespace {

double bytesPrice(const ReadWrite& bytes, const StorePoint& point) {
  return static_cast<double>(bytes.read) * point.readPjPerByte +
         static_cast<double>(bytes.write) * point.writePjPerByte;
}

bool any(const ReadWrite& bytes) { return bytes.read != 0 || bytes.write != 0; }

double macPrice(const Counters& counters, const EnergyTable& table, DataType format) {
  if (counters.macs == 0) return 0;
  const auto entry = table.macPj.find(format);
  if (entry == table.macPj.end()) {
    throw BadInput("energy table " + table.name + ": mac_pj: no figure for " +
                   std::string(name(format)) + "; add one");
  }
  return static_cast<double>(counters.macs - counters.gatedMacs) * entry->second;
}

/// A PE looks up an input and a weight in the cycle of a step, each through a port of its cache.
constexpr std::int64_t kCachePorts = 2;

double localStorePrice(const Counters& counters, const ChipConfig& chip, const EnergyTable& table) {
  const LocalStoreConfig& store = chip.array.localStore;
  const bool cached = chip.array.dataflow.kind == ArrayKind::Cached && chip.array.cache.bytes > 0;
  const OperandStoreConfig cache = {.bytes = chip.array.cache.bytes, .ports = kCachePorts};
  const auto price = [&](const ReadWrite& bytes, const OperandStoreConfig& of) {
    const double ports = 1 + table.localStorePortShare * static_cast<double>(of.ports - 1);
    return any(bytes)
               ? ports * bytesPrice(bytes, storeAt(table.localStore, static_cast<double>(of.bytes)))
               : 0.0;
  };
  return price(counters.localStoreBytes.weights, cached ? cache : store.weights) +
         price(counters.localStoreBytes.inputs, cached ? cache : store.inputs) +
         price(counters.localStoreBytes.outputs, store.outputs) + tagPrice(counters, chip, table);
}

const BufferConfig& bufferFor(const ChipConfig& chip, Holds kind) {
  for (const BufferConfig& buffer : chip.buffers) {
    if (buffer.holdsKind(kind)) return buffer;
  }
  ensure(!chip.buffers.empty(), "buffer traffic on a chip without buffers");
  return chip.buffers.front();
}

double bufferPrice(const Counters& counters, const ChipConfig& chip, const EnergyTable& table) {
  const ReadWrite& weights = counters.weightBufferBytes;
  const ReadWrite& sums = counters.accumulatorBytes;
  const ReadWrite activations = {counters.bufferBytes.read - weights.read - sums.read,
                                 counters.bufferBytes.write - weights.write - sums.write};
  ensure(activations.read >= 0 && activations.write >= 0,
         "weight and accumulator bytes exceed the buffers' bytes");
  const std::pair<Holds, ReadWrite> parts[] = {
      {Holds::Weights, weights}, {Holds::Accumulators, sums}, {Holds::Activations, activations}};
  double energy = 0;
  for (const auto& [kind, bytes] : parts) {
    if (!any(bytes)) continue;
    const BufferConfig& buffer = bufferFor(chip, kind);
    const double bank =
        static_cast<double>(buffer.capacityBytes) / static_cast<double>(buffer.banks);
    energy += bytesPrice(bytes, storeAt(table.buffer, bank));
  }
  return energy;
}

double vectorPrice(const Counters& counters, const EnergyTable& table) {
  return static_cast<double>(counters.vectorSimpleOps) * table.vectorSimplePj +
         static_cast<double>(counters.vectorDivideOps) * table.vectorDividePj +
         static_cast<double>(counters.vectorTranscendentalOps) * table.vectorTranscendentalPj;
}

/// Of bytes that are not known to be of one memory: the mean weighted by bandwidth.
double memoryPjPerByte(const ChipConfig& chip) {
  double bandwidth = 0, weighted = 0;
  for (const MemoryConfig& memory : chip.memories) {
    if (memory.kind == MemoryKind::Host) continue;
    bandwidth += memory.peakBytesPerSecond();
    weighted += memory.peakBytesPerSecond() * memory.energyPjPerBit;
  }
  return bandwidth > 0 ? weighted / bandwidth * 8 : 0;
}

/// Each memory's own counts, and what of the bytes they do not cover; what comes from the host's
/// memory costs the link.
double dramPrice(const Counters& counters, const ChipConfig& chip) {
  if (counters.memories.size() > chip.memories.size()) {
    throw BadInput("the counters are of " + std::to_string(counters.memories.size()) +
                   " memories, chip '" + chip.name + "' has " +
                   std::to_string(chip.memories.size()));
  }
  std::int64_t rest = counters.dramBytes.read + counters.dramBytes.write;
  double energy = 0;
  for (std::size_t i = 0; i < counters.memories.size(); ++i) {
    if (chip.memories[i].kind == MemoryKind::Host) continue;
    rest -= counters.memories[i].bytes;
    energy += dramEnergy(chip.memories[i], counters.memories[i]).total();
  }
  return rest == 0 ? energy : energy + static_cast<double>(rest) * memoryPjPerByte(chip);
}

double secondsAt(std::int64_t cycles, double clockMhz) {
  return static_cast<double>(cycles) / (clockMhz * 1e6);
}

}  // namespace

Energy price(const Counters& counters, std::int64_t cycles, const ChipConfig& chip,
             const EnergyTable& table, DataType format) {
  Energy energy;
  energy.mac = macPrice(counters, table, format);
  energy.localStore = localStorePrice(counters, chip, table);
  energy.arrayNetwork =
      static_cast<double>(counters.arrayNetworkBytes.total()) * table.arrayHopPjPerByte;
  energy.buffer = bufferPrice(counters, chip, table) +
                  static_cast<double>(counters.decodedWeights) * table.weightDecodePj;
  energy.vector = vectorPrice(counters, table);
  energy.network = static_cast<double>(counters.networkByteHops) * table.networkPjPerByteHop;
  energy.dram = dramPrice(counters, chip);
  energy.clockIdle = static_cast<double>(cycles) * chip.power.clockTreePjPerCycle +
                     chip.power.idleW * secondsAt(cycles, chip.clockMhz) * 1e12;
  energy.host = static_cast<double>(counters.hostBytes) * 8 * chip.host.energyPjPerBit;
  return energy;
}

Area area(const ChipConfig& chip, const EnergyTable& table) {
  const auto cores = static_cast<double>(chip.cores);
  // Cores in step share buffers and vector unit.
  const double copies = chip.coreControl == CoreControl::Shared ? 1 : cores;
  const double pes = cores * static_cast<double>(chip.array.rows * chip.array.cols);
  double peUm2 = 0;
  for (const auto& [format, rate] : chip.array.macsPerCycle) {
    const auto entry = table.macAreaUm2.find(format);
    if (entry == table.macAreaUm2.end()) {
      throw BadInput("energy table " + table.name + ": mac_area_um2: no figure for " +
                     std::string(name(format)) + "; add one");
    }
    peUm2 = std::max(peUm2, rate * entry->second);
  }
  const LocalStoreConfig& store = chip.array.localStore;
  const CacheTags tags = cacheTags(chip);
  const auto cacheBytes =
      static_cast<double>(tags.bits > 0 ? chip.array.cache.bytes : 0) + tags.bytes;
  const auto storeBytes =
      static_cast<double>(store.weights.bytes + store.inputs.bytes + store.outputs.bytes) +
      cacheBytes;
  double bufferBytes = 0;
  for (const BufferConfig& buffer : chip.buffers) {
    bufferBytes += static_cast<double>(buffer.capacityBytes);
  }
  Area result;
  result.array = pes * peUm2 * 1e-6;
  result.localStore = pes * storeBytes * table.localStoreUm2PerByte * 1e-6;
  result.buffer = copies * bufferBytes * table.bufferUm2PerByte * 1e-6;
  result.vector = copies * static_cast<double>(chip.vector.lanes) * table.vectorLaneUm2 * 1e-6;
  return result;
}

}  // namespace npusim
