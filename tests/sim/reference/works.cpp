#include "tests/sim/reference/works.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace npusim::works {
namespace {

/// A network under construction: the current activation and the operators so far.
class Builder {
 public:
  Builder(std::int64_t batch, std::int64_t size, std::int64_t channels, Style style)
      : batch_(batch), size_(size), channels_(channels), style_(style) {}

  std::int64_t channels() const { return channels_; }
  std::int64_t size() const { return size_; }
  std::int64_t elements() const { return batch_ * size_ * size_ * channels_; }
  Works take() { return std::move(works_); }

  /// Convolution and its normalisation; `activated` adds the activation.
  void convolve(std::int64_t outputs, std::int64_t kernel, std::int64_t stride, bool activated,
                std::int64_t groups = 1) {
    works_.push_back(convolution({batch_, size_, channels_, outputs, kernel, stride, groups}));
    size_ = (size_ + stride - 1) / stride;
    channels_ = outputs;
    follow({2, 0, 0}, 1);
    if (activated) follow({1, 0, 0}, 1);
  }
  void addResidual() { follow({1, 0, 0}, 2); }
  void activate() { follow({1, 0, 0}, 1); }
  void pool(std::int64_t stride) {
    size_ /= stride;
    works_.push_back(elementwise("pool", elements() * stride * stride, {1, 0, 0}));
  }
  void dense(std::int64_t outputs) {
    works_.push_back(matmul(batch_, outputs, size_ * size_ * channels_));
    size_ = 1;
    channels_ = outputs;
  }
  void restart(std::int64_t size, std::int64_t channels) {
    size_ = size;
    channels_ = channels;
  }

 private:
  void follow(PerElement cost, std::int64_t operands) {
    if (style_ == Style::Separate) {
      works_.push_back(elementwise("elementwise", elements(), cost, operands));
      return;
    }
    works_.back().simpleOps += elements() * cost.simple;
    works_.back().inputElements += elements() * (operands - 1);
  }

  std::int64_t batch_, size_, channels_;
  Style style_;
  Works works_;
};

void basicBlock(Builder& net, std::int64_t width, std::int64_t stride) {
  const std::int64_t size = net.size(), channels = net.channels();
  if (stride != 1 || channels != width) {
    net.convolve(width, 1, stride, false);
    net.restart(size, channels);
  }
  net.convolve(width, 3, stride, true);
  net.convolve(width, 3, 1, false);
  net.addResidual();
  net.activate();
}

void bottleneck(Builder& net, std::int64_t width, std::int64_t stride) {
  const std::int64_t size = net.size(), channels = net.channels();
  if (channels != 4 * width) {
    net.convolve(4 * width, 1, stride, false);
    net.restart(size, channels);
  }
  net.convolve(width, 1, 1, true);
  net.convolve(width, 3, stride, true);
  net.convolve(4 * width, 1, 1, false);
  net.addResidual();
  net.activate();
}

std::int64_t roundToEight(double channels) {
  const auto rounded = std::max<std::int64_t>(8, std::llround(channels / 8) * 8);
  return static_cast<double>(rounded) < 0.9 * channels ? rounded + 8 : rounded;
}

void invertedResidual(Builder& net, std::int64_t outputs, std::int64_t expand,
                      std::int64_t stride) {
  const std::int64_t inputs = net.channels();
  if (expand != 1) net.convolve(inputs * expand, 1, 1, true);
  net.convolve(inputs * expand, 3, stride, true, inputs * expand);
  net.convolve(outputs, 1, 1, false);
  if (stride == 1 && inputs == outputs) net.addResidual();
}

}  // namespace

OperatorWork activationMatmul(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k) {
  OperatorWork work;
  work.name = "matmul";
  work.kind = OperatorWork::Kind::Matrix;
  work.batch = batch;
  work.m = m;
  work.n = n;
  work.k = k;
  work.macs = batch * m * n * k;
  work.inputElements = batch * (m * k + k * n);
  work.outputElements = batch * m * n;
  return work;
}

OperatorWork matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
  OperatorWork work = activationMatmul(1, m, n, k);
  work.inputElements = m * k;
  work.weightElements = k * n;
  return work;
}

OperatorWork elementwise(const std::string& name, std::int64_t elements, PerElement cost,
                         std::int64_t operands) {
  OperatorWork work;
  work.name = name;
  work.simpleOps = elements * cost.simple;
  work.divideOps = elements * cost.divide;
  work.transcendentalOps = elements * cost.transcendental;
  work.inputElements = elements * operands;
  work.outputElements = elements;
  return work;
}

OperatorWork softmax(std::int64_t elements) { return elementwise("softmax", elements, {3, 1, 1}); }
OperatorWork layerNorm(std::int64_t elements) {
  return elementwise("layernorm", elements, {6, 0, 0});
}
OperatorWork gelu(std::int64_t elements) { return elementwise("gelu", elements, {8, 0, 1}); }

