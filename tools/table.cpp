#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "tools/text_table.h"
#include "tools/units.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

using Align = TextTable::Align;

constexpr double kPico = 1e-12;
constexpr int kBarWidth = 40;  ///< characters of a whole

double asDouble(std::int64_t count) { return static_cast<double>(count); }

double ratio(double part, double whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN() : part / whole;
}

std::string energy(double joules) { return si(joules, "J"); }

std::string header(const RunResult& r) {
  std::string text = fmt::format("{} on {}: {}, batch {}, values {}, {} fidelity{}\n", r.workload,
                                 r.chip, r.precision, r.batch, r.values.computed ? "on" : "off",
                                 r.fidelity, r.idealMemory ? ", ideal memory" : "");
  const bool throttled = r.throttledClockMhz > 0;
  if (r.cores > 1) {
    text += fmt::format("{} cores, {}, each ", r.cores,
                        r.network == "shared" ? "shared buffers" : r.network);
  }
  text += fmt::format("{} x {} processing elements, {} at {:g} MHz{} (cycles: {} [1])\n", r.rows,
                      r.cols, r.dataflow, throttled ? r.throttledClockMhz : r.clockMhz,
                      throttled ? fmt::format(", throttled from {:g} MHz", r.clockMhz) : "",
                      r.convention);
  if (r.abovePowerLimit()) {
    constexpr double kRoundedUp = 1.001;  // of four digits
    text += fmt::format(
        "{}ABOVE its power limit: predict takes {:.4g} W, the limit is {:g} W; try "
        "--set power.limit_w={:.4g} or a lower power.throttled_clock_mhz\n",
        throttled ? "still " : "", r.predict.averagePowerW, r.powerLimitW,
        r.predict.averagePowerW * kRoundedUp);
  }
  return text;
}

bool isHosts(const MemoryResult& memory) { return memory.kind == "host"; }

/// What stands for all of the chip's memories.
const char* memoryHeading(const PredictResult& p) {
  const auto hosts = std::ranges::count_if(p.memories, isHosts);
  if (std::ssize(p.memories) - hosts > 1) return "memories";
  return p.memories.empty() || p.memories.front().kind != "sram" ? "DRAM" : "memory";
}

/// The same with the host's memory, where weights are streamed from there.
std::string offChipHeading(const PredictResult& p) {
  const bool streams = std::ranges::any_of(p.memories, isHosts);
  return memoryHeading(p) + std::string(streams ? " and host" : "");
}

/// What a layer moved to and from memories; transfers to the host's CPU are not of them.
std::int64_t offChipBytes(const LayerResult& layer) {
  const ReadWrite& dram = layer.counters.dramBytes;
  return dram.read + dram.write + (layer.machine.empty() ? layer.counters.hostBytes : 0);
}

/// Length of the path that all layers' names begin with, up to its last '/'.
std::size_t commonPath(const std::vector<LayerResult>& layers) {
  if (layers.size() < 2) return 0;
  std::string common = layers.front().name;
  for (const LayerResult& layer : layers) {
    const auto differs =
        std::mismatch(common.begin(), common.end(), layer.name.begin(), layer.name.end());
    common.erase(differs.first, common.end());
  }
  return common.rfind('/') + 1;
}

std::vector<std::string> layerRow(const LayerResult& layer, const std::string& name,
                                  std::int64_t total) {
  return {name,
          layer.machine.empty() ? layer.op : fmt::format("{} ({})", layer.op, layer.machine),
          layer.outputShape,
          grouped(layer.cycles),
          percent(ratio(asDouble(layer.cycles), asDouble(total))),
          layer.macs == 0 || !layer.machine.empty() ? "-" : percent(layer.utilization),
          layer.boundBy,
          bytes(offChipBytes(layer)),
          energy(layer.energy.total() * kPico)};
}

