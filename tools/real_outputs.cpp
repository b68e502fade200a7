#include "tools/real_outputs.h"

#include "workloads/evaluate/evaluate.h"

namespace npusim::tools {

std::vector<Tensor> realOutputs(const Graph& graph, const Inputs& reals) {
  Inputs stored;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    const Tensor& real = reals.at(value.name);
    stored[value.name] = value.quantization ? quantize(real, value.type, *value.quantization)
                                            : convert(real, value.type);
  }
  std::vector<Tensor> outputs = evaluate(graph, stored);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& quantization = graph.value(graph.outputs[i]).quantization;
    if (quantization) outputs[i] = dequantize(outputs[i], *quantization);
  }
  return outputs;
}

}  // namespace npusim::tools
