#include "kernels/vector/window_task.h"

#include "kernels/lowering/operands.h"

namespace npusim::vector {

std::vector<plan::Dimension> windowDims(const Shape& shape, const lowering::Windows& windows,
                                        std::int64_t multiple) {
  return {{shape[0]}, {lowering::rowsOf(shape)}, {shape.back()},          {shape[1] / multiple},
          {multiple}, {windows.kernelH, false},  {windows.kernelW, false}};
}

plan::Operand windowOperand(const plan::View& view, isa::Scaling scaling,
                            const lowering::Windows& windows) {
  plan::Operand x = lowering::operandAt(view, scaling);
  const auto add = [&](std::size_t logical, std::int64_t offset,
                       const std::vector<lowering::DimTerm>& terms) {
    x.axes.push_back(
        lowering::axisOf(kWindowDims, view.shape[logical], view.strides[logical], terms, offset));
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
