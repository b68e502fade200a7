#include "kernels/lowering/operator_work.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/end_to_end/recurrent_layers.h"

namespace npusim::lowering {
namespace {

/// A loop of 5 steps over [3, 8] with one product.
TEST(OperatorWork, OfALoopIsOfOnePass) {
  end_to_end::Random random(1);
  const Graph graph =
      end_to_end::recurrentLayers({.layers = 1, .steps = 5, .batch = 3, .width = 8}, random);
  std::map<std::string, OperatorWork> works;
  for (const Node& node : graph.nodes) {
    works[std::string(name(node.operation))] = operatorWork(graph, node);
  }
  const OperatorWork& product = works.at("MatMul");
  EXPECT_EQ(product.times, 5);
  EXPECT_EQ(product.macs, 3 * 8 * 8);
  EXPECT_EQ(product.weightElements, 8 * 8);
  EXPECT_EQ(product.inputElements, 3 * 8);
  EXPECT_EQ(product.m * product.n * product.k * product.batch, product.macs);
  EXPECT_EQ(works.at("Take").inputElements, 0) << "found where it lies";
  EXPECT_EQ(works.at("Carried").outputElements, 0);
  EXPECT_EQ(works.at("Collect").outputElements, 3 * 8) << "one part a pass";
  EXPECT_EQ(works.at("Elementwise").transcendentalOps, 3 * 8);
}

}  // namespace
}  // namespace npusim::lowering
