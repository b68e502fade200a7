#include <gtest/gtest.h>

#include "workloads/onnx/folding.h"

namespace npusim::onnx_import {
namespace {

constexpr std::int64_t kBegin = std::int64_t{1} << 27;  ///< what an empty file may cost

TEST(FoldBudget, IsTakenToTheLastElementAndNoFurther) {
  FoldBudget budget;
  EXPECT_FALSE(budget.take(kBegin + 1));
  EXPECT_TRUE(budget.take(kBegin - 5000));
  EXPECT_FALSE(budget.take(5001));
  EXPECT_TRUE(budget.take(5000));
  EXPECT_FALSE(budget.take(4097));
}

TEST(FoldBudget, WhatIsTinyIsAlwaysThere) {
  FoldBudget budget;
  ASSERT_TRUE(budget.take(kBegin));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(budget.take(4096)) << i;
  EXPECT_FALSE(budget.take(4097));
}

TEST(FoldBudget, GrowsByTheTensorsThatTheFileHolds) {
  OnnxGraph graph;
  graph.initializers["w"] = Tensor(DataType::Float32, {100, 10});
  OnnxNode constant;
  constant.attributes["value"] = Tensor(DataType::Int64, {24});
  graph.nodes.push_back(constant);
  FoldBudget budget;
  budget.add(graph);
  EXPECT_FALSE(budget.take(kBegin + 64 * 1024 + 1));
  EXPECT_TRUE(budget.take(kBegin + 64 * 1024));
  EXPECT_FALSE(budget.take(4097));
}

}  // namespace
}  // namespace npusim::onnx_import
