#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "workloads/description/description.h"

namespace npusim {
namespace {

using testing::HasSubstr;

std::string network(const std::string& input, const std::string& conv) {
  return "name: net\ninputs:\n  x: " + input + "\nlayers:\n  - conv: {channels: 64, kernel: 3" +
         conv + "}\n";
}

const char* const kShape = "[1, 64, 8, 8]";

Graph parse(const std::string& input, const std::string& conv) {
  return parseDescription(network(input, conv), "net.yaml");
}

std::string errorOf(const std::string& input, const std::string& conv) {
  try {
    parse(input, conv);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

TEST(Mapping, StandsAtItsLayer) {
  const Graph graph =
      parse(kShape, ", activation: relu, mapping: {n: 4, m: 64, e: 13, p: 16, q: 3, r: 2, t: 1}");
  ASSERT_TRUE(graph.nodes.at(0).mapping.has_value());
  EXPECT_EQ(graph.nodes[0].mapping->n, 4);
  EXPECT_EQ(graph.nodes[0].mapping->m, 64);
  EXPECT_EQ(graph.nodes[0].mapping->pass, (RowStationaryPass{13, 16, 3, 2, 1}));
  EXPECT_FALSE(graph.nodes.at(1).mapping.has_value());
  EXPECT_THAT(graph.toText(), HasSubstr("[n=4 m=64 e=13 p=16 q=3 r=2 t=1]"));
}

TEST(Mapping, IsReadStrictly) {
  EXPECT_EQ(errorOf(kShape, ", mapping: {n: 4, m: 64, e: 13, p: 16, q: 3, r: 2}"),
            "net.yaml:5:46: layers.1.conv.mapping: key 't' is missing");
  EXPECT_THAT(errorOf(kShape, ", mapping: {n: 0, m: 64, e: 13, p: 16, q: 3, r: 2, t: 1}"),
              HasSubstr("layers.1.conv.mapping.n"));
  EXPECT_THAT(errorOf(kShape, ", mapping: {n: 1, m: 64, e: 13, p: 16, q: 3, r: 2, t: 1, u: 2}"),
              HasSubstr("layers.1.conv.mapping.u: unknown key"));
}

TEST(MadeValues, InputsMayTellTheirZerosAndStayUncompressed) {
  const Graph graph = parse("{shape: [1, 64, 8, 8], zeros: 0.25, compressed: false}", "");
  const Value& x = graph.value(graph.inputs.at(0));
  EXPECT_EQ(x.shape, (Shape{1, 64, 8, 8}));
  EXPECT_EQ(x.zeroShare, 0.25);
  EXPECT_TRUE(x.raw);
  EXPECT_FALSE(parse(kShape, "").value(0).raw);
  EXPECT_EQ(errorOf("{shape: [1, 64, 8, 8], zeros: 1.5}", ""),
            "net.yaml:3:36: inputs.x.zeros: must be from 0 to 1");
  EXPECT_THAT(errorOf("{zeros: 0.5}", ""), HasSubstr("inputs.x: key 'shape' is missing"));
}

TEST(MadeValues, WeightsHaveTheShareOfZerosThatIsAskedFor) {
  for (const double share : {0.0, 0.3, 1.0}) {
    const Graph graph = parse(kShape, ", weight_zeros: " + std::to_string(share));
    const Value& w = graph.value(graph.nodes.at(0).inputs.at(1));
    const Tensor made = w.constant->materialize(DataType::Float32, w.shape);
    const auto zeros = std::ranges::count(made.as<float>(), 0.0F);
    EXPECT_NEAR(static_cast<double>(zeros) / static_cast<double>(made.size()), share, 0.01);
  }
}

}  // namespace
}  // namespace npusim
