#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "sim/core/error.h"
#include "sim/laws/loading_law.h"
#include "sim/reference/reference.h"
#include "tools/fallback.h"
#include "tools/forked.h"
#include "tools/stopwatch.h"
#include "tools/writers.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::tools {
namespace {

constexpr const char* kCpu = "cpu";
constexpr const char* kHostLink = "host link";

/// What a child that simulates one part hands back: its result as JSON, behind the length of that,
/// and then the stored outputs one after another.
std::string packed(const Simulation& simulation) {
  RunResult result;
  result.load = simulation.load;
  result.io = simulation.io;
  result.predict = simulation.predict;
  result.layers = simulation.layers;
  const std::string json = toJson(result);
  std::string bytes = fmt::format("{:20}", json.size()) + json;
  for (const Tensor& tensor : simulation.outputs.stored) {
    const auto values = tensor.bytes();
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size());
  }
  return bytes;
}

Simulation unpacked(const std::string& bytes, const isa::Program& program, bool values) {
  constexpr std::size_t kLength = 20;
  const std::size_t json = std::stoull(bytes.substr(0, kLength));
  const RunResult result = fromJson(bytes.substr(kLength, json), "a part of the run");
  Simulation simulation{result.load, result.io, result.predict, result.layers, {}, {}, 0};
  std::size_t at = kLength + json;
  for (const isa::PortTensor& port : program.outputs) {
    if (!values) break;
    Tensor tensor(port.type, port.shape);
    const auto to = tensor.bytes();
    ensure(at + to.size() <= bytes.size(), "a part hands back all of its outputs");
    std::memcpy(to.data(), bytes.data() + at, to.size());
    at += to.size();
    simulation.outputs.stored.push_back(std::move(tensor));
  }
  return simulation;
}

/// `more` is of one part, `at` the cycle it begins.
void append(PredictResult& total, const PredictResult& more) {
  const auto before = static_cast<double>(total.cycles), own = static_cast<double>(more.cycles);
  const auto mean = [&](double& whole, double part) {
    whole = before + own > 0 ? (whole * before + part * own) / (before + own) : 0;
  };
  mean(total.utilization, more.utilization);
  mean(total.bandwidthUtilization, more.bandwidthUtilization);
  mean(total.loss.edge, more.loss.edge);
  mean(total.loss.fillDrain, more.loss.fillDrain);
  mean(total.loss.dram, more.loss.dram);
  mean(total.loss.buffer, more.loss.buffer);
  mean(total.loss.dependency, more.loss.dependency);
  mean(total.loss.network, more.loss.network);
  mean(total.loss.overhead, more.loss.overhead);
  total.cycles += more.cycles;
  total.leftOutCycles += more.leftOutCycles;
  total.shortenedLoops.insert(total.shortenedLoops.end(), more.shortenedLoops.begin(),
                              more.shortenedLoops.end());
  total.firstCallCycles += more.firstCallCycles;
  total.timeS += more.timeS;
  total.macs += more.macs;
  total.stalls.dram += more.stalls.dram;
  total.stalls.buffer += more.stalls.buffer;
  total.stalls.dependency += more.stalls.dependency;
  total.stalls.network += more.stalls.network;
  total.counters += more.counters;
  total.compulsoryDramBytes += more.compulsoryDramBytes;
  total.busiestCoreCycles += more.busiestCoreCycles;
  total.idlestCoreCycles += more.idlestCoreCycles;
  total.busiestLinkCycles += more.busiestLinkCycles;
}

class PartsRun {
 public:
  PartsRun(const Compiled& compiled, const ChipConfig& chip, const ReferenceConfig& cpu,
           const DataOptions& data, std::int64_t repeat, const Progress& progress,
           Fidelity fidelity)
      : compiled_(compiled),
        chip_(chip),
        cpu_(cpu),
        values_(data.values),
        passes_(data.passes),
        repeat_(repeat),
        progress_(progress),
        fidelity_(fidelity) {}

  Simulation run(const Inputs& inputs) {
    const Stopwatch watch;
    for (const isa::PortTensor& port : compiled_.program.inputs) {
      onHost_.insert(port.name);
      if (!values_) continue;
      stored_[port.name] = toPort(inputs.at(port.name), port);
      result_.storedInputs.push_back(stored_[port.name]);
    }
    ownInputs_ = onHost_;
    for (const CompiledPart& part : compiled_.parts) {
      part.onChip ? runOnChip(part) : runOnCpu(part);
    }
    finish();
    result_.seconds = watch.seconds();
    return std::move(result_);
  }

