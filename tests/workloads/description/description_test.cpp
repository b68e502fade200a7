#include "workloads/description/description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

namespace npusim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Wraps a list of layers, one a line, into a description; its first layer is on line 5.
std::string network(const std::string& layers) {
  return "name: net\ninputs:\n  x: [1, 3, 8, 8]\nlayers:\n" + layers;
}

Graph parse(const std::string& text) { return parseDescription(text, "net.yaml"); }

std::string errorOf(const std::string& text) {
  try {
    parse(text);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

const Node& nodeNamed(const Graph& graph, const std::string& name) {
  const auto found = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                  [&](const Node& node) { return node.name == name; });
  if (found == graph.nodes.end()) throw InternalError("no node " + name);
  return *found;
}

Shape outputShape(const std::string& layers) {
  const Graph graph = parse(network(layers));
  graph.verify();
  return graph.value(graph.outputs.at(0)).shape;
}

TEST(Description, LayersFollowOneAnother) {
  const Graph graph = parse(network("  - conv: {channels: 4, kernel: 3, pad: 1}\n  - relu\n"));
  graph.verify();
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].name, "conv_1");
  EXPECT_EQ(graph.nodes[0].opName, "Conv");
  EXPECT_EQ(graph.nodes[1].inputs, std::vector<ValueId>{graph.nodes[0].output});
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{1, 4, 8, 8}));
}

TEST(Description, EveryKindGivesTheDocumentedShape) {
  const std::pair<const char*, Shape> cases[] = {
      {"conv: {channels: 6, kernel: 3, stride: 2, pad: 1, groups: 3}", {1, 6, 4, 4}},
      {"conv: {channels: 2, kernel: [3, 1], pad: [1, 0, 0, 0]}", {1, 2, 7, 8}},
      {"conv: {channels: 2, kernel: 3, dilation: 2}", {1, 2, 4, 4}},
      {"depthwise: {kernel: 3, stride: [1, 2], pad: 1}", {1, 3, 8, 4}},
      {"max_pool: {kernel: 3, stride: 2}", {1, 3, 3, 3}},
      {"max_pool: {kernel: 3, stride: 2, ceil: true}", {1, 3, 4, 4}},
      {"average_pool: {kernel: 2, count_padding: false}", {1, 3, 4, 4}},
      {"global_average_pool", {1, 3, 1, 1}},
      {"global_max_pool", {1, 3, 1, 1}},
      {"batch_norm", {1, 3, 8, 8}},
      {"lrn: {size: 5}", {1, 3, 8, 8}},
      {"softmax: {axis: 1}", {1, 3, 8, 8}},
      {"concat: {from: [x, x, x]}", {1, 9, 8, 8}},
      {"concat: {from: [x, x], axis: -1}", {1, 3, 8, 16}},
      {"flatten", {1, 192}},
      {"flatten: {axis: 2}", {3, 64}},
      {"reshape: {shape: [64, 3]}", {1, 64, 3}},
      {"transpose: {permutation: [0, 2, 3, 1]}", {1, 8, 8, 3}},
      {"matmul: {from: [x, x], transpose_b: true}", {1, 3, 8, 8}},
      {"clip: {min: -1, max: 1}", {1, 3, 8, 8}},
      {"leaky_relu: {alpha: 0.2}", {1, 3, 8, 8}},
      {"hard_sigmoid: {alpha: 0.2, beta: 0.4}", {1, 3, 8, 8}},
      {"mul: {from: [x, x]}", {1, 3, 8, 8}},
      {"upsample: {scale: 3}", {1, 3, 24, 24}},
      {"upsample: {scale: [1, 2]}", {1, 3, 8, 16}},
      {"transposed_conv: {channels: 5, stride: 2}", {1, 5, 16, 16}},
      {"transposed_conv: {channels: 5, stride: 2, kernel: 4}", {1, 5, 16, 16}},
      {"group_norm: {groups: 3}", {1, 3, 8, 8}},
      {"layer_norm", {1, 3, 8, 8}},
      {"layer_norm: {affine: false}", {1, 3, 8, 8}},
      {"rms_norm", {1, 3, 8, 8}},
      {"mean: {axis: 3}", {1, 3, 8}},
      {"mean: {axis: 1, keep: true}", {1, 1, 8, 8}},
      {"slice: {axis: 3, begin: 2, end: 5}", {1, 3, 8, 3}},
      {"parameter: {shape: [4, 2]}", {1, 4, 2}},
      {"positions: {entries: 5, features: 7, first: 2}", {1, 3, 7}},
  };
  for (const auto& [layer, shape] : cases) {
    EXPECT_EQ(outputShape("  - " + std::string(layer) + "\n"), shape) << layer;
  }
}

