#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "workloads/description/description.h"
#include "workloads/description/expression.h"

namespace npusim {
namespace {

using testing::HasSubstr;

Graph parse(const std::string& text, const DescriptionOptions& options = {}) {
  Graph graph = parseDescription(text, "net.yaml", options);
  graph.verify();
  return graph;
}

std::string errorOf(const std::string& text, const DescriptionOptions& options = {}) {
  try {
    parse(text, options);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

std::int64_t value(const std::string& text) {
  return evaluateExpression(text, [](const std::string& name) {
    if (name == "ten") return std::int64_t{10};
    throw BadInput("no " + name);
  });
}

TEST(Expression, FollowsTheUsualRules) {
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(1 + 2)*3"), 9);
  EXPECT_EQ(value("$ten - 2 - 3"), 5);
  EXPECT_EQ(value("$ten * $ten / 4"), 25);
  EXPECT_EQ(value("2 - $ten"), -8);
}

TEST(Expression, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"$ten / 3", "divides 10 by 3, which leaves a rest"},
      {"$ten / 0", "divides by 0"},
      {"$ten +", "needs a number, a $name or '(' at ''"},
      {"($ten", "lacks a ')'"},
      {"$ten 4", "has something left at '4'"},
      {"999999999999999999 * 99", "is too large"},
      {"1234567890123456789", "needs a number"},
  };
  for (const auto& [text, message] : cases) {
    try {
      value(text);
      ADD_FAILURE() << text << " has a value";
    } catch (const BadInput& error) {
      EXPECT_THAT(error.what(), HasSubstr(message)) << text;
    }
  }
  EXPECT_THROW(value(std::string(100000, '(')), BadInput) << "no deep recursion";
}

/// Random sums of products against the same computed here.
TEST(Expression, EqualsItsParts) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    std::string text;
    std::int64_t expected = 0;
    for (int term = 0; term < 4; ++term) {
      const std::int64_t a = random() % 100, b = random() % 100, c = 1 + random() % 9;
      text += (term > 0 ? " + " : "") + std::to_string(a) + " * (" + std::to_string(b) +
              " - 50) * " + std::to_string(c) + " / " + std::to_string(c);
      expected += a * (b - 50);
    }
    EXPECT_EQ(value(text), expected) << text << " (seed 7, trial " << trial << ")";
  }
}

constexpr const char* kNetwork =
    "name: n\n"
    "parameters: {width: 6, wide: 2 * $width, layers: 3}\n"
    "inputs: {x: [2, 4, $width]}\n"
    "blocks:\n"
    "  layer:\n"
    "    parameters: {hidden: $wide}\n"
    "    layers:\n"
    "      - layer_norm\n"
    "      - gemm: {name: up, features: $hidden, activation: gelu}\n"
    "      - gemm: {name: down, features: $width}\n"
    "      - add: {from: [down, input]}\n"
    "layers:\n";

TEST(Parameters, GoIntoDimensionsAndAreReplaced) {
  const std::string text = std::string(kNetwork) + "  - layer: {hidden: $wide + 1}\n";
  EXPECT_EQ(parse(text).values.at(0).shape, (Shape{2, 4, 6}));
  const Graph wider = parse(text, {std::nullopt, {{"width", 8}}});
  EXPECT_EQ(wider.value(wider.outputs.at(0)).shape, (Shape{2, 4, 8}));
  // norm: 2 x 8; up: 17 x (8 + 1); down: 8 x (17 + 1)
  EXPECT_EQ(parameterCount(wider), 16 + 17 * 9 + 8 * 18);
}

TEST(Parameters, MistakesSayWhereAndWhat) {
  const std::string text = std::string(kNetwork) + "  - layer\n";
  EXPECT_EQ(errorOf(text, {std::nullopt, {{"depth", 8}}}),
            "--dim depth: the description has no such parameter; it has width, wide or layers");
  EXPECT_THAT(
      errorOf(std::string(kNetwork) + "  - layer: {hidden: $width / 4}\n"),
      HasSubstr("net.yaml:13:21: layers.1.layer.hidden: expression '$width / 4' divides 6"));
  EXPECT_THAT(errorOf(std::string(kNetwork) + "  - layer: {hidden: $depth + 1}\n"),
              HasSubstr("no parameter $depth here"));
  EXPECT_THAT(errorOf("name: n\ninputs: {x: [1]}\nlayers: [relu]\n", {std::nullopt, {{"a", 1}}}),
              HasSubstr("it has none"));
}

TEST(Parameters, BatchIsOneWhereTheNetworkSaysSo) {
  const std::string text =
      "name: n\nparameters: {batch: 1}\n"
      "inputs: {x: [$batch, 3], table: [5, 3]}\nlayers: [matmul: {from: [x, table], "
      "transpose_b: true}]\n";
  const Graph graph = parse(text, {4, {}});
  EXPECT_EQ(graph.value(graph.inputs[0]).shape, (Shape{4, 3}));
  EXPECT_EQ(graph.value(graph.inputs[1]).shape, (Shape{5, 3})) << "no batch in it";
}