std::string layers(const RunResult& r) {
  TextTable table({{"layer", Align::Left, 26},
                   {"operator", Align::Left, 20},
                   {"output", Align::Left, 16},
                   {"cycles"},
                   {"share"},
                   {"util."},
                   {"bound by", Align::Left},
                   {offChipHeading(r.predict)},
                   {"energy"}});
  const std::size_t path = commonPath(r.layers);
  for (const LayerResult& layer : r.layers) {
    table.addRow(layerRow(layer, layer.name.substr(path), r.predict.cycles));
  }
  table.addRule();
  std::int64_t moved = 0;
  for (const LayerResult& layer : r.layers) moved += offChipBytes(layer);
  table.addRow({"total", "", "", grouped(r.predict.cycles), percent(1),
                percent(r.predict.utilization), "", bytes(moved),
                energy(r.predict.energy.total() * kPico)});
  return table.text();
}

std::string bar(double share) {
  const double length = std::isfinite(share) ? std::round(share * kBarWidth) : 0;
  return std::string(static_cast<std::size_t>(std::clamp(length, 0.0, 1.0 * kBarWidth)), '#');
}

using Share = std::pair<std::string, double>;

/// A heading, then one line a share that is not nothing.
std::string bars(const std::string& heading, const std::vector<Share>& shares,
                 const std::vector<std::string>& amounts) {
  TextTable table({{"", Align::Left}, {"", Align::Right}, {"", Align::Right}, {"", Align::Left}});
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto& [name, share] = shares[i];
    if (share == 0) continue;
    table.addRow({name, percent(share), amounts.empty() ? "" : amounts[i], bar(share)});
  }
  return heading + "\n" + table.text();
}

std::string arrayTime(const PredictResult& p) {
  const Loss& loss = p.loss;
  std::string cores;
  if (p.busiestCoreCycles > 0) {
    cores =
        fmt::format(", mean of the cores (worked {} cycles at the busiest, {} at the least busy)",
                    grouped(p.busiestCoreCycles), grouped(p.idlestCoreCycles));
  }
  const std::string dma =
      p.memories.empty() ? "wait for DMA" : fmt::format("wait for {}, DMA", offChipHeading(p));
  return bars("where the array's time went" + cores,
              {{"useful", p.utilization},
               {"edge", loss.edge},
               {"fill and drain", loss.fillDrain},
               {dma, loss.dram},
               {"wait for buffer", loss.buffer},
               {"wait for other engines", loss.dependency},
               {"wait for network", loss.network},
               {"overhead", loss.overhead}},
              {});
}

/// Three digits below 1000, whole numbers above.
std::string rate(double perSecond) {
  return perSecond >= 1000 ? grouped(std::llround(perSecond)) : fmt::format("{:.3g}", perSecond);
}

std::string phases(const RunResult& r) {
  const PredictResult& p = r.predict;
  TextTable table({{"phase", Align::Left},
                   {"cycles"},
                   {"time"},
                   {"energy"},
                   {"moved by host"},
                   {"", Align::Left, 80}});
  table.addRow({"load", grouped(r.load.cycles), si(r.load.timeS, "s"), energy(r.load.energyJ),
                bytes(r.load.bytes), fmt::format("and {} on the host", si(r.load.hostTimeS, "s"))});
  table.addRow({"io", "-", si(r.io.timeS, "s"), energy(r.io.energyJ), bytes(r.io.bytes),
                fmt::format("of it {} dispatch", si(r.io.dispatchS, "s"))});
  const std::string rates =
      p.timeS <= 0
          ? ""
          : fmt::format("{} inferences/s, {}, {}", rate(ratio(asDouble(r.batch), p.timeS)),
                        si(ratio(asDouble(p.macs), p.timeS), "MAC/s"), si(p.averagePowerW, "W"));
  table.addRow({"predict", grouped(p.cycles), si(p.timeS, "s"), energy(p.energyJ),
                p.counters.hostBytes > 0 ? bytes(p.counters.hostBytes) : "-", rates});
  std::string text = table.text();
  if (r.repeat > 1) {
    text += fmt::format(" predict is the last of {} calls; the first took {} cycles\n", r.repeat,
                        grouped(p.firstCallCycles));
  }
  return text;
}