 private:
  void runOnChip(const CompiledPart& part) {
    std::int64_t bytes = 0;
    for (const isa::PortTensor& port : part.program.inputs) {
      if (!onChip_.insert(port.name).second) continue;
      (ownInputs_.contains(port.name) ? ioIn_ : bytes) += bytesOf(port.name);
    }
    const double dispatch = started_ ? dispatchS() : 0;  // the first one is part of io
    cross(bytes, part.graph.nodes.front().name + ".to_chip", true, dispatch);
    started_ = true;
    Inputs reals;
    for (const isa::PortTensor& port : part.program.inputs) {
      if (values_) reals[port.name] = fromPort(stored_.at(port.name), port);
    }
    const auto work = [&] {
      return packed(simulate(machineOf(part.program, chip_), part.program, reals, values_, repeat_,
                             progress_, fidelity_, passes_));
    };
    take(unpacked(answerOf(runForked(work, kNoTimeLimit)), part.program, values_));
    for (std::size_t i = 0; i < part.program.outputs.size(); ++i) {
      const std::string& name = part.program.outputs[i].name;
      onChip_.insert(name);
      if (values_) stored_[name] = lastOutputs_.at(i);
    }
  }

  void take(Simulation part) {
    const std::int64_t begin = result_.predict.cycles;
    for (LayerResult& layer : part.layers) {
      layer.startCycle += begin;
      layer.endCycle += begin;
      result_.layers.push_back(std::move(layer));
    }
    result_.load.bytes += part.load.bytes;
    result_.load.cycles += part.load.cycles;
    result_.load.timeS += part.load.timeS;
    result_.load.networkByteHops += part.load.networkByteHops;
    append(result_.predict, part.predict);
    lastOutputs_ = std::move(part.outputs.stored);
  }

  void runOnCpu(const CompiledPart& part) {
    std::int64_t bytes = 0;
    for (const ValueId id : part.graph.inputs) {
      const std::string& name = part.graph.value(id).name;
      if (onHost_.insert(name).second) bytes += bytesOf(name);
    }
    cross(bytes, part.graph.nodes.front().name + ".to_cpu", false, 0);
    chargeCpu(part.graph);
    for (const ValueId id : part.graph.outputs) onHost_.insert(part.graph.value(id).name);
    if (!values_) return;
    progress_.show("computing on the host");
    std::map<std::string, Tensor> inputs;
    for (const ValueId id : part.graph.inputs) {
      const std::string& name = part.graph.value(id).name;
      inputs[name] = stored_.at(name);
    }
    const std::vector<Tensor> outputs = evaluate(part.graph, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      stored_[part.graph.value(part.graph.outputs[i]).name] = outputs[i];
    }
  }

  /// Every node as a layer, in cycles of the chip, which waits.
  void chargeCpu(const Graph& graph) {
    std::vector<OperatorWork> works;
    for (const Node& node : graph.nodes) works.push_back(hostWork(graph, node));
    const ReferenceCost cost = costReference(cpu_, works, compiled_.program.precision);
    double picojoules = 0;
    for (const ReferenceOperator& one : cost.operators) picojoules += energyOf(one);
    const double scale = picojoules > 0 ? cost.energyJ * 1e12 / picojoules : 0;
    for (std::size_t i = 0; i < works.size(); ++i) {
      const Node& node = graph.nodes[i];
      const ReferenceOperator& one = cost.operators[i];
      if (one.timeS == 0) continue;
      LayerResult layer;
      layer.name = node.name;
      layer.op = node.opName;
      layer.machine = kCpu;
      layer.outputShape = toString(graph.value(node.output).shape);
      layer.macs = macCount(graph, node);
      layer.boundBy = one.boundBy;
      layer.energy.cpu = energyOf(one) * scale;
      addWaiting(std::move(layer), one.timeS);
    }
  }

  /// With its part of what the CPU draws all the time.
  double energyOf(const ReferenceOperator& one) const {
    return one.energyPj + cpu_.idleW * one.timeS * 1e12;
  }

  /// Bytes over the host link and, on the way to the chip, its next start.
  void cross(std::int64_t bytes, const std::string& name, bool toChip, double dispatch) {
    const double seconds = linkSeconds(bytes) + dispatch;
    if (seconds == 0) return;
    LayerResult layer;
    layer.name = name;
    layer.op = "Transfer";
    layer.machine = kHostLink;
    layer.outputShape = fmt::format("{} bytes", bytes);
    layer.boundBy = kHostLink;
    layer.counters.hostBytes = bytes;
    if (!chip_.memories.empty()) {
      (toChip ? layer.counters.dramBytes.write : layer.counters.dramBytes.read) = bytes;
    }
    addWaiting(std::move(layer), seconds);
  }

