#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/config/dataflow.h"
#include "sim/core/array_cost.h"
#include "sim/core/data_type.h"
#include "sim/core/weight_code.h"

namespace npusim {

/// One machine as its YAML file describes it, resolved: defaults applied, presets read, every
/// value checked. Plain data; each field's unit is in its name. Field names are the file's keys.

/// How array cycles are counted; see docs/architecture.md.
enum class Convention : std::uint8_t { Overlapped, ScaleSim };
std::string_view name(Convention convention);

/// What one PE keeps of one operand.
struct OperandStoreConfig {
  std::int64_t bytes = 4;
  std::int64_t wordBits = 0;  ///< moved by one access; 0: what a PE needs in a cycle
  std::int64_t ports = 1;     ///< accesses in a cycle
};

/// The local store of a PE.
struct LocalStoreConfig {
  OperandStoreConfig weights, inputs;
  OperandStoreConfig outputs = {.bytes = 4, .wordBits = 0, .ports = 2};
};

/// The cache of each PE of the dataflow `cached`: set-associative, least recently used out first.
struct CacheConfig {
  std::int64_t bytes = 256;     ///< of operands; 0: no cache, every operand comes from its buffer
  std::int64_t lineBytes = 16;  ///< fetched at a time
  std::int64_t ways = 4;        ///< lines of a set; at or above lines(): fully associative
  /// PEs that wait for the same line share one fetch.
  bool coalesce = true;
  std::int64_t missCycles = 4;  ///< from the buffer's last access for a line until a PE has it

  std::int64_t lines() const { return bytes / lineBytes; }
  std::int64_t linesOfSet() const { return ways < lines() ? ways : lines(); }
};

/// The networks and the pipeline of an array with the dataflow `row_stationary`.
struct RowStationaryConfig {
  std::int64_t filterBusBits = 64;  ///< filters to the PEs, a cycle
  std::int64_t inputBusBits = 16;   ///< inputs to the PEs
  std::int64_t sumBusBits = 64;     ///< sums to the PEs, and on a network of its own back
  std::int64_t pipelineStages = 3;  ///< of a PE, from reading operands to writing the sum
  /// Mapping parameters that instructions without their own must use; 0: the search chooses.
  RowStationaryPass mapping;
};

enum class Holds : std::uint8_t { Weights, Activations, Accumulators };
std::string_view name(Holds holds);

struct ArrayConfig {
  std::int64_t rows = 32;
  std::int64_t cols = 32;
  Dataflow dataflow = dataflowPreset("weight_stationary");
  Convention convention = Convention::Overlapped;
  /// The held operand of the next fold arrives while this fold streams.
  bool doubleBufferedWeights = true;
  /// Of a partial sum in the accumulators' buffer: 4 (fp32, int32), or 2 (fp16; float formats
  /// only). Sums of int16 products take 8 there.
  std::int64_t partialSumBytes = 4;
  /// A PE whose input is zero neither multiplies nor touches its local store; cycles are the same.
  bool zeroGating = false;
  /// MACs one PE does in a cycle, by operand format; a chip computes only the formats listed.
  /// 0.25 means a MAC every 4 cycles; 2 means a 2-long dot product each cycle.
  std::map<DataType, double> macsPerCycle;
  /// Bytes of a partial sum in the accumulators' buffer, by operand format.
  std::int64_t storedSumBytes(DataType operand) const {
    return operand == DataType::Int16 ? sumBytesOf(operand) : partialSumBytes;
  }
  LocalStoreConfig localStore;        ///< of each PE; the file's `local_store`
  CacheConfig cache;                  ///< of each PE; read only for the dataflow `cached`
  RowStationaryConfig rowStationary;  ///< read only for the dataflow `row_stationary`
};

/// What a buffer serves in a cycle: accesses (banks x ports) of up to so many bytes each.
struct BufferPort {
  std::int64_t accesses = 0;  ///< 0: any number
  std::int64_t bytes = 1;
};

/// An on-chip buffer. The first one is the file's `buffer`, the rest its `buffers`.
struct BufferConfig {
  std::string name = "buffer";
  std::vector<Holds> holds;
  std::int64_t capacityBytes = 0;  ///< from capacity_kib
  std::int64_t banks = 16;
  std::int64_t widthBytes = 64;  ///< of one bank's port, a cycle
  std::int64_t ports = 1;        ///< accesses a bank serves in a cycle