/// More than lies on chip: from means channel by channel.
TEST(Description, GroupNormOfLargeGroupsTakesChannelMeans) {
  const Graph graph =
      parse("name: n\ninputs: {x: [2, 4, 256, 256]}\nlayers: [group_norm: {groups: 2}]\n");
  graph.verify();
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{2, 4, 256, 256}));
  EXPECT_EQ(nodeNamed(graph, "group_norm_1.mean.groups").opName, "ReduceMean");
  for (const Node& node : graph.nodes) {
    EXPECT_FALSE(std::holds_alternative<LayerNorm>(node.operation)) << node.name;
  }
}

TEST(Description, ElementwiseKindsNeedNoKeys) {
  for (const char* kind : {"relu", "relu6", "leaky_relu", "sigmoid", "hard_sigmoid", "hard_swish",
                           "tanh", "exp", "sqrt", "gelu", "gelu_tanh", "quick_gelu", "silu"}) {
    EXPECT_EQ(outputShape("  - " + std::string(kind) + "\n"), (Shape{1, 3, 8, 8})) << kind;
  }
  for (const char* kind : {"add", "sub", "mul", "div", "max", "min"}) {
    const std::string layer = "  - " + std::string(kind) + ": {from: [x, previous]}\n";
    EXPECT_EQ(outputShape(layer), (Shape{1, 3, 8, 8})) << kind;
  }
}

TEST(Description, ConvolutionEndsInBatchNormAndActivation) {
  const Graph graph =
      parse(network("  - conv: {name: c, channels: 4, kernel: 1, batch_norm: true, "
                    "activation: relu6}\n"));
  ASSERT_EQ(graph.nodes.size(), 3u);
  EXPECT_EQ(graph.nodes[0].inputs[2], kNoValue) << "batch_norm takes the place of the bias";
  EXPECT_EQ(graph.nodes[1].name, "c.batch_norm");
  EXPECT_EQ(graph.nodes[1].steps.size(), 2u);
  EXPECT_EQ(graph.nodes[2].name, "c.relu6");
  EXPECT_EQ(graph.nodes[2].steps[0].beta, 6.0f);
  EXPECT_EQ(graph.outputs[0], graph.nodes[2].output);
}

TEST(Description, BlocksRepeatWithParameters) {
  const Graph graph = parse(
      "name: net\ninputs: {x: [1, 4, 8, 8]}\n"
      "blocks:\n"
      "  residual:\n"
      "    parameters: {channels: required, kernel: 1, activation: relu}\n"
      "    layers:\n"
      "      - conv: {name: main, channels: $channels, kernel: $kernel, activation: $activation}\n"
      "      - add: {from: [previous, input]}\n"
      "layers:\n"
      "  - residual: {name: r, channels: 4, repeat: 2}\n"
      "  - residual: {channels: 4, activation: tanh}\n"
      "  - add: {from: [r, residual_1]}\n");
  graph.verify();
  ASSERT_EQ(graph.nodes.size(), 10u);
  EXPECT_EQ(graph.nodes[0].name, "r.1.main");
  EXPECT_EQ(graph.nodes[1].name, "r.1.main.relu");
  EXPECT_EQ(graph.nodes[5].inputs,
            (std::vector<ValueId>{graph.nodes[4].output, graph.nodes[2].output}));
  EXPECT_EQ(nodeNamed(graph, "residual_1.main.tanh").opName, "Tanh");
  EXPECT_EQ(graph.nodes[9].inputs,
            (std::vector<ValueId>{graph.nodes[5].output, graph.nodes[8].output}));
}

