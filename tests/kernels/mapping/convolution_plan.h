#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::mapping {

inline plan::Axis axis(std::int64_t extent, std::int64_t stride,
                       std::initializer_list<std::pair<int, std::int64_t>> terms,
                       std::int64_t offset = 0) {
  plan::Axis made{extent, stride, std::vector<std::int64_t>(plan::kMatrixDims, 0), offset, 0, 0};
  for (const auto& [dim, c] : terms) made.coefficients[static_cast<std::size_t>(dim)] = c;
  return made;
}

/// A convolution [1, h, w, c] x [n, r, r, c] of stride 1 and no padding as a plan of one task.
inline plan::Plan convolution(std::int64_t h, std::int64_t w, std::int64_t c, std::int64_t n,
                              std::int64_t r) {
  using plan::Block, plan::K0, plan::K1, plan::K2, plan::M1, plan::M2, plan::N, plan::Operand;
  using plan::BlockId, plan::Plan, plan::Task;
  const std::int64_t oh = h - r + 1;
  const std::int64_t ow = w - r + 1;
  Plan plan;
  plan.precision = DataType::Int8;
  const auto block = [&](std::int64_t bytes, Block::Kind kind) {
    Block made;
    made.bytes = bytes;
    made.kind = kind;
    plan.blocks.push_back(made);
    return static_cast<BlockId>(plan.blocks.size() - 1);
  };
  Task task;
  task.dims = {{1}, {1}, {1}, {oh}, {ow}, {n}, {r}, {r}, {c}};
  Operand a{block(h * w * c, Block::Kind::Activation), 0, DataType::Int8, {}, {}};
  a.axes = {axis(h, w * c, {{M1, 1}, {K0, 1}}), axis(w, c, {{M2, 1}, {K1, 1}}),
            axis(c, 1, {{K2, 1}})};
  Operand b{block(r * r * c * n, Block::Kind::Weights), 0, DataType::Int8, {}, {}};
  b.axes = {axis(r, r * c * n, {{K0, 1}}), axis(r, c * n, {{K1, 1}}), axis(c, n, {{K2, 1}}),
            axis(n, 1, {{N, 1}})};
  task.operands = {a, b};
  task.output = {block(oh * ow * n, Block::Kind::Activation), 0, DataType::Int8, {}, {}};
  task.output.axes = {axis(oh, ow * n, {{M1, 1}}), axis(ow, n, {{M2, 1}}), axis(n, 1, {{N, 1}})};
  task.work = plan::MatrixWork{};
  plan.tasks.push_back(task);
  plan.layers.emplace_back();
  return plan;
}

}  // namespace npusim::mapping
