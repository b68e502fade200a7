#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;
using ::testing::HasSubstr;

const std::string kLabels = "abcde";

std::size_t position(char label) { return kLabels.find(label); }

Shape shapeOf(const std::string& labels, const Shape& extents) {
  Shape shape;
  for (const char label : labels) shape.push_back(extents[position(label)]);
  return shape;
}

/// Each label at random, in random order.
std::string someLabels(Random& random, const std::string& from) {
  std::string labels;
  for (const char label : from) {
    if (!random.once(3))
      labels.insert(labels.begin() + random.integer(0, std::ssize(labels)), label);
  }
  return labels.empty() ? from.substr(0, 1) : labels;
}

/// The definition: for every assignment of the labels, the product of the operands' elements.
Tensor summed(const std::vector<std::string>& operands, const std::vector<Tensor>& values,
              const std::string& result, const Shape& extents) {
  const Shape shape = shapeOf(result, extents);
  std::vector<double> sums(static_cast<std::size_t>(elementCount(shape)));
  Shape used = extents;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const bool named = std::any_of(operands.begin(), operands.end(), [&](const std::string& each) {
      return each.find(kLabels[i]) != std::string::npos;
    });
    if (!named) used[i] = 1;
  }
  forEachIndex(used, [&](const Shape& assignment) {
    double product = 1;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      product *= values[i].at(numberOf(shapeOf(operands[i], assignment), values[i].shape()));
    }
    sums[static_cast<std::size_t>(numberOf(shapeOf(result, assignment), shape))] += product;
  });
  std::size_t next = 0;
  return filled(DataType::Float32, shape, [&] { return sums[next++]; });
}

TEST(Einsum, OneOrTwoOperandsByTheDefinition) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    Shape extents;
    for (std::size_t i = 0; i < kLabels.size(); ++i) extents.push_back(random.integer(2, 4));
    std::vector<std::string> operands = {someLabels(random, kLabels)};
    if (!random.once(4)) operands.push_back(someLabels(random, kLabels));
    std::string all;
    for (const char label : kLabels) {
      if ((operands[0] + operands.back()).find(label) != std::string::npos) all += label;
    }
    const std::string result = someLabels(random, all);
    const std::string equation =
        operands[0] + (operands.size() == 2 ? ", " + operands[1] : "") + " -> " + result;
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + equation);
    OneOperator op("Einsum");
    std::vector<Tensor> values;
    for (const std::string& labels : operands) {
      values.push_back(random.floats(shapeOf(labels, extents), 1));
      op.operand(values.back());
    }
    const Tensor y = op.attribute("equation", equation.c_str()).run().at(0);
    const Tensor wanted = summed(operands, values, result, extents);
    ASSERT_EQ(y.shape(), wanted.shape());
    for (std::int64_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y.at(i), wanted.at(i), 1e-4) << i;
  }
}

std::string refusal(const char* equation, const std::vector<Shape>& shapes) {
  OneOperator op("Einsum");
  for (const Shape& shape : shapes) op.operand(floats(shape));
  return importError(op.attribute("equation", equation).model());
}

TEST(Einsum, OtherFormsAreRefusedWithTheEquation) {
  EXPECT_THAT(refusal("ii->i", {{2, 2}}), HasSubstr("equation 'ii->i' that takes a diagonal"));
  EXPECT_THAT(refusal("a,a,a->a", {{2}, {2}, {2}}), HasSubstr("of more than two operands"));
  EXPECT_THAT(refusal("ab,bc->ac", {{2, 3}, {4, 2}}), HasSubstr("has label 'b' for two sizes"));
  EXPECT_THAT(refusal("ab->c", {{2, 3}}), HasSubstr("gives a label that no operand has"));
  EXPECT_THAT(refusal("abc->a", {{2, 3}}), HasSubstr("names another number of dimensions"));
}

}  // namespace
}  // namespace npusim::testing_onnx
