#include "kernels/partition/reduction.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim::partition {
namespace {

using plan::Axis;
using plan::MatrixWork;
using plan::Operand;
using plan::Task;

constexpr int kSumDims = plan::K0;  ///< of the result: products, rows and columns
constexpr std::int64_t kSumBytes = 4;

/// The results of one part: dense over the first dimensions of the product, as they are whole.
Operand dense(const Task& task, plan::BlockId block, std::size_t dims) {
  Operand operand;
  operand.block = block;
  std::int64_t stride = kSumBytes;
  for (std::size_t d = kSumDims; d-- > 0;) {
    const std::int64_t extent = task.dims[d].extent;
    if (extent == 1) continue;
    Axis axis{extent, stride, std::vector<std::int64_t>(dims, 0), 0, 0, 0};
    axis.coefficients[d] = 1;
    operand.axes.insert(operand.axes.begin(), std::move(axis));
    stride *= extent;
  }
  return operand;
}

std::int64_t resultBytes(const Task& task) {
  std::int64_t bytes = kSumBytes;
  for (std::size_t d = 0; d < kSumDims; ++d) bytes *= task.dims[d].extent;
  return bytes;
}

std::int64_t partsOf(const std::vector<CoreCut>& cuts) {
  const auto cut =
      std::find_if(cuts.begin(), cuts.end(), [](const CoreCut& c) { return c.dim == plan::K2; });
  return cut->parts;
}

/// One part lies behind the other.
void addParts(Operand& operand, std::int64_t parts, std::int64_t bytes, std::size_t dim) {
  Axis axis{parts,
            bytes,
            std::vector<std::int64_t>(
                operand.axes.empty() ? dim + 1 : operand.axes[0].coefficients.size(), 0),
            0,
            0,
            0};
  axis.coefficients[dim] = 1;
  operand.axes.insert(operand.axes.begin(), std::move(axis));
}

Task productsOf(const Task& task, const std::vector<CoreCut>& cuts, plan::BlockId partials) {
  Task products = task;
  const auto& whole = std::get<MatrixWork>(task.work);
  MatrixWork work = whole;
  work.a = 0;
  work.b = 1;
  work.bias = -1;
  work.steps.clear();
  products.operands = {task.operands[static_cast<std::size_t>(whole.a)],
                       task.operands[static_cast<std::size_t>(whole.b)]};
  products.work = work;
  products.output = dense(task, partials, task.dims.size());
  split(products, cuts);
  const int digit = plan::dealtFrom(products, plan::K2);
  addParts(products.output, partsOf(cuts), resultBytes(task), static_cast<std::size_t>(digit));
  for (Axis& axis : products.output.axes) axis.coefficients.resize(products.dims.size(), 0);
  return products;
}

/// An operand of the product behind the array, as an operand of the sum.
Operand ofSum(const Operand& operand) {
  Operand result = operand;
  for (Axis& axis : result.axes) axis.coefficients.resize(kSumDims + 1);
  for (Axis& axis : result.axes) axis.coefficients.back() = 0;
  return result;
}

Task sumOf(const Task& task, std::int64_t parts, plan::BlockId partials) {
  const auto& work = std::get<MatrixWork>(task.work);
  Task sum;
  sum.layer = task.layer;
  sum.repeat = task.repeat;
  sum.dims.assign(task.dims.begin(), task.dims.begin() + kSumDims);
  sum.dims.push_back({parts, false});
  sum.operands = {dense(task, partials, kSumDims + 1)};
  addParts(sum.operands[0], parts, resultBytes(task), kSumDims);
  sum.output = ofSum(task.output);
  plan::Pass pass;
  for (int d = 0; d <= kSumDims; ++d) pass.dims.push_back(d);
  pass.reduceDims = 1;
  pass.operands = {0};
  const auto take = [&](int operand) {
    sum.operands.push_back(ofSum(task.operands[static_cast<std::size_t>(operand)]));
    pass.operands.push_back(static_cast<int>(sum.operands.size()) - 1);
    return static_cast<int>(pass.operands.size()) - 1;
  };
  if (work.bias >= 0) pass.post.push_back({ElementOp::Add, take(work.bias), 0, 0, false});
  for (isa::VectorStep step : work.steps) {
    if (step.operand >= 0) step.operand = take(step.operand);
    pass.post.push_back(step);
  }
  sum.work = plan::VectorWork{{pass}, {}};
  return sum;
}

}  // namespace

bool mayReduce(const plan::Plan& plan, const Task& task) {
  const auto* work = std::get_if<MatrixWork>(&task.work);
  if (work == nullptr || work->mapping || plan.images > 1) return false;
  return isFloat(task.operands[static_cast<std::size_t>(work->a)].type) &&
         plan.sumType == DataType::Float32 && task.dims[plan::K2].extent > 1;
}

std::vector<std::vector<CoreCut>> reducingCuts(const Task& task, std::int64_t cores) {
  const auto cut = [&](int dim, std::int64_t parts) {
    const std::int64_t extent = task.dims[static_cast<std::size_t>(dim)].extent;
    const std::int64_t part = ceilDiv(extent, std::min(parts, extent));
    return CoreCut{dim, part, ceilDiv(extent, part)};
  };
  std::vector<std::vector<CoreCut>> all;
  for (std::int64_t parts = 2; parts <= cores; parts *= 2) {
    const CoreCut channels = cut(plan::K2, parts);
    if (channels.parts == 1) continue;
    for (const int dim :
         {static_cast<int>(plan::N), static_cast<int>(plan::M1), static_cast<int>(plan::M2)}) {
      const CoreCut other = cut(dim, cores / channels.parts);
      all.push_back(other.parts == 1 ? std::vector<CoreCut>{channels}
                                     : std::vector<CoreCut>{other, channels});
    }
  }
  return all;
}

Reduction reduction(const Task& task, const std::vector<CoreCut>& cuts, plan::BlockId partials) {
  return {productsOf(task, cuts, partials), sumOf(task, partsOf(cuts), partials)};
}

std::int64_t partialBytes(const Task& task, const std::vector<CoreCut>& cuts) {
  return partsOf(cuts) * resultBytes(task);
}

void replace(plan::Plan& plan, std::size_t index, Reduction tasks) {
  const auto at = static_cast<std::ptrdiff_t>(index);
  isa::Layer layer = plan.layers[index];
  layer.name += ".sum";
  layer.macs = 0;
  layer.work = {};
  layer.work.name = layer.name;
  layer.work.kind = OperatorWork::Kind::Movement;
  plan.layers.insert(plan.layers.begin() + at + 1, std::move(layer));
  plan.tasks[index] = std::move(tasks.products);
  plan.tasks.insert(plan.tasks.begin() + at + 1, std::move(tasks.sum));
  for (std::size_t t = index + 1; t < plan.tasks.size(); ++t)
    plan.tasks[t].layer = static_cast<int>(t);
}

}  // namespace npusim::partition