/// What using the network for the first time takes, with and without a compiled one in the cache.
std::string loading(const RunResult& r) {
  const LoadResult& load = r.load;
  TextTable table({{"loading", Align::Left},
                   {"compile"},
                   {"re-layout"},
                   {"look-up"},
                   {"set-up"},
                   {"transfer"},
                   {"first calls"},
                   {"total"},
                   {"predictions"}});
  const auto seconds = [](double s) { return s == 0 ? "-" : si(s, "s"); };
  const auto row = [&](const char* name, double compile, double relayout, double lookUp,
                       double total) {
    table.addRow({name, seconds(compile), seconds(relayout), seconds(lookUp), seconds(load.setupS),
                  seconds(load.timeS), seconds(load.warmUpS), si(total, "s"),
                  times(ratio(total, r.predict.timeS + r.io.timeS))});
  };
  row("first use", load.compileS, load.relayoutS, 0, load.firstUseS());
  row("from cache", 0, 0, load.cacheS, load.fromCacheS());
  return table.text();
}

/// Of the dataflow cached: how many operands the PEs had themselves.
std::string cacheRemark(const Counters& c) {
  const std::int64_t lookUps = c.cacheHits + c.cacheMisses;
  if (lookUps == 0) return "";
  return fmt::format("caches hit {} of {} operands",
                     percent(ratio(asDouble(c.cacheHits), asDouble(lookUps))), grouped(lookUps));
}

std::string networkRemark(const PredictResult& p) {
  return fmt::format("{} over all links, the busiest in use {} of the time",
                     bytes(p.counters.networkByteHops),
                     percent(ratio(asDouble(p.busiestLinkCycles), asDouble(p.cycles))));
}

std::string ofPeak(double share) {
  return share > 0 ? fmt::format("{} of peak bandwidth", percent(share)) : "";
}

/// How often the bytes moved that had to move once.
std::string ofCompulsory(const PredictResult& p) {
  const double moved = asDouble(p.counters.dramBytes.read + p.counters.dramBytes.write);
  return fmt::format("{} of the compulsory {}",
                     times(ratio(moved, asDouble(p.compulsoryDramBytes))),
                     bytes(p.compulsoryDramBytes));
}

/// A line a memory, and of several of the chip's own one for all.
void memoryRows(TextTable& table, const PredictResult& p) {
  const ReadWrite& all = p.counters.dramBytes;
  const auto own = std::ranges::count_if(p.memories, std::not_fn(isHosts));
  for (const MemoryResult& memory : p.memories) {
    const std::string peak = ofPeak(memory.bandwidthUtilization);
    const std::string comma = peak.empty() ? "" : ", ";
    if (own == 1 && !isHosts(memory)) {
      table.addRow(
          {memoryHeading(p), bytes(all.read), bytes(all.write), ofCompulsory(p) + comma + peak});
    } else {
      table.addRow({isHosts(memory) ? "host link" : memory.name, bytes(memory.bytes.read),
                    bytes(memory.bytes.write), peak + comma + energy(memory.energyPj * kPico)});
    }
  }
  if (own > 1) table.addRow({memoryHeading(p), bytes(all.read), bytes(all.write), ofCompulsory(p)});
}

std::string trafficTable(const PredictResult& p) {
  const Counters& c = p.counters;
  TextTable table({{"traffic", Align::Left}, {"read"}, {"written"}, {"", Align::Left, 80}});
  const auto level = [&](const char* name, const ReadWrite& moved, const std::string& remark) {
    table.addRow({name, bytes(moved.read), bytes(moved.write), remark});
  };
  level("local stores", c.localStoreBytes.total(), cacheRemark(c));
  table.addRow({"between PEs", bytes(c.arrayNetworkBytes.total()), "", ""});
  level("buffers", c.bufferBytes, "");
  if (c.networkByteHops > 0) {
    table.addRow({"between cores", bytes(c.networkPortBytes), "", networkRemark(p)});
  }
  memoryRows(table, p);
  return table.text();
}

