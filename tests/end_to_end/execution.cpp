#include "tests/end_to_end/execution.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

#include "sim/chip/npu.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/forked.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

using Figures = std::array<std::int64_t, 4>;  ///< cycles, macs, bytes of DRAM read and written

/// The figures, then the bytes of every output in order.
std::string predict(const ChipConfig& chip, const isa::Program& program, const Inputs& inputs) {
  Npu npu(chip, program, true);
  npu.load();
  for (const isa::PortTensor& port : program.inputs) {
    npu.setInput(port.name, inputs.at(port.name));
  }
  const PredictResult total = npu.predict().total;
  const ReadWrite dram = total.counters.dramBytes;
  const Figures figures = {total.cycles, total.macs, dram.read, dram.write};
  std::string answer(reinterpret_cast<const char*>(figures.data()), sizeof figures);
  for (const isa::PortTensor& port : program.outputs) {
    const Tensor tensor = npu.output(port.name);
    answer.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size());
  }
  return answer;
}

}  // namespace

Execution execute(const isa::Program& program, const Inputs& inputs) {
  return execute(parseChip(program.chipYaml, "the program's chip"), program, inputs);
}

Execution execute(const ChipConfig& chip, const isa::Program& program, const Inputs& inputs) {
  const Forked forked = runForked([&] { return predict(chip, program, inputs); });
  Execution execution;
  execution.error = forked.error;
  if (!execution.error.empty()) return execution;
  Figures figures{};
  const char* from = forked.bytes.data();
  std::memcpy(figures.data(), from, sizeof figures);
  from += sizeof figures;
  execution.cycles = figures[0];
  execution.macs = figures[1];
  execution.dramBytes = {figures[2], figures[3]};
  for (const isa::PortTensor& port : program.outputs) {
    Tensor tensor(port.type, port.shape);
    std::memcpy(tensor.bytes().data(), from, tensor.bytes().size());
    from += tensor.bytes().size();
    execution.outputs.push_back(std::move(tensor));
  }
  return execution;
}

ReadWrite dramBytesOf(const ChipConfig& chip, const isa::Program& program) {
  const Forked forked = runForked([&] {
    Npu npu(chip, program, false);
    npu.load();
    const ReadWrite moved = npu.predict().total.counters.dramBytes;
    return std::to_string(moved.read) + " " + std::to_string(moved.write);
  });
  if (!forked.error.empty()) throw InternalError(forked.error);
  ReadWrite bytes;
  std::istringstream(forked.bytes) >> bytes.read >> bytes.write;
  return bytes;
}

bool sameBytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
    return x.type() == y.type() && x.shape() == y.shape() &&
           std::equal(x.bytes().begin(), x.bytes().end(), y.bytes().begin(), y.bytes().end());
  });
}

Compiled compileFor(const Graph& graph, const ChipConfig& chip, DataType precision,
                    const std::vector<Inputs>& samples, Partition partition) {
  const Graph optimized = optimize(graph);
  Calibration calibration;
  const Observer observe = [&](const Value& value, const Tensor& tensor) {
    calibration.add(value.name, tensor);
  };
  if (isInteger(precision)) {
    for (const Inputs& sample : samples) evaluate(optimized, sample, observe);
  }
  Compiled compiled;
  compiled.graph = fuseBehindProducts(toPrecision(optimized, chip, precision, calibration), chip);
  compiled.program =
      compile(compiled.graph, chip, {precision, Objective::Latency, true, partition});
  return compiled;
}

Inputs storedInputs(const Graph& compiled, const Inputs& reals) {
  Inputs stored;
  for (const ValueId id : compiled.inputs) {
    const Value& value = compiled.value(id);
    const Tensor& real = reals.at(value.name);
    stored[value.name] = value.quantization ? quantize(real, value.type, *value.quantization)
                         : real.type() == value.type ? real
                                                     : convert(real, value.type);
  }
  return stored;
}

std::int64_t macsOf(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Node& node : graph.nodes) macs += macCount(graph, node);
  return macs;
}

}  // namespace npusim::end_to_end
