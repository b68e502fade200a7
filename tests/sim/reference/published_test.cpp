#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/reference/reference.h"
#include "tests/sim/reference/works.h"

/// The reference machines against published measurements. Every table is printed as
/// docs/references.md shows it; presets were fitted on odd rows of the tables that their files
/// name, the rest are predictions. Limits are the errors reached, rounded up: they hold the model
/// where it is.
namespace npusim {
namespace {

using works::Style;
using works::Works;

struct Row {
  std::string name;
  Works works;
  double publishedMs;
};

struct Limits {
  double mean, worst;
};

void compare(const std::string& title, const ReferenceConfig& machine, DataType format,
             const std::vector<Row>& rows, Limits limits) {
  std::printf("%s\n  %-28s %12s %12s %8s\n", title.c_str(), "row", "model ms", "published",
              "error");
  double sum = 0, worst = 0;
  for (const Row& row : rows) {
    const double ours = costReference(machine, row.works, format).timeS * 1e3;
    const double error = ours / row.publishedMs - 1;
    std::printf("  %-28s %12.4f %12.4f %+7.1f%%\n", row.name.c_str(), ours, row.publishedMs,
                100 * error);
    sum += std::fabs(error);
    worst = std::max(worst, std::fabs(error));
  }
  const double mean = sum / static_cast<double>(rows.size());
  std::printf("  mean %.1f%%, worst %.1f%%\n", 100 * mean, 100 * worst);
  EXPECT_LE(mean, limits.mean) << title;
  EXPECT_LE(worst, limits.worst) << title;
}

ReferenceConfig withLaunch(ReferenceConfig machine, double microseconds) {
  machine.launchUs = microseconds;
  return machine;
}

/// The 40 GB board differs in its memory's bandwidth.
ReferenceConfig a100With40Gb() {
  ReferenceConfig machine = loadReference("gpu_a100");
  machine.memoryGbPerS = 1555;
  return machine;
}

/// A15's predecessor, on which its software was measured.
ReferenceConfig a13() {
  ReferenceConfig machine = loadReference("cpu_a15");
  machine.clockMhz = 2650;
  machine.macsPerCyclePerCore = {{DataType::Float32, 12}};
  machine.caches[1].capacityBytes = 8 << 20;
  machine.caches[2].capacityBytes = 16 << 20;
  return machine;
}

TEST(PublishedA100, MatrixProductsOfLlmCompass) {
  struct Shape {
    std::int64_t m, k, n;
    double ms;
  };
  const Shape shapes[] = {{64, 12288, 12288, 0.19},       {256, 12288, 12288, 0.3185},
                          {1024, 12288, 12288, 1.199},    {4096, 12288, 12288, 4.4576},
                          {16384, 12288, 12288, 17.0307}, {8192, 64, 64, 0.0296},
                          {8192, 256, 256, 0.0356},       {8192, 1024, 1024, 0.0927},
                          {8192, 4096, 4096, 1.021},      {8192, 16384, 16384, 15.0087}};
  std::vector<Row> rows;
  for (const Shape& s : shapes) {
    rows.push_back({std::to_string(s.m) + " x " + std::to_string(s.n) + " x " + std::to_string(s.k),
                    {works::matmul(s.m, s.n, s.k)},
                    s.ms});
  }
  compare("A100 fp16 matmul", loadReference("gpu_a100"), DataType::Float16, rows, {0.04, 0.06});
}

struct RowWise {
  std::int64_t rows, cols;
  double microseconds;
};

std::vector<Row> rowWise(const std::vector<RowWise>& table,
                         const std::function<OperatorWork(std::int64_t)>& work) {
  std::vector<Row> rows;
  for (const RowWise& entry : table) {
    rows.push_back({std::to_string(entry.rows) + " x " + std::to_string(entry.cols),
                    {work(entry.rows * entry.cols)},
                    entry.microseconds * 1e-3});
  }
  return rows;
}

/// Each row-wise table was measured with another call of the framework: the published floor of the
/// table is its launch.
TEST(PublishedA100, RowWiseOperatorsOfLlmCompass) {
  const ReferenceConfig machine = loadReference("gpu_a100");
  compare("A100 fp16 softmax", withLaunch(machine, 13), DataType::Float16,
          rowWise({{4096, 32, 13.11},
                   {4096, 128, 14.07},
                   {4096, 512, 18.84},
                   {4096, 2048, 50.07},
                   {4096, 8192, 154.97},
                   {4096, 32768, 557.18},
                   {64, 4096, 15.74},
                   {256, 4096, 18.36},
                   {1024, 4096, 30.52},
                   {4096, 4096, 82.25},
                   {16384, 4096, 271.56}},
                  works::softmax),
          {0.08, 0.12});
  compare("A100 fp16 layernorm", withLaunch(machine, 52), DataType::Float16,
          rowWise({{4096, 32, 52.93},
                   {4096, 128, 52.09},
                   {4096, 512, 53.41},
                   {4096, 2048, 60.32},
                   {4096, 8192, 126.48},
                   {4096, 32768, 673.53},
                   {64, 4096, 52.21},
                   {256, 4096, 52.21},
                   {1024, 4096, 52.69},
                   {4096, 4096, 79.27},
                   {16384, 4096, 194.07}},
                  works::layerNorm),
          {0.08, 0.48});
  compare("A100 fp16 gelu", withLaunch(machine, 48), DataType::Float16,
          rowWise({{1, 1024, 48.16},
                   {1, 4096, 47.92},
                   {1, 16384, 48.64},
                   {1, 65536, 47.45},
                   {1, 262144, 47.45},
                   {1, 1048576, 47.8},
                   {1, 4194304, 48.4},
                   {1, 16777216, 79.75},
                   {1, 67108864, 204.44},
                   {1, 268435456, 707.27}},
                  works::gelu),
          {0.06, 0.21});
}

/// One GPU's share of a GPT-3 layer on four: d 12288, 96 heads, batch 8, 2048 tokens of prompt or
/// one token after 3072.
TEST(PublishedA100, GptLayerOfLlmCompass) {
  const OperatorWork prefillQkv = works::matmul(16384, 3072, 12288);
  const OperatorWork decodeQkv = works::matmul(8, 3072, 12288);
  const std::vector<Row> rows = {
      {"prefill qkv", {prefillQkv, prefillQkv, prefillQkv}, 13.7218},
      {"prefill q x k", {works::activationMatmul(192, 2048, 2048, 128)}, 1.8811},
      {"prefill a x v", {works::activationMatmul(192, 2048, 128, 2048)}, 1.1832},
      {"prefill wo", {works::matmul(16384, 12288, 3072)}, 4.5403},
      {"prefill w1", {works::matmul(16384, 12288, 12288)}, 17.4643},
      {"prefill softmax", {works::softmax(192LL * 2048 * 2048)}, 2.8015},
      {"prefill layernorm", {works::layerNorm(16384LL * 12288)}, 0.6816},
      {"prefill gelu", {works::gelu(16384LL * 12288)}, 0.5243},
      {"decode qkv", {decodeQkv, decodeQkv, decodeQkv}, 0.2124},
      {"decode q x k", {works::activationMatmul(192, 1, 3072, 128)}, 0.1061},
      {"decode a x v", {works::activationMatmul(192, 1, 128, 3072)}, 0.1386},
      {"decode wo", {works::matmul(8, 12288, 3072)}, 0.0689},
      {"decode w1", {works::matmul(8, 12288, 12288)}, 0.186}};
  compare("A100 fp16 GPT-3 layer", loadReference("gpu_a100"), DataType::Float16, rows,
          {0.12, 0.45});
}

std::vector<Row> resnetRows(const std::vector<std::pair<std::int64_t, double>>& table,
                            Style style) {
  std::vector<Row> rows;
  for (const auto& [batch, ms] : table) {
    rows.push_back({"batch " + std::to_string(batch), works::resnet(50, batch, style), ms});
  }
  return rows;
}

TEST(PublishedA100, ResNet50OfTensorFlow) {
  const ReferenceConfig machine = a100With40Gb();
  compare(
      "A100-40G TF32 ResNet-50, TensorFlow", machine, DataType::Float32,
      resnetRows({{1, 5.26}, {4, 6.65}, {16, 11.82}, {64, 35.82}, {256, 133.9}}, Style::Separate),
      {0.09, 0.14});
  compare(
      "A100-40G mixed ResNet-50, TensorFlow", machine, DataType::Float16,
      resnetRows({{1, 4.51}, {4, 4.63}, {16, 8.47}, {64, 18.14}, {256, 81.02}}, Style::Separate),
      {0.17, 0.32});
  compare("A100-40G TF32 ResNet-50, TensorFlow XLA", machine, DataType::Float32,
          resnetRows({{64, 27.81}, {256, 100.45}}, Style::Fused), {0.12, 0.13});
}

TEST(PublishedA100, BertOfTensorFlow) {
  compare("A100-40G fp16 BERT, TensorFlow", a100With40Gb(), DataType::Float16,
          {{"base, 128 tokens", works::bert(works::kBertBase, 128, 1), 1e3 / 231.37},
           {"base, 384 tokens", works::bert(works::kBertBase, 384, 1), 1e3 / 210.59},
           {"large, 128 tokens", works::bert(works::kBertLarge, 128, 1), 1e3 / 127.75},
           {"large, 384 tokens", works::bert(works::kBertLarge, 384, 1), 1e3 / 96.65}},
          {0.06, 0.15});
}

/// ISCA 2017, Table 4; both rows were fitted.
TEST(PublishedHaswell, FullyConnectedNetworksOfTheTpuPaper) {
  const auto mlp = [](std::int64_t layers, std::int64_t width, std::int64_t batch) {
    return Works(static_cast<std::size_t>(layers), works::matmul(batch, width, width));
  };
  compare("Haswell fp32 MLPs", loadReference("cpu_haswell"), DataType::Float32,
          {{"MLP0, batch 16", mlp(5, 2000, 16), 16 / 5.482},
           {"MLP0, batch 64", mlp(5, 2000, 64), 64 / 13.194}},
          {0.01, 0.01});
}

TEST(PublishedA15, NetworksOfTheCoreMlZooOnA13) {
  std::vector<Row> rows = {{"AlexNet", works::alexnet(), 15}};
  struct Mobile {
    std::int64_t pixels;
    double width, ms;
  };
  for (const Mobile& net : std::vector<Mobile>{{224, 1, 17},
                                               {224, 1.4, 29},
                                               {192, 1, 15},
                                               {128, 1, 10},
                                               {224, 0.75, 14},
                                               {160, 0.75, 9},
                                               {96, 0.75, 6},
                                               {192, 0.5, 7},
                                               {128, 0.5, 5},
                                               {224, 0.35, 6},
                                               {160, 0.35, 4},
                                               {96, 0.35, 2}}) {
    rows.push_back({"MobileNetV2 " + std::to_string(net.pixels) + " width " +
                        std::to_string(net.width).substr(0, 4),
                    works::mobilenetV2(net.pixels, net.width, Style::Fused), net.ms});
  }
  for (const auto& [depth, ms] :
       std::vector<std::pair<int, double>>{{34, 35}, {50, 66}, {101, 151}, {152, 214}}) {
    rows.push_back({"ResNet-" + std::to_string(depth), works::resnet(depth, 1, Style::Fused), ms});
  }
  for (const auto& [depth, ms] :
       std::vector<std::pair<int, double>>{{11, 57}, {13, 78}, {16, 120}, {19, 145}}) {
    rows.push_back({"VGG-" + std::to_string(depth), works::vgg(depth, 1, Style::Fused), ms});
  }
  compare("A13 fp32, Core ML", a13(), DataType::Float32, rows, {0.14, 0.38});
}

}  // namespace
}  // namespace npusim