std::string energyBars(const RunResult& r) {
  const Energy& e = r.predict.energy;
  const std::array<Share, 10> parts = {{{"MACs", e.mac},
                                        {"local stores", e.localStore},
                                        {"between PEs", e.arrayNetwork},
                                        {"buffers", e.buffer},
                                        {"vector unit", e.vector},
                                        {"between cores", e.network},
                                        {memoryHeading(r.predict), e.dram},
                                        {"clock and idle", e.clockIdle},
                                        {"host link", e.host},
                                        {"host CPU", e.cpu}}};
  std::vector<Share> shares;
  std::vector<std::string> amounts;
  for (const auto& [name, picojoules] : parts) {
    shares.emplace_back(name, picojoules == 0 ? 0 : ratio(picojoules, e.total()));
    amounts.push_back(energy(picojoules * kPico));
  }
  const bool dieOnly = std::ranges::count(r.predict.memories, "dram", &MemoryResult::kind) == 0;
  return bars(fmt::format("energy of one predict (table {}; die{})", r.energyTable,
                          dieOnly ? "" : " with DRAM"),
              shares, amounts);
}

/// Predictions from which on the NPU with its loading has taken less time than the reference.
std::string payOff(const ReferenceResult& reference) {
  if (reference.breakEven == 0) return "never";
  return fmt::format("{} ({} cached)", grouped(reference.breakEven),
                     grouped(reference.breakEvenFromCache));
}

/// speed-up is of predict alone; io, which every prediction needs, comes with the next column and
/// with what pays off.
std::string references(const RunResult& r) {
  if (r.references.empty()) return "";
  const double own = r.predict.timeS + r.io.timeS;
  TextTable table({{"beside it", Align::Left},
                   {"kind", Align::Left},
                   {fmt::format("batch {}", r.batch), Align::Left},
                   {"time"},
                   {"energy"},
                   {"DRAM"},
                   {"speed-up"},
                   {"with io"},
                   {"energy ratio"},
                   {"pays off after"}});
  for (const ReferenceResult& ref : r.references) {
    table.addRow({ref.name, ref.kind, ref.precision, si(ref.timeS, "s"), energy(ref.energyJ),
                  std::isnan(ref.energyJ) ? "-" : bytes(ref.dramBytes), times(ref.speedup),
                  times(ratio(ref.timeS, own)), times(ref.energyRatio), payOff(ref)});
  }
  return table.text() + "\n";
}

/// Of loops that were not simulated in full.
std::string passesLeftOut(const PredictResult& p) {
  std::string text;
  for (const ShortenedLoop& loop : p.shortenedLoops) {
    text += fmt::format(
        "passes      {}: {} of {} passes simulated, the others taken as the last compared, which "
        "differed by {:.2g} % (--passes all runs them)\n",
        loop.name, loop.simulatedPasses, loop.passes, loop.difference * 100);
  }
  return text;
}

std::string closing(const RunResult& r) {
  std::string text = passesLeftOut(r.predict);
  if (r.values.computed) {
    text += fmt::format("values      {}{}\n", r.values.passed ? "" : "FAILED: ", r.values.detail);
  } else {
    text += "values      not computed (--values off)\n";
  }
  const auto square = [](double mm2) { return fmt::format("{:.3g} mm2", mm2); };
  text += fmt::format("die area    {}: array {}, local stores {}, buffers {}, vector unit {}\n",
                      square(r.area.total()), square(r.area.array), square(r.area.localStore),
                      square(r.area.buffer), square(r.area.vector));
  if (r.wallS <= 0) return text;  // priced again, nothing ran
  text += fmt::format("simulation  {}, of it compiling {}; {}, peak memory {}\n", si(r.wallS, "s"),
                      si(r.compileWallS, "s"), si(r.cyclesPerS, "cycles/s"), bytes(r.peakRssBytes));
  return text;
}

std::string footnote(const RunResult& r) {
  const bool scaleSim = r.convention == "scale_sim";
  return fmt::format("[1] {}: {}.\n", r.convention,
                     scaleSim ? "no overlap between folds, every fold pays the whole array's skew"
                              : "a fold's fill and drain run under its neighbours where it can");
}

}  // namespace

std::string toTable(const RunResult& r) {
  return header(r) + "\n" + layers(r) + "\n" + arrayTime(r.predict) + "\n" + phases(r) + "\n" +
         loading(r) + "\n" + trafficTable(r.predict) + "\n" + energyBars(r) + "\n" + references(r) +
         closing(r) + footnote(r);
}

}  // namespace npusim::tools
