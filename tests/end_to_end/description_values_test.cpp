#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "workloads/description/description.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

Graph parse(const std::string& text) {
  Graph graph = parseDescription(text, "net.yaml");
  graph.verify();
  return graph;
}

Tensor run(const Graph& graph, std::size_t output = 0) {
  std::map<std::string, Tensor> inputs;
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (const ValueId id : graph.inputs) {
    Tensor tensor(graph.value(id).type, graph.value(id).shape);
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      tensor.set(i, isFloat(tensor.type()) ? static_cast<double>(uniform(random))
                                           : static_cast<double>(i % 3));
    }
    inputs.emplace(graph.value(id).name, std::move(tensor));
  }
  return evaluate(graph, inputs).at(output);
}

/// A loop's passes differ in their weights, and the values stay of the size of the input's: the
/// stacked weights have the spread of one pass's.
TEST(Loop, PassesHaveWeightsOfTheirOwn) {
  const auto spread = [](const Tensor& tensor) {
    double sum = 0;
    for (std::int64_t i = 0; i < tensor.size(); ++i) sum += tensor.at(i) * tensor.at(i);
    return std::sqrt(sum / static_cast<double>(tensor.size()));
  };
  const std::string text =
      "name: n\ninputs: {x: [16, 64]}\nblocks: {b: {layers: [gemm: {features: 64, bias: false}]}}\n"
      "layers: [b: {loop: 4%}]\n";
  const auto with = [&](const std::string& more) {
    std::string changed = text;
    return run(parse(changed.replace(changed.find('%'), 1, more)));
  };
  const Tensor own = with(""), shared = with(", shared_weights: true");
  EXPECT_NEAR(spread(own), 0.58, 0.2) << "uniform in +-1 comes in, with 0.577";
  double difference = 0;
  for (std::int64_t i = 0; i < own.size(); ++i) {
    difference = std::max(difference, std::abs(own.at(i) - shared.at(i)));
  }
  EXPECT_GT(difference, 0.1);
}

TEST(Loop, TakesPartsAndCollectsResults) {
  const Graph graph = parse(
      "name: n\ninputs: {x: [1, 2], shifts: [3, 1, 2]}\nblocks:\n"
      "  b: {layers: [add: {name: sum, from: [input, shift]}]}\n"
      "layers:\n  - b: {name: b, from: x, loop: 3, each: {shift: shifts}, collect: sum}\n"
      "outputs: [b, b.sum]\n");
  EXPECT_EQ(graph.value(graph.outputs.at(1)).shape, (Shape{3, 1, 2}));
  Tensor x(DataType::Float32, {1, 2}), shifts(DataType::Float32, {3, 1, 2});
  for (std::int64_t i = 0; i < 6; ++i) shifts.set(i, static_cast<double>(i));
  const Tensor sums = evaluate(graph, {{"x", x}, {"shifts", shifts}}).at(1);
  EXPECT_EQ(sums.at(1), 1);          // 1
  EXPECT_EQ(sums.at(3), 1 + 3);      // and 3
  EXPECT_EQ(sums.at(5), 1 + 3 + 5);  // and 5
}

std::string attention(const std::string& options, const std::string& inputs) {
  return "name: n\ninputs: {" + inputs + "}\nlayers:\n  - attention: {" + options + "}\n";
}

/// Softmax(q k^T / sqrt(size)) v by hand, over query heads that share keys, with a past.
TEST(Attention, IsWhatItsDefinitionSays) {
  constexpr int kQueries = 3, kPast = 2, kHeads = 4, kShared = 2, kSize = 5;
  const Graph graph = parse(
      attention("from: [q, k, v, pk, pv], heads: 4, kv_heads: 2, causal: true",
                "q: [1, 3, 20], k: [1, 3, 10], v: [1, 3, 10], pk: [1, 2, 5, 2], pv: [1, 2, 2, 5]"));
  std::map<std::string, Tensor> in;
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-2, 2);
  for (const ValueId id : graph.inputs) {
    Tensor tensor(DataType::Float32, graph.value(id).shape);
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      tensor.set(i, static_cast<double>(uniform(random)));
    in.emplace(graph.value(id).name, tensor);
  }
  const Tensor y = evaluate(graph, in).at(0);
  for (int query = 0; query < kQueries; ++query) {
    for (int head = 0; head < kHeads; ++head) {
      const int shared = head / kShared;
      std::vector<double> weights;
      double total = 0;
      for (int key = 0; key <= kPast + query; ++key) {
        double score = 0;
        for (int i = 0; i < kSize; ++i) {
          const double k = key < kPast ? in.at("pk").at((shared * kSize + i) * kPast + key)
                                       : in.at("k").at((key - kPast) * 10 + shared * kSize + i);
          score += in.at("q").at(query * 20 + head * kSize + i) * k;
        }
        weights.push_back(std::exp(score / std::sqrt(kSize)));
        total += weights.back();
      }
      for (int i = 0; i < kSize; ++i) {
        double expected = 0;
        for (int key = 0; key <= kPast + query; ++key) {
          const double v = key < kPast ? in.at("pv").at((shared * kPast + key) * kSize + i)
                                       : in.at("v").at((key - kPast) * 10 + shared * kSize + i);
          expected += weights[static_cast<std::size_t>(key)] / total * v;
        }
        EXPECT_NEAR(y.at(query * 20 + head * kSize + i), expected, 1e-5)
            << "query " << query << " head " << head << " element " << i;
      }
    }
  }
}

/// Su et al. 2021, equation 15, for one head of 4 at positions 0 to 2.
TEST(Attention, RotaryTurnsPairsByThePosition) {
  constexpr int kPositions = 3, kSize = 4;
  const Graph graph = parse(attention("from: [q, k, v], heads: 1, rotary: 100",
                                      "q: [1, 3, 4], k: [1, 3, 4], v: [1, 3, 4]"));
  std::map<std::string, Tensor> in;
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-2, 2);
  for (const ValueId id : graph.inputs) {
    Tensor tensor(DataType::Float32, graph.value(id).shape);
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      tensor.set(i, static_cast<double>(uniform(random)));
    }
    in.emplace(graph.value(id).name, tensor);
  }
  const Tensor y = evaluate(graph, in).at(0);
  const auto turned = [&](const char* name, int position, int i) {
    const int pair = i % 2;
    const double angle = position * std::pow(100.0, -2.0 * pair / kSize);
    const double first = in.at(name).at(position * kSize + pair);
    const double second = in.at(name).at(position * kSize + pair + 2);
    return i < 2 ? first * std::cos(angle) - second * std::sin(angle)
                 : second * std::cos(angle) + first * std::sin(angle);
  };
  for (int query = 0; query < kPositions; ++query) {
    std::vector<double> weights;
    double total = 0;
    for (int key = 0; key < kPositions; ++key) {
      double score = 0;
      for (int i = 0; i < kSize; ++i) score += turned("q", query, i) * turned("k", key, i);
      weights.push_back(std::exp(score / 2));
      total += weights.back();
    }
    for (int i = 0; i < kSize; ++i) {
      double expected = 0;
      for (std::size_t key = 0; key < weights.size(); ++key) {
        expected += weights[key] / total * in.at("v").at(static_cast<int>(key) * kSize + i);
      }
      EXPECT_NEAR(y.at(query * kSize + i), expected, 1e-5) << query << ", " << i;
    }
  }
}

}  // namespace
}  // namespace npusim::end_to_end
