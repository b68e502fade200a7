#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "sim/config/chip_config.h"
#include "sim/config/dataflow_words.h"
#include "sim/config/limits.h"
#include "sim/config/yaml_section.h"
#include "sim/core/yaml_rules.h"

namespace npusim {

/// The keys of a chip file, each once: its name, its field and what it must be. Both directions,
/// reading and writing, walk these functions, so what is written is what can be read.
/// docs/chip_files.md explains every key.

inline constexpr std::array<std::pair<std::string_view, Convention>, 2> kConventionWords = {{
    {"overlapped", Convention::Overlapped},
    {"scale_sim", Convention::ScaleSim},
}};
inline constexpr std::array<std::pair<std::string_view, Holds>, 3> kHoldsWords = {{
    {"weights", Holds::Weights},
    {"activations", Holds::Activations},
    {"accumulators", Holds::Accumulators},
}};

template <typename Visit>
void fields(Visit& visit, CacheConfig& cache) {
  visit.optional("bytes", cache.bytes, Whole{0, limits::kMib});
  if (cache.bytes == 0) {
    visit.neverRead("line_bytes", "bytes", "a cache of 0 bytes has no lines");
    visit.neverRead("ways", "bytes", "a cache of 0 bytes has no lines");
  } else {
    visit.optional("line_bytes", cache.lineBytes, Whole{4, 4096, true});
    visit.optional("ways", cache.ways, limits::kPowerOfTwo);
  }
  visit.optional("coalesce", cache.coalesce, Flag{});
  visit.optional("miss_cycles", cache.missCycles, Whole{1, 1000});
}

/// Mapping parameters in a file: 0 leaves one to the search.
template <typename Visit>
void fields(Visit& visit, RowStationaryPass& mapping) {
  const std::pair<const char*, std::int64_t*> parameters[] = {
      {"e", &mapping.e}, {"p", &mapping.p}, {"q", &mapping.q}, {"r", &mapping.r}, {"t", &mapping.t},
  };
  for (const auto& [key, field] : parameters) visit.optional(key, *field, Whole{0, 65536});
}

template <typename Visit>
void fields(Visit& visit, RowStationaryConfig& rowStationary) {
  visit.optional("filter_bus_bits", rowStationary.filterBusBits, limits::kPowerOfTwo);
  visit.optional("input_bus_bits", rowStationary.inputBusBits, limits::kPowerOfTwo);
  visit.optional("sum_bus_bits", rowStationary.sumBusBits, limits::kPowerOfTwo);
  visit.optional("pipeline_stages", rowStationary.pipelineStages, Whole{1, 64});
  visit.section("mapping", rowStationary.mapping);
}

template <typename Visit>
void fields(Visit& visit, ArrayConfig& array) {
  visit.optional("rows", array.rows, Whole{1, 4096});
  visit.optional("cols", array.cols, Whole{1, 4096});
  visit.optional("dataflow", array.dataflow, DataflowRule{});
  visit.optional("convention", array.convention, Word<Convention>{kConventionWords});
  if (array.dataflow.kind != ArrayKind::Systolic || array.dataflow.holdsOutputs()) {
    visit.neverRead("double_buffered_weights", "dataflow",
                    "the dataflow " + array.dataflow.name + " does not hold weights or inputs");
  } else if (array.convention == Convention::ScaleSim) {
    visit.neverRead("double_buffered_weights", "convention",
                    "the scale_sim convention overlaps nothing");
  } else {
    visit.optional("double_buffered_weights", array.doubleBufferedWeights, Flag{});
  }
  visit.optional("partial_sum_bytes", array.partialSumBytes, Whole{2, 4, true});
  visit.optional("zero_gating", array.zeroGating, Flag{});
  visit.byFormat("macs_per_cycle", array.macsPerCycle, WholeOrPart{1024});
  if (array.dataflow.kind == ArrayKind::Cached) {
    visit.section("cache", array.cache);
  } else {
    visit.neverRead("cache", "dataflow", "only the dataflow cached gives PEs a cache");
  }
  if (array.dataflow.kind == ArrayKind::RowStationary) {
    visit.section("row_stationary", array.rowStationary);
  } else {
    visit.neverRead("row_stationary", "dataflow",
                    "only the dataflow row_stationary has its networks and mapping");
  }
}

template <typename Visit>
void fields(Visit& visit, OperandStoreConfig& store) {
  visit.optional("bytes", store.bytes, Whole{1, limits::kMib});
  visit.optional("word_bits", store.wordBits, Whole{0, 4096});
  visit.optional("ports", store.ports, Whole{1, 16});
}

template <typename Visit>
void fields(Visit& visit, LocalStoreConfig& store) {
  visit.section("weights", store.weights);
  visit.section("inputs", store.inputs);
  visit.section("outputs", store.outputs);
}

template <typename Visit>
void fields(Visit& visit, BufferConfig& buffer) {
  visit.optional("name", buffer.name, Text{});
  visit.required("holds", buffer.holds, ListOf<Word<Holds>>{{kHoldsWords}});
  visit.required("capacity_kib", buffer.capacityBytes, Capacity{limits::kKib, limits::kTib});
  visit.optional("banks", buffer.banks, limits::kCount);
  visit.optional("width_bytes", buffer.widthBytes, limits::kPowerOfTwo);
  visit.optional("ports", buffer.ports, Whole{1, 16});
}

template <typename Visit>
void fields(Visit& visit, DramTiming& timing) {
  visit.required("clock_mhz", timing.clockMhz, limits::kClockMhz);
  visit.required("burst_length", timing.burstLength, Whole{1, 64, true});
  visit.required("data_rate", timing.dataRate, Whole{1, 16, true});
  visit.required("bus_bits", timing.busBits, Whole{8, 4096, true});
  const std::pair<const char*, std::int64_t*> cycles[] = {
      {"CL", &timing.CL},       {"CWL", &timing.CWL},     {"RCD", &timing.RCD},
      {"RP", &timing.RP},       {"RAS", &timing.RAS},     {"RC", &timing.RC},
      {"RRD_S", &timing.RRD_S}, {"RRD_L", &timing.RRD_L}, {"FAW", &timing.FAW},
      {"CCD_S", &timing.CCD_S}, {"CCD_L", &timing.CCD_L}, {"WTR_S", &timing.WTR_S},
      {"WTR_L", &timing.WTR_L}, {"WR", &timing.WR},       {"RTP", &timing.RTP},
      {"RFC", &timing.RFC},     {"REFI", &timing.REFI},
  };
  for (const auto& [key, field] : cycles) visit.required(key, *field, Whole{0, 1'000'000});
  const std::pair<const char*, std::int64_t*> others[] = {
      {"RCDWR", &timing.RCDWR},      {"RPab", &timing.RPab},
      {"RTW", &timing.RTW},          {"PPD", &timing.PPD},
      {"RTRS", &timing.RTRS},        {"data_delay", &timing.dataDelay},
      {"wck_sync", &timing.wckSync}, {"wck_idle", &timing.wckIdle},
  };
  for (const auto& [key, field] : others) visit.optional(key, *field, Whole{0, 1'000'000});
  visit.optional("activate_clocks", timing.activateClocks, Whole{1, 8});
  visit.optional("column_clocks", timing.columnClocks, Whole{1, 8});
  visit.optional("precharge_clocks", timing.prechargeClocks, Whole{1, 8});
  visit.optional("split_command_bus", timing.splitCommandBus, Flag{});
}

template <typename Visit>
void fields(Visit& visit, DramCurrents& currents) {
  visit.optional("vdd", currents.vdd, Number{0, 10});
  const std::pair<const char*, double*> milliamperes[] = {
      {"idd0", &currents.idd0},   {"idd2n", &currents.idd2n}, {"idd3n", &currents.idd3n},
      {"idd4r", &currents.idd4r}, {"idd4w", &currents.idd4w}, {"idd5", &currents.idd5},
  };
  for (const auto& [key, field] : milliamperes) visit.optional(key, *field, Number{0, 100'000});
  visit.optional("devices", currents.devices, Whole{1, 64});
}

template <typename Visit>
void fields(Visit& visit, DramControllerConfig& controller) {
  visit.optional("read_queue", controller.readQueue, Whole{1, 4096});
  visit.optional("write_queue", controller.writeQueue, Whole{1, 4096});
  visit.optional("drain_above", controller.drainAbove, Number{0, 1});
  visit.optional("drain_below", controller.drainBelow, Number{0, 1});
}

inline constexpr std::array<std::pair<std::string_view, MemoryKind>, 3> kMemoryKindWords = {{
    {"dram", MemoryKind::Dram},
    {"sram", MemoryKind::Sram},
    {"host", MemoryKind::Host},
}};

inline constexpr std::array<std::pair<std::string_view, Compression>, 2> kCompressionWords = {{
    {"none", Compression::None},
    {"rlc", Compression::RunLength},
}};

template <typename Visit>
void dramFields(Visit& visit, MemoryConfig& memory) {
  visit.optional("preset", memory.preset, Text{.mayBeEmpty = true});
  visit.optional("channels", memory.channels, limits::kCount);
  visit.optional("ranks", memory.ranks, Whole{1, 64, true});
  visit.optional("bank_groups", memory.bankGroups, Whole{1, 64, true});
  visit.optional("banks_per_group", memory.banksPerGroup, Whole{1, 64, true});
  visit.optional("row_bytes", memory.rowBytes, Whole{64, 65536, true});
  visit.optional("mapping", memory.mapping, Text{});
  visit.section("timing", memory.timing);
  visit.section("currents", memory.currents);
  visit.section("controller", memory.controller);
}

/// What only a DRAM has.
inline constexpr std::array kDramKeys = {"preset",          "channels",   "ranks",   "bank_groups",
                                         "banks_per_group", "row_bytes",  "mapping", "timing",
                                         "currents",        "controller", "rank_mib"};

/// What the section `host` says of the host's memory, or nobody has to.
inline constexpr std::array kOwnMemoryKeys = {
    "holds",      "capacity_mib", "energy_pj_per_bit", "bandwidth_gb_per_s",
    "latency_ns", "compression"};

template <typename Visit>
void fields(Visit& visit, MemoryConfig& memory) {
  visit.optional("name", memory.name, Text{});
  visit.optional("kind", memory.kind, Word<MemoryKind>{kMemoryKindWords});
  if (memory.kind == MemoryKind::Host) {
    const auto neverRead = [&](const char* key) {
      visit.neverRead(key, "kind",
                      "the host's memory takes any weights, with the bandwidth, latency and energy "
                      "of the link that host describes");
    };
    std::for_each(kOwnMemoryKeys.begin(), kOwnMemoryKeys.end(), neverRead);
    std::for_each(kDramKeys.begin(), kDramKeys.end(), neverRead);
    return;
  }
  visit.optional("holds", memory.holds, ListOf<Word<Holds>>{std::span(kHoldsWords).first(2)});
  visit.required("capacity_mib", memory.capacityBytes, Capacity{limits::kMib, limits::kTib});
  visit.required("energy_pj_per_bit", memory.energyPjPerBit, limits::kNotNegative);
  if (memory.kind == MemoryKind::Sram) {
    visit.required("bandwidth_gb_per_s", memory.bandwidthGbPerS, limits::kPositive);
    visit.optional("latency_ns", memory.latencyNs, limits::kNotNegative);
    for (const char* key : kDramKeys) {
      visit.neverRead(key, "kind", "an sram has a bandwidth and a latency, no rows and commands");
    }
  } else {
    dramFields(visit, memory);
  }
  visit.optional("compression", memory.compression, Word<Compression>{kCompressionWords});
}

/// Operations a cycle by ElementCost; 0: the vector unit has none of that class.
template <typename Visit>
void fields(Visit& visit, std::array<double, 3>& opsPerCycle) {
  constexpr Number kRate{1e-6, 1024};
  visit.optional("simple", opsPerCycle[0], kRate);
  constexpr Number kRateOrNone{0, 1024};
  visit.optional("divide", opsPerCycle[1], kRateOrNone);
  visit.optional("transcendental", opsPerCycle[2], kRateOrNone);
}

template <typename Visit>
void fields(Visit& visit, VectorConfig& vector) {
  visit.optional("lanes", vector.lanes, limits::kCount);
  visit.section("ops_per_cycle", vector.opsPerCycle);
  visit.optional("inline_after_array", vector.inlineAfterArray, Flag{});
}

template <typename Visit>
void fields(Visit& visit, DmaConfig& dma) {
  visit.optional("issue_cycles", dma.issueCycles, limits::kCycles);
  visit.optional("outstanding_bursts", dma.outstandingBursts, limits::kCount);
  visit.optional("min_burst_bytes", dma.minBurstBytes, limits::kPowerOfTwo);
  visit.optional("width_bytes", dma.widthBytes, limits::kPowerOfTwo);
}

/// A list of weight formats, or the word none.
struct WeightFormatsRule {
  using Value = std::vector<WeightFormat>;
  static constexpr ListOf<Word<WeightFormat>> kList{{kWeightFormatWords}};

  Value read(const YamlNode& node, const std::string& path) const {
    return node.text == "none" ? Value{} : kList.read(node, path);
  }
  YamlNode write(const Value& formats) const {
    return formats.empty() ? scalarNode("none") : kList.write(formats);
  }
  std::string describe() const { return kList.describe() + ", or none"; }
};

template <typename Visit>
void fields(Visit& visit, DecoderConfig& decoder) {
  visit.optional("formats", decoder.formats, WeightFormatsRule{});
  if (decoder.formats.empty()) {
    visit.neverRead("values_per_cycle", "formats", "a decoder without formats decodes nothing");
  } else {
    visit.optional("values_per_cycle", decoder.valuesPerCycle, limits::kCount);
  }
}

template <typename Visit>
void fields(Visit& visit, HostConfig& host) {
  visit.optional("bandwidth_gb_per_s", host.bandwidthGbPerS, limits::kPositive);
  visit.optional("latency_us", host.latencyUs, limits::kNotNegative);
  visit.optional("dispatch_us", host.dispatchUs, limits::kNotNegative);
  visit.optional("compile_ms", host.compileMs, limits::kNotNegative);
  visit.optional("compile_ms_per_mib", host.compileMsPerMib, limits::kNotNegative);
  visit.optional("cache_ms", host.cacheMs, limits::kNotNegative);
  visit.optional("load_setup_ms", host.loadSetupMs, limits::kNotNegative);
  visit.optional("load_ms_per_mib", host.loadMsPerMib, limits::kNotNegative);
  visit.optional("first_call_ms", host.firstCallMs, limits::kNotNegative);
  visit.optional("warmup_calls", host.warmupCalls, Whole{1, 1000});
  visit.optional("energy_pj_per_bit", host.energyPjPerBit, limits::kNotNegative);
}

template <typename Visit>
void fields(Visit& visit, PowerConfig& power) {
  visit.optional("idle_w", power.idleW, limits::kNotNegative);
  visit.optional("clock_tree_pj_per_cycle", power.clockTreePjPerCycle, limits::kNotNegative);
  visit.optional("limit_w", power.limitW, limits::kNotNegative);
  visit.optional("throttled_clock_mhz", power.throttledClockMhz, Number{0, 100'000});
}

inline constexpr std::array<std::pair<std::string_view, Topology>, 4> kTopologyWords = {{
    {"crossbar", Topology::Crossbar},
    {"mesh", Topology::Mesh},
    {"ring", Topology::Ring},
    {"exchange", Topology::Exchange},
}};
inline constexpr std::array<std::pair<std::string_view, CoreControl>, 2> kCoreControlWords = {{
    {"own", CoreControl::Own},
    {"shared", CoreControl::Shared},
}};

template <typename Visit>
void fields(Visit& visit, NetworkConfig& network) {
  visit.optional("topology", network.topology, Word<Topology>{kTopologyWords});
  visit.optional("link_bytes", network.linkBytes, limits::kCount);
  visit.optional("hop_cycles", network.hopCycles, Whole{0, 1000});
  if (network.topology == Topology::Mesh) {
    visit.optional("columns", network.columns, Whole{0, 2048});
  } else {
    visit.neverRead("columns", "topology", "only a mesh has columns");
  }
  visit.optional("memory_ports", network.memoryPorts, Whole{1, 2048});
  visit.optional("multicast", network.multicast, Flag{});
  visit.optional("sync_cycles", network.syncCycles, limits::kCycles);
  visit.optional("supersteps", network.supersteps, Flag{});
}

/// Of several cores.
template <typename Visit>
void coreFields(Visit& visit, ChipConfig& chip) {
  visit.optional("core_control", chip.coreControl, Word<CoreControl>{kCoreControlWords});
  if (chip.coreControl == CoreControl::Own) {
    visit.optional("keep_weights", chip.keepWeights, Flag{});
    visit.section("network", chip.network);
  } else {
    for (const char* key : {"keep_weights", "network"}) {
      visit.neverRead(key, "core_control", "cores of shared control share their buffers");
    }
  }
}

template <typename Visit>
void fields(Visit& visit, ChipConfig& chip) {
  visit.required("name", chip.name, Text{});
  visit.optional("node_nm", chip.nodeNm, Number{1, 1000});
  visit.optional("clock_mhz", chip.clockMhz, limits::kClockMhz);
  visit.optional("cores", chip.cores, Whole{1, 2048});
  if (chip.cores == 1) {
    for (const char* key : {"core_control", "keep_weights", "network"}) {
      visit.neverRead(key, "cores", "the chip has one core", "set cores above 1 or leave it out");
    }
  } else {
    coreFields(visit, chip);
  }
  visit.optional("energy", chip.energy, Text{});
  visit.required("formats", chip.formats, ListOf<Word<DataType>>{{formatWords()}});
  visit.optional("issue_cycles", chip.issueCycles, limits::kCycles);
  visit.optional("program_kib", chip.programKib, Whole{0, limits::kTib / limits::kKib});
  visit.section("array", chip.array);
  visit.section("local_store", chip.array.localStore);
  visit.firstAndRest("buffer", "buffers", chip.buffers, false);
  visit.firstAndRest("memory", "memories", chip.memories, true);
  visit.section("vector", chip.vector);
  visit.section("dma", chip.dma);
  visit.section("decoder", chip.decoder);
  visit.section("host", chip.host);
  visit.section("power", chip.power);
  visit.optional("ideal_memory", chip.idealMemory, Flag{});
}

}  // namespace npusim