OperatorWork convolution(const Convolution& shape) {
  const std::int64_t out = (shape.size + shape.stride - 1) / shape.stride;
  OperatorWork work;
  work.name = "conv";
  work.kind = OperatorWork::Kind::Convolution;
  work.batch = shape.groups;
  work.m = shape.batch * out * out;
  work.n = shape.outputs / shape.groups;
  work.window = shape.kernel * shape.kernel;
  work.k = shape.inputs / shape.groups * work.window;
  work.macs = work.batch * work.m * work.n * work.k;
  work.inputElements = shape.batch * shape.size * shape.size * shape.inputs;
  work.weightElements = shape.groups * work.n * work.k;
  work.outputElements = work.m * shape.outputs;
  return work;
}

Works resnet(int depth, std::int64_t batch, Style style) {
  static const std::map<int, std::array<int, 4>> kBlocks = {
      {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  Builder net(batch, 224, 3, style);
  net.convolve(64, 7, 2, true);
  net.pool(2);
  for (std::size_t stage = 0; stage < 4; ++stage) {
    const std::int64_t width = 64 << stage;
    for (int block = 0; block < kBlocks.at(depth)[stage]; ++block) {
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      depth == 34 ? basicBlock(net, width, stride) : bottleneck(net, width, stride);
    }
  }
  net.pool(7);
  net.dense(1000);
  return net.take();
}

Works vgg(int depth, std::int64_t batch, Style style) {
  static const std::map<int, std::array<int, 5>> kConvolutions = {
      {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  Builder net(batch, 224, 3, style);
  for (std::size_t stage = 0; stage < 5; ++stage) {
    for (int i = 0; i < kConvolutions.at(depth)[stage]; ++i) {
      net.convolve(std::min<std::int64_t>(64 << stage, 512), 3, 1, true);
    }
    net.pool(2);
  }
  for (const std::int64_t outputs : {4096, 4096, 1000}) net.dense(outputs);
  return net.take();
}

Works mobilenetV2(std::int64_t imageSize, double width, Style style) {
  struct Stage {
    std::int64_t expand, channels, count, stride;
  };
  static constexpr std::array<Stage, 7> kStages = {{{1, 16, 1, 1},
                                                    {6, 24, 2, 2},
                                                    {6, 32, 3, 2},
                                                    {6, 64, 4, 2},
                                                    {6, 96, 3, 1},
                                                    {6, 160, 3, 2},
                                                    {6, 320, 1, 1}}};
  Builder net(1, imageSize, 3, style);
  net.convolve(roundToEight(32 * width), 3, 2, true);
  for (const Stage& stage : kStages) {
    for (std::int64_t i = 0; i < stage.count; ++i) {
      invertedResidual(net, roundToEight(static_cast<double>(stage.channels) * width), stage.expand,
                       i == 0 ? stage.stride : 1);
    }
  }
  net.convolve(width > 1 ? roundToEight(1280 * width) : 1280, 1, 1, true);
  net.pool(net.size());
  net.dense(1000);
  return net.take();
}

Works alexnet() {
  Builder net(1, 224, 3, Style::Fused);
  net.convolve(64, 11, 4, true);
  net.pool(2);
  net.restart(27, 64);
  net.convolve(192, 5, 1, true);
  net.pool(2);
  for (const std::int64_t outputs : {384, 256, 256}) net.convolve(outputs, 3, 1, true);
  net.pool(2);
  for (const std::int64_t outputs : {4096, 4096, 1000}) net.dense(outputs);
  return net.take();
}

Works bert(const Encoder& encoder, std::int64_t sequence, std::int64_t batch) {
  const std::int64_t hidden = encoder.hidden, tokens = batch * sequence;
  const std::int64_t products = batch * encoder.heads, width = hidden / encoder.heads;
  Works works = {elementwise("embedding", tokens * hidden, {2, 0, 0}, 3),
                 layerNorm(tokens * hidden)};
  for (std::int64_t layer = 0; layer < encoder.layers; ++layer) {
    for (int i = 0; i < 3; ++i) works.push_back(matmul(tokens, hidden, hidden));
    works.push_back(activationMatmul(products, sequence, sequence, width));
    works.push_back(softmax(products * sequence * sequence));
    works.push_back(activationMatmul(products, sequence, width, sequence));
    works.push_back(matmul(tokens, hidden, hidden));
    works.push_back(layerNorm(tokens * hidden));
    works.push_back(matmul(tokens, 4 * hidden, hidden));
    works.push_back(gelu(tokens * 4 * hidden));
    works.push_back(matmul(tokens, hidden, 4 * hidden));
    works.push_back(layerNorm(tokens * hidden));
  }
  works.push_back(matmul(tokens, 2, hidden));
  return works;
}

}  // namespace npusim::works
