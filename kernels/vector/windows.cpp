#include "kernels/vector/windows.h"

#include <tuple>

namespace npusim::vector {
namespace {

std::pair<std::int64_t, std::int64_t> lastTwo(const Shape& values, std::int64_t missing) {
  if (values.empty()) return {missing, missing};
  if (values.size() == 1) return {missing, values[0]};
  return {values[values.size() - 2], values.back()};
}

}  // namespace

Windows::Windows(const Node& node, const Shape& kernel, const Shape& strides,
                 const Shape& dilations, const Shape& padsBegin, const Shape& padsEnd) {
  if (kernel.size() > 2) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name + "' with " +
                      std::to_string(kernel.size()) + " spatial dimensions (1 and 2 are)");
  }
  std::tie(kernelH, kernelW) = lastTwo(kernel, 1);
  std::tie(strideH, strideW) = lastTwo(strides, 1);
  std::tie(dilationH, dilationW) = lastTwo(dilations, 1);
  std::tie(padTop, padLeft) = lastTwo(padsBegin, 0);
  std::tie(padBottom, padRight) = lastTwo(padsEnd, 0);
}

std::vector<plan::Dimension> windowDims(const Shape& shape, const Windows& windows,
                                        std::int64_t multiple) {
  const std::int64_t rows = shape.size() == 4 ? shape[2] : 1;
  return {{shape[0]},
          {rows},
          {shape.back()},
          {shape[1] / multiple},
          {multiple},
          {windows.kernelH, false},
          {windows.kernelW, false}};
}

plan::Operand windowOperand(const plan::View& view, isa::Scaling scaling, const Windows& windows) {
  plan::Operand x{view.block, view.offset, view.type, scaling, {}};
  const auto add = [&](std::size_t logical, std::int64_t offset,
                       std::initializer_list<lowering::DimTerm> terms) {
    plan::Axis axis{view.shape[logical],
                    view.strides[logical],
                    std::vector<std::int64_t>(kWindowDims, 0),
                    offset,
                    0,
                    0};
    for (const lowering::DimTerm& term : terms) {
      axis.coefficients[static_cast<std::size_t>(term.dim)] = term.coefficient;
    }
    x.axes.push_back(std::move(axis));
  };
  add(0, 0, {{Image, 1}});
  if (view.shape.size() == 4) {
    add(2, -windows.padTop, {{Row, windows.strideH}, {WindowRow, windows.dilationH}});
  }
  add(view.shape.size() - 1, -windows.padLeft,
      {{Column, windows.strideW}, {WindowColumn, windows.dilationW}});
  add(1, 0, {{Channel, 1}});
  return x;
}

lowering::DimMap windowMap(std::size_t rank, std::int64_t multiple) {
  const std::vector<lowering::DimTerm> channel = {{Channel, multiple}, {Multiple, 1}};
  if (rank == 3) return {{{Image, 1}}, channel, {{Column, 1}}};
  return {{{Image, 1}}, channel, {{Row, 1}}, {{Column, 1}}};
}

std::vector<int> windowLayout(std::size_t rank) {
  return rank == 3 ? std::vector<int>{0, 2, 1} : std::vector<int>{0, 2, 3, 1};
}

}  // namespace npusim::vector
