#include "kernels/lowering/windows.h"

#include <string>
#include <tuple>
#include <utility>

#include "sim/core/error.h"

namespace npusim::lowering {
namespace {

/// The last two entries of a spatial attribute, `missing` standing in for absent ones.
std::pair<std::int64_t, std::int64_t> lastTwo(const Shape& values, std::int64_t missing) {
  if (values.empty()) return {missing, missing};
  if (values.size() == 1) return {missing, values[0]};
  return {values[values.size() - 2], values.back()};
}

/// `op` has the attributes that Convolution and Pool share.
template <typename Op>
Windows windowsOf(const Node& node, const Shape& kernel, const Op& op) {
  if (kernel.size() > 2) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name + "' with " +
                      std::to_string(kernel.size()) + " spatial dimensions (1 and 2 are)");
  }
  Windows result;
  std::tie(result.kernelH, result.kernelW) = lastTwo(kernel, 1);
  std::tie(result.strideH, result.strideW) = lastTwo(op.strides, 1);
  std::tie(result.dilationH, result.dilationW) = lastTwo(op.dilations, 1);
  std::tie(result.padTop, result.padLeft) = lastTwo(op.padsBegin, 0);
  std::tie(result.padBottom, result.padRight) = lastTwo(op.padsEnd, 0);
  return result;
}

}  // namespace

Windows windowsOf(const Graph& graph, const Node& node) {
  if (const auto* pool = std::get_if<Pool>(&node.operation)) {
    return windowsOf(node, pool->kernel, *pool);
  }
  const Shape& w = graph.value(node.inputs[1]).shape;
  return windowsOf(node, {w.begin() + 2, w.end()}, std::get<Convolution>(node.operation));
}

std::int64_t rowsOf(const Shape& shape) { return shape.size() == 4 ? shape[2] : 1; }

}  // namespace npusim::lowering