  bool holdsKind(Holds what) const;
  BufferPort port() const { return {banks * ports, widthBytes}; }
};

/// DRAM timing of one channel, in memory-clock cycles (tCK) unless named otherwise. Names are the
/// standards' (tRCD is RCD); 0 for an optional one means what its comment says.
struct DramTiming {
  double clockMhz = 0;  ///< command clock, 1 / tCK
  std::int64_t burstLength = 8;
  std::int64_t dataRate = 2;  ///< data beats a command clock
  std::int64_t busBits = 64;  ///< of one channel
  std::int64_t CL = 0, CWL = 0, RCD = 0, RP = 0, RAS = 0, RC = 0, RRD_S = 0, RRD_L = 0, FAW = 0;
  std::int64_t CCD_S = 0, CCD_L = 0, WTR_S = 0, WTR_L = 0, WR = 0, RTP = 0, RFC = 0, REFI = 0;
  std::int64_t RCDWR = 0;  ///< activate to write; 0: RCD
  std::int64_t RPab = 0;   ///< precharge of all banks; 0: RP
  std::int64_t RTW = 0;    ///< read to write; 0: CL + burst + 2 - CWL
  std::int64_t PPD = 0;    ///< precharge to precharge
  std::int64_t RTRS = 2;   ///< between data of different ranks
  /// Clocks of the command bus that a command takes; 1: one.
  std::int64_t activateClocks = 1, columnClocks = 1, prechargeClocks = 1;
  bool splitCommandBus = false;  ///< row and column commands have a bus each (HBM)
  std::int64_t dataDelay = 0;    ///< of read data beyond CL (LPDDR4: DQSCK and the like)
  /// A column command after the data clock has stopped needs a CAS command of this many clocks
  /// before it (LPDDR5: WCK2CK synchronisation); 0: none.
  std::int64_t wckSync = 0;
  std::int64_t wckIdle = 0;  ///< clocks after the last data at which that clock stops

  std::int64_t burstCycles() const { return (burstLength + dataRate - 1) / dataRate; }
  std::int64_t burstBytes() const { return burstLength * busBits / 8; }
};

/// Supply currents of one device for the energy of each command (Micron TN-41-01). Volts, mA.
struct DramCurrents {
  double vdd = 0;  ///< 0: no currents published, energy_pj_per_bit prices the traffic
  double idd0 = 0, idd2n = 0, idd3n = 0, idd4r = 0, idd4w = 0, idd5 = 0;
  std::int64_t devices = 1;  ///< of one rank
};

/// The controller of one channel.
struct DramControllerConfig {
  std::int64_t readQueue = 32, writeQueue = 32;  ///< requests, bursts each
  double drainAbove = 0.8, drainBelow = 0.2;     ///< of the write queue, starts and ends a drain
};

/// How feature maps lie in a memory.
enum class Compression : std::uint8_t {
  None,
  RunLength,  ///< streams of the run-length code of sim/memory/run_length.h
};

enum class MemoryKind : std::uint8_t {
  Dram,
  Sram,  ///< a shared on-chip level (system cache, common memory): bandwidth and latency only
  Host,  ///< the host's memory behind the link that `host` describes: weights that are streamed
};

std::string_view name(MemoryKind kind);

/// Bytes of one request to a memory whose commands are not modelled: a cache line, or the default
/// Max_Read_Request_Size of PCI Express (Base Specification 3.0, 7.8.4).
constexpr std::int64_t requestBytes(MemoryKind kind) { return kind == MemoryKind::Host ? 512 : 64; }

/// One off-array memory: `memory` (the first) or an entry of `memories`. What several of them may
/// hold goes to the first in which it finds room.
struct MemoryConfig {
  std::string name = "dram";
  MemoryKind kind = MemoryKind::Dram;
  double bandwidthGbPerS = 0, latencyNs = 0;  ///< of an SRAM; of a host's memory the link's
  std::string preset;
  std::vector<Holds> holds = {Holds::Weights, Holds::Activations};  ///< never accumulators
  std::int64_t capacityBytes = 0;                                   ///< from capacity_mib
  std::int64_t channels = 1;
  std::int64_t ranks = 1, bankGroups = 1, banksPerGroup = 8;
  std::int64_t rowBytes = 2048;  ///< of one bank in one channel
  /// Address bits from most to least significant, of ro ra ba bg ch co, e.g. "ro-ba-bg-co";
  /// ra and fields of size 1 may be left out.
  std::string mapping = "ro-ba-bg-ch-co";
  DramTiming timing;
  double energyPjPerBit = 0;  ///< read or write, all in; where no currents are
  DramCurrents currents;
  DramControllerConfig controller;
  Compression compression = Compression::None;  ///< of feature maps of 16-bit formats

