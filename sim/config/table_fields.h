#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "sim/config/energy_table.h"
#include "sim/config/limits.h"
#include "sim/config/reference_config.h"
#include "sim/core/yaml_rules.h"

namespace npusim {

/// The keys of an energy table and of a reference machine; see chip_fields.h.

template <typename Visit>
void fields(Visit& visit, StorePoint& point) {
  visit.required("capacity_bytes", point.capacityBytes, Number{1, 1e12});
  visit.required("read_pj_per_byte", point.readPjPerByte, limits::kPositive);
  visit.required("write_pj_per_byte", point.writePjPerByte, limits::kPositive);
}

template <typename Visit>
void fields(Visit& visit, EnergyTable& table) {
  visit.required("name", table.name, Text{});
  visit.required("node_nm", table.nodeNm, Number{1, 1000});
  visit.byFormat("mac_pj", table.macPj, limits::kPositive);
  visit.byFormat("mac_area_um2", table.macAreaUm2, limits::kPositive);
  visit.list("local_store", table.localStore);
  visit.optional("local_store_port_share", table.localStorePortShare, limits::kNotNegative);
  visit.list("buffer", table.buffer);
  visit.required("local_store_um2_per_byte", table.localStoreUm2PerByte, limits::kNotNegative);
  visit.required("buffer_um2_per_byte", table.bufferUm2PerByte, limits::kNotNegative);
  visit.required("array_hop_pj_per_byte", table.arrayHopPjPerByte, limits::kNotNegative);
  visit.optional("tag_compare_pj_per_bit", table.tagComparePjPerBit, limits::kPositive);
  visit.required("vector_simple_pj", table.vectorSimplePj, limits::kNotNegative);
  visit.required("vector_divide_pj", table.vectorDividePj, limits::kNotNegative);
  visit.required("vector_transcendental_pj", table.vectorTranscendentalPj, limits::kNotNegative);
  visit.required("vector_lane_um2", table.vectorLaneUm2, limits::kNotNegative);
  visit.required("network_pj_per_byte_hop", table.networkPjPerByteHop, limits::kNotNegative);
  visit.optional("weight_decode_pj", table.weightDecodePj, limits::kNotNegative);
}

template <typename Visit>
void fields(Visit& visit, ReferenceCacheLevel& level) {
  visit.required("name", level.name, Text{});
  visit.required("capacity_kib", level.capacityBytes, Capacity{limits::kKib, limits::kTib});
  visit.optional("copies", level.copies, limits::kCount);
  visit.required("bytes_per_cycle", level.bytesPerCycle, limits::kPositive);
  visit.required("pj_per_byte", level.pjPerByte, limits::kNotNegative);
}

inline constexpr std::array<std::pair<std::string_view, ReferenceConfig::Kind>, 2> kKindWords = {{
    {"cpu", ReferenceConfig::Kind::Cpu},
    {"gpu", ReferenceConfig::Kind::Gpu},
}};

template <typename Visit>
void fields(Visit& visit, ReferenceConfig& machine) {
  visit.required("name", machine.name, Text{});
  visit.required("kind", machine.kind, Word<ReferenceConfig::Kind>{kKindWords});
  visit.required("clock_mhz", machine.clockMhz, limits::kClockMhz);
  visit.required("cores", machine.cores, limits::kCount);
  visit.byFormat("macs_per_cycle_per_core", machine.macsPerCyclePerCore, limits::kPositive);
  visit.required("vector_ops_per_cycle_per_core", machine.vectorOpsPerCyclePerCore,
                 limits::kPositive);
  visit.optional("transcendental_cost", machine.transcendentalCost, limits::kPositive);
  visit.optional("divide_cost", machine.divideCost, limits::kPositive);
  visit.optional("tile_m", machine.tileM, limits::kCount);
  visit.optional("tile_n", machine.tileN, limits::kCount);
  visit.optional("tile_k", machine.tileK, limits::kCount);
  visit.optional("matrix_efficiency", machine.matrixEfficiency, limits::kShare);
  visit.optional("convolution_efficiency", machine.convolutionEfficiency, limits::kShare);
  visit.optional("winograd_gain", machine.winogradGain, Number{1, 9});
  visit.optional("overlap", machine.overlap, Number{0, 1});
  visit.list("caches", machine.caches);
  visit.required("memory_gb_per_s", machine.memoryGbPerS, limits::kPositive);
  visit.optional("memory_efficiency", machine.memoryEfficiency, limits::kShare);
  visit.required("memory_pj_per_byte", machine.memoryPjPerByte, limits::kNotNegative);
  visit.optional("launch_us", machine.launchUs, limits::kNotNegative);
  visit.optional("launch_overlap_us", machine.launchOverlapUs, limits::kNotNegative);
  visit.byFormat("mac_pj", machine.macPj, limits::kNotNegative);
  visit.required("element_op_pj", machine.elementOpPj, limits::kNotNegative);
  visit.optional("idle_w", machine.idleW, limits::kNotNegative);
  visit.optional("busy_w", machine.busyW, limits::kNotNegative);
}

}  // namespace npusim