TEST(Description, WeightsDependOnNameAndSeedOnly) {
  const auto seeds = [](const std::string& text) {
    std::map<std::string, std::uint64_t> found;
    for (const Value& value : parse(text).values) {
      if (value.constant) found[value.name] = value.constant->seed.value();
    }
    return found;
  };
  const std::string conv = "  - conv: {name: c, channels: 3, kernel: 1}\n";
  const auto plain = seeds(network(conv)), later = seeds(network("  - relu\n" + conv));
  const auto other = seeds("seed: 7\n" + network(conv));
  EXPECT_EQ(plain, later);
  EXPECT_NE(plain, other);
  EXPECT_NE(plain.at("c.weight"), plain.at("c.bias"));
}

TEST(Description, SeveralInputsAndOutputs) {
  const Graph graph = parse(
      "name: n\ninputs: {a: [2, 3], b: [2, 3]}\n"
      "layers:\n  - add: {name: s, from: [a, b]}\n  - relu: {name: r, from: a}\n"
      "outputs: [r, s]\n");
  EXPECT_EQ(graph.inputs.size(), 2u);
  EXPECT_THAT(graph.outputs, ElementsAre(graph.nodes[1].output, graph.nodes[0].output));
}

TEST(Description, ExpectedCountsAreChecked) {
  const std::string layer = "  - conv: {channels: 2, kernel: 1}\n";
  EXPECT_NO_THROW(parse("expect: {parameters: 8, macs: 384}\n" + network(layer)));
  EXPECT_NO_THROW(parseDescription("expect: {macs: 384}\n" + network(layer), "net.yaml", 5));
  EXPECT_EQ(errorOf("expect: {parameters: 9}\n" + network(layer)),
            "net.yaml:1:22: expect.parameters: the layers have 8, not 9; correct the layers or the "
            "figure");
}

/// The example of docs/layer_description.md states its own counts, and its table names every kind.
TEST(Description, DocumentationIsTrue) {
  std::ifstream stream(std::string(NPUSIM_SOURCE_DIR) + "/docs/layer_description.md");
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const std::size_t begin = text.find("```yaml\n") + 8, end = text.find("```", begin);
  ASSERT_LT(begin, end);
  const Graph graph = parseDescription(text.substr(begin, end - begin), "layer_description.md");
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, (Shape{1, 10}));
  for (const std::string_view kind : layerKindNames()) {
    EXPECT_THAT(text, HasSubstr("`" + std::string(kind) + "`"));
  }
}

