#pragma once

#include "sim/stats/result.h"

namespace npusim::tools {

/// The one description of a result file: which field goes by which name. A visitor that reads, one
/// that writes and one that flattens to columns walk it. A visitor offers
///   value(name, field)       a number, string or bool
///   eventual(name, field)    a number or string that is left out where it is 0 or empty
///   object(name, body)       body(visitor) visits the fields of a nested object
///   list(name, items)        objects, each described by fields(visitor, item)
///   eventualList(name, items)  the same, left out where it is empty
///   map(name, pairs)         an object whose names are data
///   computed(name, number)   follows from other fields: written, never read
template <typename Visitor>
void readWrite(Visitor& v, const char* name, ReadWrite& bytes) {
  v.object(name, [&](auto& o) {
    o.value("read", bytes.read);
    o.value("write", bytes.write);
  });
}

template <typename Visitor>
void traffic(Visitor& v, Counters& counters) {
  v.object("traffic_bytes", [&](auto& o) {
    o.object("local_store", [&](auto& store) {
      const ReadWrite all = counters.localStoreBytes.total();
      store.computed("read", all.read);
      store.computed("write", all.write);
    });
    o.computed("array_network", counters.arrayNetworkBytes.total());
    readWrite(o, "buffer", counters.bufferBytes);
    o.value("network", counters.networkByteHops);
    o.eventual("network_ports", counters.networkPortBytes);
    readWrite(o, "dram", counters.dramBytes);
  });
}

template <typename Visitor>
void fields(Visitor& v, DramCounts& counts) {
  v.value("bytes", counts.bytes);
  v.value("reads", counts.reads);
  v.value("writes", counts.writes);
  v.value("activates", counts.activates);
  v.value("refreshes", counts.refreshes);
  v.value("active_cycles", counts.activeCycles);
  v.value("idle_cycles", counts.idleCycles);
  v.eventual("bytes_read", counts.bytesRead);
}

template <typename Visitor>
void fields(Visitor& v, MemoryResult& memory) {
  v.value("name", memory.name);
  v.value("kind", memory.kind);
  readWrite(v, "bytes", memory.bytes);
  v.value("bandwidth_utilization", memory.bandwidthUtilization);
  v.value("energy_pj", memory.energyPj);
}

/// What pricing needs beside the traffic.
template <typename Visitor>
void events(Visitor& v, Counters& counters) {
  v.object("events", [&](auto& o) {
    o.value("macs", counters.macs);
    o.value("zero_operand_macs", counters.zeroOperandMacs);
    o.value("gated_macs", counters.gatedMacs);
    o.object("local_store_bytes", [&](auto& store) {
      readWrite(store, "weights", counters.localStoreBytes.weights);
      readWrite(store, "inputs", counters.localStoreBytes.inputs);
      readWrite(store, "outputs", counters.localStoreBytes.outputs);
    });
    o.object("array_network_bytes", [&](auto& links) {
      links.value("weights", counters.arrayNetworkBytes.weights);
      links.value("inputs", counters.arrayNetworkBytes.inputs);
      links.value("outputs", counters.arrayNetworkBytes.outputs);
    });
    o.eventual("cache_hits", counters.cacheHits);
    o.eventual("cache_misses", counters.cacheMisses);
    readWrite(o, "weight_buffer_bytes", counters.weightBufferBytes);
    readWrite(o, "accumulator_bytes", counters.accumulatorBytes);
    o.eventualList("memories", counters.memories);
    o.value("host_bytes", counters.hostBytes);
    o.eventual("decoded_weights", counters.decodedWeights);
    o.value("vector_simple_ops", counters.vectorSimpleOps);
    o.value("vector_divide_ops", counters.vectorDivideOps);
    o.value("vector_transcendental_ops", counters.vectorTranscendentalOps);
  });
}

template <typename Visitor>
void stalls(Visitor& v, StallCycles& cycles) {
  v.object("stall_cycles", [&](auto& o) {
    o.value("dram", cycles.dram);
    o.value("buffer", cycles.buffer);
    o.value("dependency", cycles.dependency);
    o.value("network", cycles.network);
  });
}

template <typename Visitor>
void energy(Visitor& v, Energy& picojoules) {
  v.object("energy_pj", [&](auto& o) {
    o.value("mac", picojoules.mac);
    o.value("local_store", picojoules.localStore);
    o.value("array_network", picojoules.arrayNetwork);
    o.value("buffer", picojoules.buffer);
    o.value("vector", picojoules.vector);
    o.value("network", picojoules.network);
    o.value("dram", picojoules.dram);
    o.value("clock_idle", picojoules.clockIdle);
    o.value("host", picojoules.host);
    o.eventual("cpu", picojoules.cpu);
  });
}

template <typename Visitor>
void fields(Visitor& v, Loss& loss) {
  v.value("edge", loss.edge);
  v.value("fill_drain", loss.fillDrain);
  v.value("dram", loss.dram);
  v.value("buffer", loss.buffer);
  v.value("dependency", loss.dependency);
  v.value("network", loss.network);
  v.value("overhead", loss.overhead);
}

template <typename Visitor>
void fields(Visitor& v, LoadResult& load) {
  v.value("cycles", load.cycles);
  v.value("time_s", load.timeS);
  v.value("energy_j", load.energyJ);
  v.value("bytes", load.bytes);
  v.eventual("network_byte_hops", load.networkByteHops);
  v.value("host_time_s", load.hostTimeS);
  v.object("host", [&](auto& o) {
    o.value("compile_s", load.compileS);
    o.value("relayout_s", load.relayoutS);
    o.value("cache_s", load.cacheS);
    o.value("setup_s", load.setupS);
  });
  v.value("warm_up_s", load.warmUpS);
  v.computed("first_use_s", load.firstUseS());
  v.computed("from_cache_s", load.fromCacheS());
}

template <typename Visitor>
void fields(Visitor& v, IoResult& io) {
  v.value("time_s", io.timeS);
  v.value("energy_j", io.energyJ);
  v.value("bytes", io.bytes);
  v.value("dispatch_s", io.dispatchS);
}

template <typename Visitor>
void fields(Visitor& v, PredictResult& predict) {
  v.value("cycles", predict.cycles);
  v.value("first_call_cycles", predict.firstCallCycles);
  v.value("time_s", predict.timeS);
  v.value("energy_j", predict.energyJ);
  v.value("average_power_w", predict.averagePowerW);
  v.value("macs", predict.macs);
  v.value("utilization", predict.utilization);
  v.eventual("busiest_core_cycles", predict.busiestCoreCycles);
  v.eventual("idlest_core_cycles", predict.idlestCoreCycles);
  v.eventual("busiest_link_cycles", predict.busiestLinkCycles);
  v.object("loss", [&](auto& o) { fields(o, predict.loss); });
  stalls(v, predict.stalls);
  v.value("buffer_conflict_cycles", predict.counters.bufferConflictCycles);
  traffic(v, predict.counters);
  v.value("compulsory_dram_bytes", predict.compulsoryDramBytes);
  v.object("dram", [&](auto& o) {
    o.value("row_hits", predict.counters.rowHits);
    o.value("row_misses", predict.counters.rowMisses);
    o.value("row_conflicts", predict.counters.rowConflicts);
    o.value("activates", predict.counters.activates);
    o.value("refreshes", predict.counters.refreshes);
    o.value("bandwidth_utilization", predict.bandwidthUtilization);
  });
  v.eventualList("memories", predict.memories);
  energy(v, predict.energy);
  v.value("zero_operand_fraction", predict.zeroOperandFraction);
  events(v, predict.counters);
}

template <typename Visitor>
void fields(Visitor& v, Area& area) {
  v.value("array", area.array);
  v.value("local_store", area.localStore);
  v.value("buffer", area.buffer);
  v.value("vector", area.vector);
  v.value("network", area.network);
  v.computed("total", area.total());
}

template <typename Visitor>
void fields(Visitor& v, LayerResult& layer) {
  v.value("name", layer.name);
  v.value("op", layer.op);
  v.value("output_shape", layer.outputShape);
  v.eventual("machine", layer.machine);
  v.value("macs", layer.macs);
  v.value("cycles", layer.cycles);
  v.value("start_cycle", layer.startCycle);
  v.value("end_cycle", layer.endCycle);
  v.value("utilization", layer.utilization);
  v.value("bound_by", layer.boundBy);
  stalls(v, layer.stalls);
  v.value("buffer_conflict_cycles", layer.counters.bufferConflictCycles);
  traffic(v, layer.counters);
  energy(v, layer.energy);
  events(v, layer.counters);
}

template <typename Visitor>
void fields(Visitor& v, ReferenceResult& reference) {
  v.value("name", reference.name);
  v.value("kind", reference.kind);
  v.value("precision", reference.precision);
  v.value("time_s", reference.timeS);
  v.value("cycles", reference.cycles);
  v.value("energy_j", reference.energyJ);
  v.value("dram_bytes", reference.dramBytes);
  v.map("traffic_bytes", reference.trafficBytes);
  v.value("speedup", reference.speedup);
  v.value("energy_ratio", reference.energyRatio);
  v.eventual("break_even_predictions", reference.breakEven);
  v.eventual("break_even_predictions_from_cache", reference.breakEvenFromCache);
}

template <typename Visitor>
void fields(Visitor& v, ValuesResult& values) {
  v.value("computed", values.computed);
  v.value("checked_against", values.checkedAgainst);
  v.value("max_abs_error", values.maxAbsError);
  v.value("max_rel_error", values.maxRelError);
  v.value("passed", values.passed);
  v.value("detail", values.detail);
}

/// The machine as it was run: enough to price the counters again.
template <typename Visitor>
void machine(Visitor& v, RunResult& result) {
  v.value("network", result.network);
  v.value("rows", result.rows);
  v.value("cols", result.cols);
  v.value("dataflow", result.dataflow);
  v.value("convention", result.convention);
  v.value("clock_mhz", result.clockMhz);
  v.value("throttled_clock_mhz", result.throttledClockMhz);
  v.value("power_limit_w", result.powerLimitW);
  v.value("ideal_memory", result.idealMemory);
  v.value("energy_table", result.energyTable);
  v.value("chip_yaml", result.chipYaml);
}

template <typename Visitor>
void fields(Visitor& v, ShortenedLoop& loop) {
  v.value("name", loop.name);
  v.value("passes", loop.passes);
  v.value("simulated_passes", loop.simulatedPasses);
  v.value("difference", loop.difference);
}

template <typename Visitor>
void fields(Visitor& v, RunResult& result) {
  v.value("npusim", result.version);
  v.value("chip", result.chip);
  v.value("workload", result.workload);
  v.value("fidelity", result.fidelity);
  v.value("precision", result.precision);
  v.value("batch", result.batch);
  v.value("cores", result.cores);
  v.value("seed", result.seed);
  v.value("repeat", result.repeat);
  v.value("chip_hash", result.chipHash);
  v.value("config_hash", result.configHash);
  v.object("machine", [&](auto& o) { machine(o, result); });
  v.object("load", [&](auto& o) { fields(o, result.load); });
  v.object("io", [&](auto& o) { fields(o, result.io); });
  v.object("predict", [&](auto& o) { fields(o, result.predict); });
  v.object("area_mm2", [&](auto& o) { fields(o, result.area); });
  v.list("layers", result.layers);
  v.list("references", result.references);
  v.object("values", [&](auto& o) { fields(o, result.values); });
  v.object("simulation", [&](auto& o) {
    o.value("wall_s", result.wallS);
    o.value("compile_wall_s", result.compileWallS);
    o.value("peak_rss_bytes", result.peakRssBytes);
    o.value("cycles_per_s", result.cyclesPerS);
    o.eventual("left_out_cycles", result.predict.leftOutCycles);
    o.eventualList("shortened_loops", result.predict.shortenedLoops);
  });
}

}  // namespace npusim::tools
