#include <gtest/gtest.h>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;

struct Sample {
  Shape strides, dilations, pads, extra, outputs;
  std::int64_t groups = 1;
  Tensor x, w, bias;
};

Sample randomSample(Random& random) {
  Sample s;
  const auto rank = static_cast<std::size_t>(random.integer(1, 3));
  s.groups = random.integer(1, 2);
  Shape x = {random.integer(1, 2), s.groups * random.integer(1, 2)};
  Shape w = {x[1], random.integer(1, 2)};
  s.pads.resize(2 * rank);
  for (std::size_t d = 0; d < rank; ++d) {
    x.push_back(random.integer(1, 4));
    w.push_back(random.integer(1, 4));
    s.strides.push_back(random.integer(1, 3));
    s.dilations.push_back(random.integer(1, 3));
    s.extra.push_back(random.integer(0, s.strides[d] - 1));
    const std::int64_t reach = s.dilations[d] * (w[d + 2] - 1);
    const std::int64_t full = (x[d + 2] - 1) * s.strides[d] + reach + 1 + s.extra[d];
    s.pads[d] = std::min(random.integer(0, reach + 1), full - 1);
    s.pads[d + rank] = std::min(random.integer(0, reach + 1), full - 1 - s.pads[d]);
    s.outputs.push_back(full - s.pads[d] - s.pads[d + rank]);
  }
  s.x = random.floats(x, 2);
  s.w = random.floats(w, 2);
  s.bias = random.floats({w[1] * s.groups}, 2);
  return s;
}

/// Every element of x, times every weight, added where the standard says that it goes.
Tensor scattered(const Sample& s) {
  const Shape& x = s.x.shape();
  const Shape& w = s.w.shape();
  Shape shape = {x[0], w[1] * s.groups};
  shape.insert(shape.end(), s.outputs.begin(), s.outputs.end());
  std::vector<double> sums(static_cast<std::size_t>(elementCount(shape)));
  forEachIndex(shape, [&](const Shape& at) {
    sums[static_cast<std::size_t>(numberOf(at, shape))] = s.bias.at(at[1]);
  });
  forEachIndex(x, [&](const Shape& from) {
    forEachIndex(Shape(w.begin() + 1, w.end()), [&](const Shape& tap) {
      Shape to = {from[0], from[1] / (x[1] / s.groups) * w[1] + tap[0]};
      for (std::size_t d = 0; d < s.outputs.size(); ++d) {
        to.push_back(from[d + 2] * s.strides[d] + tap[d + 1] * s.dilations[d] - s.pads[d]);
        if (to.back() < 0 || to.back() >= s.outputs[d]) return;
      }
      Shape weight = {from[1]};
      weight.insert(weight.end(), tap.begin(), tap.end());
      sums[static_cast<std::size_t>(numberOf(to, shape))] +=
          s.x.at(numberOf(from, x)) * s.w.at(numberOf(weight, w));
    });
  });
  std::size_t next = 0;
  return filled(DataType::Float32, shape, [&] { return sums[next++]; });
}

TEST(ConvTranspose, AddsEveryProductWhereItBelongs) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Sample s = randomSample(random);
    OneOperator op("ConvTranspose", 11);
    op.operand(s.x).operand(s.w, random.once(2)).operand(s.bias, random.once(2));
    op.attribute("strides", s.strides).attribute("dilations", s.dilations);
    op.attribute("group", s.groups).attribute("pads", s.pads).attribute("output_padding", s.extra);
    const Tensor y = op.run().at(0);
    const Tensor wanted = scattered(s);
    ASSERT_EQ(y.shape(), wanted.shape());
    for (std::int64_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y.at(i), wanted.at(i), 1e-4) << i;
  }
}

TEST(ConvTranspose, WeightsThatDoNotFitAreRefused) {
  const ModelBuilder model = OneOperator("ConvTranspose", 11)
                                 .operand(floats({1, 2, 3}))
                                 .operand(floats({3, 1, 2}))
                                 .model();
  EXPECT_EQ(
      importError(model),
      "m.onnx: node 'n' (ConvTranspose): weights 3x1x2 do not fit the input 1x2x3 in 1 groups");
}

}  // namespace
}  // namespace npusim::testing_onnx