  bool holdsKind(Holds what) const;
  /// Nominal bandwidth of all channels.
  double peakBytesPerSecond() const;
};

enum class Topology : std::uint8_t {
  Crossbar,
  Mesh,      ///< routed first along the row, then along the column
  Ring,      ///< both ways, the shorter one
  Exchange,  ///< compiled all-to-all: only what a core sends and receives limits it (IPU)
};
std::string_view name(Topology topology);

/// The network between cores, and to the memories. Cores are numbered row by row in a mesh.
struct NetworkConfig {
  Topology topology = Topology::Crossbar;
  std::int64_t linkBytes = 32;   ///< a link moves in a cycle, each way
  std::int64_t hopCycles = 1;    ///< of the head of a message, a router and a link
  std::int64_t columns = 0;      ///< of a mesh; 0: as square as the number of cores allows
  std::int64_t memoryPorts = 1;  ///< where memories are attached, spread over a mesh's first column
  bool multicast = true;         ///< one message may reach many cores
  std::int64_t syncCycles = 8;   ///< from the last core's signal until all cores know
  bool supersteps = false;       ///< all cores exchange, then all compute
};

enum class CoreControl : std::uint8_t {
  Own,     ///< every core runs its own queues and has buffers of its own
  Shared,  ///< one command stream drives all cores in step; they share the buffers, and each
           ///< takes its part of a product
};

struct VectorConfig {
  std::int64_t lanes = 32;
  /// Elements a lane finishes in a cycle, by ElementCost (simple, divide, transcendental).
  std::array<double, 3> opsPerCycle = {1, 0.25, 0.25};
  /// Post-processing of array results runs in a pipeline behind the array: a chain costs its
  /// slowest step instead of the sum of its steps.
  bool inlineAfterArray = true;
};

struct DmaConfig {
  std::int64_t issueCycles = 16;        ///< to start one descriptor
  std::int64_t outstandingBursts = 64;  ///< requests in flight
  std::int64_t minBurstBytes = 32;      ///< smaller pieces move as much and waste the rest
  std::int64_t widthBytes = 64;         ///< moved on chip in a cycle
};

/// Expands encoded weights as a DMA engine brings them from a memory.
struct DecoderConfig {
  std::vector<WeightFormat> formats;  ///< none: weights lie as values
  std::int64_t valuesPerCycle = 32;   ///< of each DMA engine
  bool decodes(WeightFormat format) const;
};

/// Link to the host and what loading costs there.
struct HostConfig {
  double bandwidthGbPerS = 8;
  double latencyUs = 1;
  double dispatchUs = 5;         ///< to start one inference
  double compileMs = 0;          ///< of a network on the host, when no cache has it; fixed part
  double compileMsPerMib = 0;    ///< and by weight MiB
  double cacheMs = 0;            ///< to find a compiled network in the host's cache
  double loadSetupMs = 0;        ///< to set the chip up for a network
  double loadMsPerMib = 0;       ///< re-layout of weights on the host
  double firstCallMs = 0;        ///< what the first prediction takes beyond the steady state
  std::int64_t warmupCalls = 1;  ///< over which that fades out, halving
  double energyPjPerBit = 10;    ///< of the link
};

struct PowerConfig {
  double idleW = 0;  ///< leakage and always-on logic
  double clockTreePjPerCycle = 0;
  double limitW = 0;             ///< 0: none
  double throttledClockMhz = 0;  ///< clock while over the limit
};

struct ChipConfig {
  std::string name = "edge";
  double nodeNm = 7;
  double clockMhz = 1000;
  std::int64_t cores = 1;
  CoreControl coreControl = CoreControl::Own;
  /// Weights stay in the cores' own buffers where they fit, loaded once; else every prediction
  /// brings them from memory. Chips without a memory for weights always keep them.
  bool keepWeights = false;
  NetworkConfig network;       ///< read only for several cores
  std::string energy = "7nm";  ///< energy table, configs/energy
  /// Formats in order of preference: --precision defaults to the network's own, else the first.
  std::vector<DataType> formats;
  ArrayConfig array;
  std::vector<BufferConfig> buffers;  ///< at least one
  std::vector<MemoryConfig> memories;
  VectorConfig vector;
  DmaConfig dma;
  DecoderConfig decoder;
  HostConfig host;
  PowerConfig power;
  std::int64_t issueCycles = 1;  ///< sequencer, to start one instruction
  std::int64_t programKib = 0;   ///< of the store for instructions; 0: no limit
  bool idealMemory = false;      ///< --memory ideal

  /// Peak multiply-accumulates a cycle in `format` (0 when the chip lacks it).
  double peakMacsPerCycle(DataType format) const;
  bool supports(DataType format) const;
  /// Peak bandwidth of all memories that are the chip's own.
  double memoryBytesPerSecond() const;
};

}  // namespace npusim