TEST(Description, KindNamesAreUnique) {
  const std::vector<std::string_view> names = layerKindNames();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

struct Broken {
  const char* text;
  const char* error;
};

class BrokenDescription : public testing::TestWithParam<Broken> {};

TEST_P(BrokenDescription, SaysWhereAndWhat) {
  const std::string text = GetParam().text;
  const bool whole = text.starts_with("name:") || text.starts_with("-") || text.starts_with("!");
  const std::string error = errorOf(whole ? text.substr(text[0] == '!') : network(text));
  EXPECT_THAT(error, HasSubstr(GetParam().error));
  EXPECT_TRUE(error.starts_with("net.yaml:")) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << "one line";
}

INSTANTIATE_TEST_SUITE_P(
    Messages, BrokenDescription,
    testing::Values(
        Broken{"  - conv: {channels: 4}\n",
               "net.yaml:5:11: layers.1.conv: key 'kernel' is missing"},
        Broken{"  - conv: {channels: 4, kernel: 3, kernle: 3}\n",
               "net.yaml:5:36: layers.1.conv.kernle: unknown key, did you mean 'kernel'?"},
        Broken{"  - conv: {channels: 4, kernel: 3, channels: 5}\n",
               "net.yaml:5:36: layers.1.conv.channels: given twice (first on line 5), keep one"},
        Broken{"  - conv: {channels: four, kernel: 3}\n",
               "net.yaml:5:22: layers.1.conv.channels: is 'four', must be a whole number of at "
               "least 1"},
        Broken{"  - conv: {channels: 4, kernel: 0}\n",
               "layers.1.conv.kernel: is '0', must be a whole number of at least 1"},
        Broken{"  - conv: {channels: 4.5, kernel: 1}\n", "is '4.5', must be a whole number"},
        Broken{"  - conv: {channels: 99999999999999999999, kernel: 1}\n",
               "is '99999999999999999999', must be a whole number of at least 1"},
        Broken{"  - conv: {channels: 4, kernel: [1, 2, 3]}\n",
               "3 entries; give 1 or 2, one a spatial dimension"},
        Broken{"  - conv: {channels: 4, kernel: 1, pad: [1, 2, 3]}\n",
               "3 entries; give 1, 2, or 4 (all begins, then all ends)"},
        Broken{"  - conv: {channels: 4, kernel: 9}\n",
               "kernel 9x9 is larger than the padded input"},
        Broken{"  - conv: {channels: 4, kernel: 1, groups: 2}\n",
               "3 input and 4 output channels do not divide into 2 groups"},
        Broken{"  - conv: {channels: 4, kernel: 1, activation: conv}\n",
               "'conv' is not an activation; relu is one"},
        Broken{"  - conv: {channels: 4, kernel: 1, bias: maybe}\n",
               "is 'maybe', must be true or false"},
        Broken{"  - conv: {channels: , kernel: 1}\n",
               "layers.1.conv.channels: is empty, give a value or leave the key out"},
        Broken{"  - conv\n", "net.yaml:5:5: layers.1: key 'channels' is missing"},
        Broken{"  - covn: {}\n", "net.yaml:5:5: layers.1: unknown layer 'covn'; known: conv, "},
        Broken{"  - relu: 3\n",
               "net.yaml:5:11: layers.1.relu: is '3', must be a section of 'key: value' lines"},
        Broken{"  - {relu: {}, tanh: {}}\n", "2 keys in one layer; write '- kind'"},
        Broken{"  - [relu]\n", "is a list, must be a section of"},
        Broken{"  - add\n", "add takes 2 inputs, not 1; name them under 'from'"},
        Broken{"  - relu: {from: y}\n",
               "net.yaml:5:18: layers.1.relu.from: no layer or input 'y' before this one"},
        Broken{"  - relu: {name: previous}\n", "'previous' cannot be a name"},
        Broken{"  - relu: {name: a.b}\n", "'a.b' cannot be a name"},
        Broken{"  - relu: {name: a}\n  - relu: {name: a}\n",
               "net.yaml:6:18: layers.2.relu.name: name 'a' is taken; choose another"},
        Broken{"  - gemm: {features: 3}\n", "its input is 1x3x8x8; put flatten before it"},
        Broken{"  - flatten\n  - conv: {channels: 1, kernel: 1}\n",
               "conv takes N,C and spatial dimensions, its input is 1x192"},
        Broken{"  - softmax: {axis: 4}\n", "axis 4 is outside the input 1x3x8x8"},
        Broken{"  - reshape: {shape: [5]}\n", "cannot reshape 1x3x8x8 to 1x5"},
        Broken{"  - transpose: {permutation: [0, 1]}\n", "permutation"},
        Broken{"  - max_pool: {kernel: 10}\n", "window 10x10 is larger than the padded input"},
        Broken{"  - flatten: {name: f}\n  - add: {from: [x, f]}\n", "do not broadcast"},
        Broken{"  - relu: {alpha: 1}\n", "layers.1.relu.alpha: unknown key, may be name or from"},
        Broken{"  - conv: {channels: $c, kernel: 1}\n", "no parameter $c here"},
        Broken{"name: n\ninputs: {x: [1, 3]}\n", "net.yaml:1:1: key 'layers' is missing"},
        Broken{"name: n\nlayers: [relu]\n",
               "key 'inputs' is missing; a layer description needs name, inputs and layers"},
        Broken{"name: n\ninputs: {x: []}\nlayers: [relu]\n",
               "net.yaml:2:13: inputs.x: has no dimensions; give them, the batch first"},
        Broken{"name: n\ninputs: {x: [1, 0]}\nlayers: [relu]\n",
               "net.yaml:2:17: inputs.x.2: is '0', must be a whole number of at least 1"},
        Broken{"name: n\ninputs: {x: [1]}\nlayers: []\n", "no layers; give at least one"},
        Broken{"name: n\ninputs: {x: [1]}\nlayers: [relu]\nfoo: 1\n",
               "net.yaml:4:1: foo: unknown key, may be seed, name, source, parameters,"},
        Broken{"name: n\nname: m\n", "net.yaml:2:1: name: given twice"},
        Broken{"name: n\ninputs: {x: [1]}\nlayers: [relu]\noutputs: y\n", "no layer 'y'"},
        Broken{"name: n\ninputs: {a: [1], b: [1]}\nlayers: [relu]\n",
               "no layer or input 'previous' before this one"},
        Broken{"name: n\ninputs: {x: [1]}\nblocks: {b: {layers: [b]}}\nlayers: [b]\n",
               "block 'b' contains itself"},
        Broken{"name: n\ninputs: {x: [1]}\nblocks: {relu: {layers: [tanh]}}\nlayers: [relu]\n",
               "'relu' is a layer kind already"},
        Broken{"name: n\ninputs: {x: [1]}\nblocks: {b: {parameters: {p: required}, layers: [relu]}}"
               "\nlayers: [b]\n",
               "key 'p' is missing"},
        Broken{"name: n\ninputs: {x: [1]}\nblocks: {b: {layers: [relu]}}\nlayers: [b: {q: 1}]\n",
               "layers.1.b.q: unknown key, may be name,"},
        Broken{"name: n\ninputs: {x: [1]}\nblocks: {b: {layers: [relu]}}\n"
               "layers: [b: {repeat: 1001}]\n",
               "1001 repeats; give at most 1000"},
        Broken{"name: [n\n", "not valid YAML ("}, Broken{"- a\n- b\n", "must be a map of"},
        Broken{"!", "is empty, must hold one YAML map"},
        Broken{"!just words\n", "must be a map of"}));

TEST(Description, FileErrorsNameTheFile) {
  try {
    readDescription("no/such/file.yaml");
    FAIL() << "read a file that is not there";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "no/such/file.yaml: cannot read this layer description; check its name");
  }
  EXPECT_THROW(readDescription("."), BadInput) << "a directory is no description";
}

/// Damaged files end in BadInput, never in another exception or a crash.
TEST(Description, SurvivesDamage) {
  const std::string good = network(
      "  - conv: {channels: 4, kernel: 3, pad: 1, activation: relu}\n  - flatten\n"
      "  - gemm: {features: 10}\n  - softmax: {axis: 1}\n");
  std::mt19937 random(20240521);
  int refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::string text = good.substr(0, trial % 2 == 0 ? good.size() : random() % good.size());
    for (std::size_t flips = random() % 4; flips > 0 && !text.empty(); --flips) {
      text[random() % text.size()] = static_cast<char>(random() % 128);
    }
    SCOPED_TRACE("trial " + std::to_string(trial) + ":\n" + text);
    try {
      parse(text).verify();
    } catch (const BadInput&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace npusim