TEST(Loop, IsOneGraphRepeatWithStackedWeights) {
  const Graph graph = parse(std::string(kNetwork) + "  - layer: {name: l, loop: $layers}\n");
  ASSERT_EQ(graph.repeats.size(), 1u);
  EXPECT_EQ(graph.repeats[0].passes, 3);
  const Graph unrolled = parse(std::string(kNetwork) + "  - layer: {name: l, repeat: $layers}\n");
  EXPECT_EQ(parameterCount(graph), parameterCount(unrolled));
  std::int64_t macs = 0, unrolledMacs = 0;
  for (const Node& node : graph.nodes) macs += macCount(graph, node);
  for (const Node& node : unrolled.nodes) unrolledMacs += macCount(unrolled, node);
  EXPECT_EQ(macs, unrolledMacs);
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{2, 4, 6}));
}

TEST(Loop, SharesWeightsWhereAsked) {
  const Graph shared =
      parse(std::string(kNetwork) + "  - layer: {loop: 3, shared_weights: true}\n");
  EXPECT_EQ(parameterCount(shared), parameterCount(parse(std::string(kNetwork) + "  - layer\n")));
}

TEST(Loop, NestedLoopsHaveWeightsOfTheirOwn) {
  const Graph graph = parse(
      "name: n\ninputs: {x: [1, 4]}\nblocks:\n"
      "  inner: {layers: [gemm: {features: 4}]}\n"
      "  outer: {layers: [gemm: {features: 4}, inner: {loop: 3}, gemm: {features: 4}]}\n"
      "layers: [outer: {loop: 2}]\n");
  EXPECT_EQ(parameterCount(graph), 2 * (2 + 3) * 20);
  EXPECT_EQ(graph.repeats.at(1).parent, 0);
}

TEST(Loop, MistakesSayWhereAndWhat) {
  const std::string head =
      "name: n\ninputs: {x: [2, 3]}\nblocks: {b: {layers: [gemm: {features: 4}]}}\n";
  EXPECT_THAT(errorOf(head + "layers: [b: {loop: 2}]\n"),
              HasSubstr("net.yaml:4:20: layers.1.b.loop: the block makes 2x4 of 2x3"));
  EXPECT_THAT(errorOf(head + "layers: [b: {loop: 1001}]\n"), HasSubstr("give at most 1000"));
  EXPECT_THAT(errorOf(head + "layers: [b: {with: {y: z}}]\n"),
              HasSubstr("layers.1.b.with.y: no layer or input 'z'"));
  const std::string same =
      "name: n\ninputs: {x: [2, 3]}\nblocks: {b: {layers: [gemm: {features: 3}]}}\n";
  EXPECT_THAT(errorOf(same + "layers: [b: {loop: 2, collect: q}]\n"),
              HasSubstr("the block has no layer 'q'"));
  EXPECT_THAT(errorOf(same + "layers: [b: {collect: q}]\n"), HasSubstr("collect: unknown key"));
}

std::string attention(const std::string& options, const std::string& inputs) {
  return "name: n\ninputs: {" + inputs + "}\nlayers:\n  - attention: {" + options + "}\n";
}

TEST(Attention, MistakesSayWhatFits) {
  EXPECT_THAT(errorOf(attention("from: [q, q], heads: 2", "q: [1, 3, 4]")),
              HasSubstr("attention takes queries, keys and values"));
  EXPECT_THAT(errorOf(attention("from: [q, q, q], heads: 3", "q: [1, 3, 4]")),
              HasSubstr("queries 1x3x4 in 3 heads and keys 1x3x4 in 3 do not fit together"));
  EXPECT_THAT(
      errorOf(attention("from: [q, q, q, p, p], heads: 2", "q: [1, 3, 4], p: [1, 2, 3, 4]")),
      HasSubstr("past keys 1x2x3x4 must be [batch, kv_heads, size, past]"));
  EXPECT_THAT(errorOf(attention("from: [q, q, q], heads: 4, rotary: 10000", "q: [1, 3, 4]")),
              HasSubstr("heads of an even size"));
}

TEST(Recurrent, GivesEveryStepInEveryDirection) {
  for (const char* kind : {"rnn", "lstm", "gru"}) {
    const std::string text =
        "name: n\ninputs: {x: [2, 7, 5]}\nlayers:\n  - " + std::string(kind) +
        ": {hidden: 3, layers: 2, direction: bidirectional, recurrent_bias: true}\n";
    const Graph graph = parse(text);
    EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{2, 7, 6})) << kind;
    EXPECT_EQ(graph.repeats.size(), 4u);
    const std::int64_t gates = std::string(kind) == "rnn" ? 1 : std::string(kind) == "gru" ? 3 : 4;
    // as PyTorch counts: two biases
    EXPECT_EQ(parameterCount(graph), 2 * gates * 3 * ((5 + 3 + 2) + (6 + 3 + 2))) << kind;
  }
}

TEST(TransposedConvolution, MeetsEveryOutputOnce) {
  // The MACs of a transposed convolution: inputs x kernel, minus what falls off the edges here not
  // at all, since kernel = stride.
  const Graph graph = parse(
      "name: n\ninputs: {x: [1, 3, 4, 4]}\nlayers:\n  - transposed_conv: {channels: 5, stride: "
      "2}\n");
  std::int64_t macs = 0;
  for (const Node& node : graph.nodes) macs += macCount(graph, node);
  EXPECT_EQ(macs, 3 * 4 * 4 * 5 * 2 * 2);
  EXPECT_EQ(parameterCount(graph), 3 * 5 * 2 * 2 + 5);
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{1, 5, 8, 8}));
}

}  // namespace
}  // namespace npusim
