#include "tools/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/error.h"
#include "tools/problem.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;

/// A small product, its inputs and its right outputs.
struct Product {
  Graph graph = gemmNetwork(2, 3, 4, 1).graph;
  Inputs inputs = completeInputs(inputSlots(graph), {}, 1);
  std::vector<Tensor> right = evaluate(graph, inputs);

  double greatest() const {
    double result = 0;
    for (std::int64_t i = 0; i < right[0].size(); ++i) {
      result = std::max(result, std::abs(right[0].at(i)));
    }
    return result;
  }
  std::vector<Tensor> off(double by) const {
    std::vector<Tensor> wrong = right;
    wrong[0].set(4, wrong[0].at(4) + by);
    return wrong;
  }
  ValuesResult check(DataType precision, const std::vector<Tensor>& outputs,
                     std::optional<double> tolerance = {},
                     std::vector<Tensor> expected = {}) const {
    return checkValues(precision, tolerance, {outputs, outputs},
                       {&graph, &graph, &inputs, {inputs.at("a")}, std::move(expected)});
  }
};

TEST(Check, HoldsFp32ToTheRule) {
  const Product p;
  const double allowed = 1e-4 + 1e-3 * p.greatest();
  EXPECT_TRUE(p.check(DataType::Float32, p.right).passed);
  EXPECT_TRUE(p.check(DataType::Float32, p.off(0.95 * allowed)).passed);
  const ValuesResult wrong = p.check(DataType::Float32, p.off(1.05 * allowed));
  EXPECT_FALSE(wrong.passed);
  EXPECT_EQ(wrong.checkedAgainst, "evaluate");
  EXPECT_NEAR(wrong.maxAbsError, 1.05 * allowed, 1e-6);
  EXPECT_THAT(wrong.detail, HasSubstr("(allowed: 0.0001 + 0.001 max|ref|)"));
}

TEST(Check, HoldsHalvesToAHundredthAndToleranceReplacesIt) {
  const Product p;
  const double allowed = 1e-2 * p.greatest();
  for (const DataType half : {DataType::Float16, DataType::BFloat16}) {
    EXPECT_TRUE(p.check(half, p.off(0.95 * allowed)).passed);
    EXPECT_FALSE(p.check(half, p.off(1.05 * allowed)).passed);
    EXPECT_TRUE(p.check(half, p.off(1.05 * allowed), 0.02).passed);
    EXPECT_FALSE(p.check(half, p.off(0.1 * allowed), 1e-4).passed);
  }
}

TEST(Check, NeverPassesANan) {
  const Product p;
  EXPECT_FALSE(p.check(DataType::Float32, p.off(std::nan(""))).passed);
}

TEST(Check, JudgesTheDataSetToo) {
  const Product p;
  const ValuesResult same = p.check(DataType::Float32, p.right, {}, p.right);
  EXPECT_TRUE(same.passed);
  EXPECT_EQ(same.checkedAgainst, "data set");
  const ValuesResult other = p.check(DataType::Float32, p.right, {}, p.off(1));
  EXPECT_FALSE(other.passed);
  EXPECT_NEAR(other.maxAbsError, 1, 1e-6);
  const std::vector<Tensor> misshapen = {Tensor(DataType::Float32, {7})};
  EXPECT_THROW(p.check(DataType::Float32, p.right, {}, misshapen), BadInput);
}

TEST(Check, WantsInt8BitForBit) {
  const Product p;
  const ValuesResult exact = p.check(DataType::Int8, p.right);
  EXPECT_TRUE(exact.passed);
  EXPECT_THAT(exact.detail, HasSubstr("int8 equals the evaluation of the quantised network"));
  EXPECT_THAT(exact.detail, HasSubstr("cosine similarity to fp32 1.00000, arg-max equal"));
  const double smallest = std::nextafter(p.right[0].at(4), 10.0F) - p.right[0].at(4);
  EXPECT_FALSE(p.check(DataType::Int8, p.off(std::max(smallest, 1e-6))).passed);
}

TEST(Check, OfAProgramKnowsOnlyTheDataSet) {
  const Product p;
  const ValuesResult none = checkAgainstData(DataType::Float32, {}, p.right, {});
  EXPECT_TRUE(none.passed);
  EXPECT_EQ(none.checkedAgainst, "");
  EXPECT_FALSE(checkAgainstData(DataType::Float32, {}, p.right, p.off(1)).passed);
  EXPECT_TRUE(checkAgainstData(DataType::Int8, {}, p.right, p.off(1)).passed);
}

}  // namespace
}  // namespace npusim::tools
