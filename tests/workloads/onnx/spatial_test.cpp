#include <gtest/gtest.h>

#include <cmath>

#include "tests/end_to_end/graph_builder.h"
#include "tests/workloads/onnx/one_operator.h"

/// Windows over three dimensions, which the importer takes apart, against the evaluator's
/// own loops over all of them.
namespace npusim::testing_onnx {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;

void expectNear(const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found.at(i), expected.at(i), 1e-4) << "element " << i;
  }
}

Shape each(Random& random, std::size_t rank, std::int64_t least, std::int64_t most) {
  Shape values;
  for (std::size_t d = 0; d < rank; ++d) values.push_back(random.integer(least, most));
  return values;
}

Shape joined(Shape head, const Shape& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

TEST(Spatial, ConvolutionsOverThreeDimensions) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::int64_t groups = random.integer(1, 2), inputs = random.integer(1, 3);
    const std::int64_t outputs = groups * random.integer(1, 3);
    const Convolution op{each(random, 3, 1, 2), each(random, 3, 1, 2), each(random, 3, 0, 2),
                         each(random, 3, 0, 2), groups};
    const Tensor x = random.floats(joined({2, groups * inputs}, each(random, 3, 5, 8)), 1);
    const Tensor w = random.floats(joined({outputs, inputs}, each(random, 3, 1, 3)), 1);
    const Tensor bias = random.floats({outputs}, 1);
    GraphBuilder net;
    const ValueId in = net.input(x.shape());
    net.graph().outputs = {net.add(op, {in, net.constant(w), net.constant(bias)})};
    OneOperator conv("Conv");
    conv.operand(x).operand(w, random.once(2)).constant(bias);
    conv.attribute("strides", op.strides).attribute("dilations", op.dilations);
    conv.attribute("pads", joined(op.padsBegin, op.padsEnd)).attribute("group", groups);
    expectNear(conv.run().at(0), evaluate(net.graph(), {{net.graph().value(in).name, x}}).at(0));
  }
}

/// By the definition: the mean or the greatest of the elements that each window holds.
Tensor pooled(const Tensor& x, const Shape& kernel, const Shape& strides, const Shape& pads,
              bool isMax, bool countPadding) {
  const std::size_t rank = kernel.size();
  Shape shape(x.shape().begin(), x.shape().begin() + 2);
  for (std::size_t d = 0; d < rank; ++d) {
    shape.push_back((x.shape()[d + 2] + pads[d] + pads[rank + d] - kernel[d]) / strides[d] + 1);
  }
  Tensor y(DataType::Float32, shape);
  forEachIndex(shape, [&](const Shape& at) {
    double sum = 0, most = -INFINITY, count = 0;
    forEachIndex(kernel, [&](const Shape& tap) {
      Shape from(at.begin(), at.begin() + 2);
      bool inside = true;
      for (std::size_t d = 0; d < rank; ++d) {
        from.push_back(at[d + 2] * strides[d] + tap[d] - pads[d]);
        inside = inside && from.back() >= 0 && from.back() < x.shape()[d + 2];
      }
      if (inside || countPadding) ++count;
      if (!inside) return;
      const double value = x.at(numberOf(from, x.shape()));
      sum += value;
      most = std::max(most, value);
    });
    y.set(numberOf(at, shape), isMax ? most : sum / count);
  });
  return y;
}

TEST(Spatial, PoolsOverThreeDimensions) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    constexpr std::size_t rank = 3;
    const bool isMax = random.once(2), countPadding = !isMax && random.once(2);
    const Shape kernel = each(random, rank, 2, 3), strides = each(random, rank, 1, 2);
    const Shape pads = each(random, 2 * rank, 0, 1);
    const Tensor x = random.floats(joined({1, 2}, each(random, rank, 3, 5)), 1);
    OneOperator pool(isMax ? "MaxPool" : "AveragePool");
    pool.operand(x).attribute("kernel_shape", kernel).attribute("strides", strides);
    pool.attribute("pads", pads);
    if (countPadding) pool.attribute("count_include_pad", std::int64_t{1});
    expectNear(pool.run().at(0), pooled(x, kernel, strides, pads, isMax, countPadding));
  }
}

}  // namespace
}  // namespace npusim::testing_onnx