  /// The chip's array waits for another machine.
  void addWaiting(LayerResult layer, double seconds) {
    waited_ += seconds;
    const auto end = static_cast<std::int64_t>(std::ceil(waited_ * chip_.clockMhz * 1e6));
    PredictResult own;
    own.cycles = end - waitedCycles_;
    waitedCycles_ = end;
    own.firstCallCycles = own.stalls.dependency = own.cycles;
    own.timeS = static_cast<double>(own.cycles) / (chip_.clockMhz * 1e6);
    own.loss.dependency = 1;
    own.macs = layer.macs;
    own.counters = layer.counters;
    layer.cycles = own.cycles;
    layer.stalls.dependency = own.cycles;
    layer.startCycle = result_.predict.cycles;
    layer.endCycle = layer.startCycle + own.cycles;
    append(result_.predict, own);
    result_.layers.push_back(std::move(layer));
  }

  void finish() {
    PredictResult& total = result_.predict;
    total.zeroOperandFraction = total.counters.macs > 0
                                    ? static_cast<double>(total.counters.zeroOperandMacs) /
                                          static_cast<double>(total.counters.macs)
                                    : 0;
    const LoadCost cost = started_ ? loadCost(chip_.host, result_.load.bytes) : LoadCost{};
    result_.load.compileS = cost.compile;
    result_.load.relayoutS = cost.relayout;
    result_.load.cacheS = cost.cache;
    result_.load.setupS = cost.setup;
    result_.load.warmUpS = cost.warmUp;
    result_.load.hostTimeS = cost.compile + cost.relayout + cost.setup;
    std::int64_t out = 0;
    for (const isa::PortTensor& port : compiled_.program.outputs) {
      if (!onHost_.contains(port.name) && onChip_.contains(port.name)) out += bytesOf(port.name);
      if (!values_) continue;
      result_.outputs.stored.push_back(outputNamed(port));
      result_.outputs.reals.push_back(fromPort(result_.outputs.stored.back(), port));
    }
    result_.io.bytes = ioIn_ + out;
    result_.io.dispatchS = started_ ? dispatchS() : 0;
    result_.io.timeS = linkSeconds(ioIn_) + result_.io.dispatchS + linkSeconds(out);
  }

  /// Constants, too, can be outputs.
  Tensor outputNamed(const isa::PortTensor& port) const {
    const auto found = stored_.find(port.name);
    if (found != stored_.end()) return found->second;
    const Value& value = valueNamed(port.name);
    return value.constant.value().materialize(value.type, value.shape);
  }

  const Value& valueNamed(const std::string& name) const {
    const auto& values = compiled_.graph.values;
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const Value& value) { return value.name == name; });
    ensure(found != values.end(), "a part's values are the network's");
    return *found;
  }

  std::int64_t bytesOf(const std::string& name) const {
    const Value& value = valueNamed(name);
    return elementCount(value.shape) * byteSize(value.type);
  }

  /// As sim/chip/host_link.h counts it.
  double linkSeconds(std::int64_t bytes) const {
    if (bytes == 0) return 0;
    const HostConfig& host = chip_.host;
    return host.latencyUs * 1e-6 + static_cast<double>(bytes) / (host.bandwidthGbPerS * 1e9);
  }
  double dispatchS() const { return chip_.idealMemory ? 0 : chip_.host.dispatchUs * 1e-6; }

  const Compiled& compiled_;
  const ChipConfig& chip_;
  const ReferenceConfig& cpu_;
  const bool values_;
  const PassLimit passes_;
  const std::int64_t repeat_;
  const Progress& progress_;
  const Fidelity fidelity_;
  Simulation result_;
  std::map<std::string, Tensor> stored_;  ///< by value, as it lies in memory
  std::vector<Tensor> lastOutputs_;
  std::set<std::string> onHost_, onChip_, ownInputs_;
  std::int64_t ioIn_ = 0;
  bool started_ = false;  ///< the chip, for its first part
  double waited_ = 0;     ///< seconds for CPU and link
  std::int64_t waitedCycles_ = 0;
};

}  // namespace

Simulation simulateParts(const Compiled& compiled, const ChipConfig& chip,
                         const ReferenceConfig& cpu, const Inputs& inputs, const DataOptions& data,
                         std::int64_t repeat, const Progress& progress, Fidelity fidelity) {
  return PartsRun(compiled, chip, cpu, data, repeat, progress, fidelity).run(inputs);
}

}  // namespace npusim::tools
