#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/quantized_values.h"

namespace npusim::passes {
namespace {

/// What distinguishes the formats of codes.
struct CodeFormat {
  DataType type;
  float largest;       ///< code of symmetric values: the least code is one below its negative
  bool zeroPoints;     ///< activations that no product of activations reads are asymmetric
  double largestBias;  ///< in units of the product of scales
  float headroom;      ///< of activations: how far scales reach, of what calibration saw
};

/// A bias of int8 products stays a whole number that fp32 holds; the sums of int16 are int64, of
/// which fp64 holds 53 bits. int16 has two bits to spare for inputs that calibration did not see:
/// assumed, by the errors of docs/quantisation.md.
constexpr CodeFormat kCodeFormats[] = {{DataType::Int8, 127, true, 0x1p22, 1},
                                       {DataType::Int16, 32767, false, 0x1p52, 4}};

const CodeFormat& codeFormat(DataType type) {
  const auto* found = std::ranges::find(kCodeFormats, type, &CodeFormat::type);
  ensure(found != std::end(kCodeFormats), "a format of codes");
  return *found;
}

/// Calls visit(Code{}) with the C++ type of codes.
template <typename Visit>
auto withCodes(DataType type, Visit visit) {
  return type == DataType::Int8 ? visit(std::int8_t{}) : visit(std::int16_t{});
}

double roundedTo(double real, double low, double high) {
  return std::clamp(std::nearbyint(real), low, high);
}

/// Values that must share one scale, because data moves between them unchanged.
class Groups {
 public:
  explicit Groups(std::size_t values) : parent_(values) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  std::size_t find(std::size_t v) {
    while (parent_[v] != v) v = parent_[v] = parent_[parent_[v]];
    return v;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

class Quantizer {
 public:
  Quantizer(Graph& graph, DataType type, const Calibration& calibration, bool floatTail)
      : graph_(graph),
        format_(codeFormat(type)),
        calibration_(calibration),
        floatTail_(floatTail),
        groups_(graph.values.size()) {}

  void run() {
    if (allProductsOfCodes(graph_)) return;  // it came quantised
    chooseValues();
    group();
    setActivations();
    for (Node& node : graph_.nodes) {
      if (hasZeroPoints(graph_, node)) continue;
      if (isProduct(node)) {
        const Value weights = graph_.value(node.inputs[1]);
        setWeights(node);
        setBias(node, weights);
      } else if (movesValues(node)) {
        setMovedConstants(node);
      }
    }
    graph_.removeDead();
  }

 private:
  bool quantizable(ValueId id) const {
    return id != kNoValue && graph_.value(id).type == DataType::Float32 &&
           (graph_.isConstant(id) || chosen_[static_cast<std::size_t>(id)]);
  }

  /// Without floats all values are codes.
  void chooseValues() {
    std::vector<bool> given(graph_.values.size(), !floatTail_);
    for (std::size_t v = 0; v < given.size(); ++v) {
      if (calibration_.given(graph_.values[v].name) != nullptr) given[v] = true;
    }
    chosen_ = floatTail_ ? codesBetweenFloats(graph_, std::move(given)) : std::move(given);
  }

  void group() {
    symmetric_.assign(graph_.values.size(), false);
    for (const Node& node : graph_.nodes) {
      if (movesValues(node)) {
        for (const ValueId input : node.inputs) {
          if (quantizable(input) && quantizable(node.output)) {
            groups_.join(static_cast<std::size_t>(input), static_cast<std::size_t>(node.output));
          }
        }
      }
    }
    // A zero point of one side costs a sum over the other, which only constants have beforehand.
    for (const Node& node : graph_.nodes) {
      if (!std::holds_alternative<MatMul>(node.operation)) continue;
      symmetric_[groups_.find(static_cast<std::size_t>(node.inputs[1]))] = true;
      if (graph_.isConstant(node.inputs[1])) continue;
      symmetric_[groups_.find(static_cast<std::size_t>(node.inputs[0]))] = true;
    }
  }

  /// The range of a value: observed, or of its constant; always holds 0. Weights that only a seed
  /// stands for (a run without values) are never made.
  std::pair<float, float> range(const Value& value) const {
    if (value.constant && value.constant->seed) return {-1, 1};
    if (value.constant) {
      const Tensor tensor = value.constant->materialize(value.type, value.shape);
      std::pair<float, float> result{0, 0};
      for (std::int64_t i = 0; i < tensor.size(); ++i) {
        const auto real = static_cast<float>(tensor.at(i));
        result = {std::min(result.first, real), std::max(result.second, real)};
      }
      return result;
    }
    const Calibration::Observation* seen = calibration_.find(value.name);
    if (seen == nullptr) return {-1, 1};
    return {seen->low, seen->high};
  }

  void setActivations() {
    const std::size_t count = graph_.values.size();
    std::vector<std::pair<float, float>> joint(count, {0, 0});
    std::vector<const Quantization*> given(count, nullptr);
    for (std::size_t v = 0; v < count; ++v) {
      const Value& value = graph_.values[v];
      if (value.type != DataType::Float32 || (value.constant && groups_.find(v) == v)) continue;
      const auto [low, high] = range(value);
      auto& whole = joint[groups_.find(v)];
      whole = {std::min(whole.first, low), std::max(whole.second, high)};
      const Quantization*& fixed = given[groups_.find(v)];
      if (fixed == nullptr) fixed = calibration_.given(value.name);
    }
    for (std::size_t v = 0; v < count; ++v) {
      Value& value = graph_.values[v];
      if (value.type != DataType::Float32 || value.constant || !chosen_[v]) continue;
      value.type = format_.type;
      const Quantization* fixed = given[groups_.find(v)];
      value.quantization = fixed != nullptr
                               ? *fixed
                               : parameters(joint[groups_.find(v)], symmetric_[groups_.find(v)]);
    }
  }

  Quantization parameters(std::pair<float, float> range, bool symmetric) const {
    const auto [low, high] = range;
    if (symmetric || !format_.zeroPoints) {
      const float reach = std::max(-low, high);
      return {{reach > 0 ? reach * format_.headroom / format_.largest : 1.0F}, 0, 0};
    }
    const float least = -format_.largest - 1;
    const float scale = high > low ? (high - low) / (format_.largest - least) : 1.0F;
    const double zero = roundedTo(least - static_cast<double>(low) / scale, least, format_.largest);
    return {{scale}, static_cast<std::int32_t>(zero), 0};
  }

  /// A name of its own for the quantised copy of a constant, which may have several readers.
  std::string fresh(const std::string& name) const {
    return name + "." + std::string(npusim::name(format_.type)) + "." +
           std::to_string(graph_.values.size());
  }

  /// Weights become codes, symmetric, one scale an output channel.
  void setWeights(Node& node) {
    if (!graph_.isConstant(node.inputs[1])) return;
    const Value weights = graph_.value(node.inputs[1]);
    const auto* matmul = std::get_if<MatMul>(&node.operation);
    const bool perChannel = matmul == nullptr || weights.shape.size() == 2;
    const int axis = matmul != nullptr && !matmul->transposeB ? 1 : 0;
    const std::int64_t channels = perChannel ? weights.shape[static_cast<std::size_t>(axis)] : 1;
    Value quantized{fresh(weights.name), format_.type, weights.shape, weights.constant,
                    Quantization{{}, 0, axis}};
    std::vector<float>& scales = quantized.quantization->scales;
    scales.assign(static_cast<std::size_t>(channels), 1.0F / format_.largest);
    if (weights.constant->dense) {
      const std::int64_t stride =
          perChannel ? rowMajorStrides(weights.shape)[static_cast<std::size_t>(axis)]
                     : elementCount(weights.shape);
      scales = leastScales(node, scales.size());
      quantized.constant->dense = quantizeTensor(*weights.constant->dense, stride, scales);
    } else if (weights.constant->splat) {
      const double all = *weights.constant->splat;
      if (all != 0)
        scales.assign(scales.size(), static_cast<float>(std::abs(all)) / format_.largest);
      quantized.constant->splat = all == 0 ? 0 : std::copysign(format_.largest, all);
    }
    node.inputs[1] = graph_.addValue(std::move(quantized));
  }

  /// Scales below which a channel's bias would be larger than the format allows: channels whose
  /// weights nearly vanish.
  std::vector<float> leastScales(const Node& node, std::size_t channels) const {
    std::vector<float> least(channels, 0);
    const auto& x = graph_.value(node.inputs[0]).quantization;
    if (!x || node.inputs.size() < 3 || !graph_.isConstant(node.inputs[2])) return least;
    const Value& bias = graph_.value(node.inputs[2]);
    const Tensor reals = bias.constant->materialize(bias.type, bias.shape);
    for (std::int64_t i = 0; i < reals.size(); ++i) {
      float& scale = least[channels == 1 ? 0 : static_cast<std::size_t>(i) % channels];
      const double needed = std::abs(reals.at(i)) / (x->scales.front() * format_.largestBias);
      scale = std::max(scale, static_cast<float>(needed));
    }
    return least;
  }

  /// Sets one scale a channel, at least what it holds (element i belongs to channel i / stride mod
  /// count) and rounds.
  std::shared_ptr<const Tensor> quantizeTensor(const Tensor& reals, std::int64_t stride,
                                               std::vector<float>& scales) const {
    const auto from = reals.as<float>();
    const std::size_t run = static_cast<std::size_t>(stride);
    std::vector<float> largest(scales.size(), 0);
    for (std::size_t first = 0; first < from.size(); first += run) {
      float& most = largest[first / run % scales.size()];
      for (std::size_t i = first; i < first + run; ++i) most = std::max(most, std::abs(from[i]));
    }
    for (std::size_t c = 0; c < scales.size(); ++c) {
      scales[c] = std::max(scales[c], largest[c] > 0 ? largest[c] / format_.largest : 1.0F);
    }
    auto result = std::make_shared<Tensor>(format_.type, reals.shape());
    withCodes(format_.type, [&]<typename Code>(Code) {
      const auto to = result->as<Code>();
      for (std::size_t first = 0; first < from.size(); first += run) {
        const float scale = scales[first / run % scales.size()];
        for (std::size_t i = first; i < first + run; ++i) {
          to[i] = static_cast<Code>(roundedWeight(from[i] / scale));
        }
      }
    });
    return result;
  }

  /// Round half to even of a number within +-2^22: adding 1.5 x 2^23 leaves no fraction bits.
  float roundedWeight(float x) const {
    constexpr float kWhole = 0x1.8p23F;
    return std::clamp((x + kWhole) - kWhole, -format_.largest, format_.largest);
  }

  /// The bias as sums are, in units of the product of scales, corrected for what rounding the
  /// weights does to the mean of every output (Nagel et al. 2019, "Data-Free Quantization Through
  /// Weight Equalization and Bias Correction", section 4.2, with observed means).
  void setBias(Node& node, const Value& weights) {
    const auto& x = graph_.value(node.inputs[0]).quantization;
    const auto& w = graph_.value(node.inputs[1]).quantization;
    if (!x || !w) return;
    std::vector<double> bias = meanErrors(node, weights);
    const bool hasBias = node.inputs.size() > 2 && graph_.isConstant(node.inputs[2]);
    if (!hasBias && bias.empty()) {
      // Zeros, so that a convolution comes out the same with values and without.
      if (!std::holds_alternative<Convolution>(node.operation)) return;
      bias.assign(static_cast<std::size_t>(weights.shape.front()), 0);
    }
    if (hasBias) {
      const Value& reals = graph_.value(node.inputs[2]);
      const Tensor tensor = reals.constant->materialize(reals.type, reals.shape);
      bias.resize(static_cast<std::size_t>(tensor.size()), 0);
      for (std::size_t i = 0; i < bias.size(); ++i)
        bias[i] += tensor.at(static_cast<std::int64_t>(i));
    }
    const double most = sumBytesOf(format_.type) > 4 ? format_.largestBias : 0x7FFFFFFFp0;
    const DataType type = sumTypeOf(format_.type);
    Tensor integers(type, {static_cast<std::int64_t>(bias.size())});
    for (std::size_t i = 0; i < bias.size(); ++i) {
      const auto unit =
          static_cast<double>(x->scales.front() * w->scales[w->scales.size() == 1 ? 0 : i]);
      integers.set(static_cast<std::int64_t>(i), roundedTo(bias[i] / unit, -most - 1, most));
    }
    node.inputs.resize(std::max<std::size_t>(3, node.inputs.size()), kNoValue);
    node.inputs[2] = graph_.addConstant(node.name + ".bias." + std::string(npusim::name(type)),
                                        std::move(integers));
  }

  /// By output channel: the mean of (real weights - rounded weights) x input. Empty when nothing
  /// was observed or the weights are symbolic.
  std::vector<double> meanErrors(const Node& node, const Value& weights) const {
    const auto* seen = calibration_.find(graph_.value(node.inputs[0]).name);
    const Value& rounded = graph_.value(node.inputs[1]);
    const bool real = weights.constant && weights.constant->dense;
    if (seen == nullptr || !real || weights.shape.size() == 1) return {};
    const auto* conv = std::get_if<Convolution>(&node.operation);
    const auto* matmul = std::get_if<MatMul>(&node.operation);
    if (matmul != nullptr && weights.shape.size() != 2) return {};
    const std::vector<double> means = seen->means(conv != nullptr);
    const bool outputsFirst = conv != nullptr || matmul->transposeB;
    const std::int64_t outputs = weights.shape[outputsFirst ? 0 : 1];
    const std::int64_t inputs = weights.shape[outputsFirst ? 1 : 0];
    const std::int64_t taps = elementCount(weights.shape) / (outputs * inputs);
    const std::int64_t perGroup = conv != nullptr ? outputs / conv->groups : outputs;
    const auto reals = weights.constant->dense->as<float>();
    const Tensor& whole = *rounded.constant->dense;
    const std::vector<float>& scales = rounded.quantization->scales;
    std::vector<double> errors(static_cast<std::size_t>(outputs), 0);
    for (std::int64_t o = 0; o < outputs; ++o) {
      const auto out = static_cast<std::size_t>(o);
      const float scale = scales[scales.size() == 1 ? 0 : out];
      for (std::int64_t i = 0; i < inputs; ++i) {
        const std::int64_t first = outputsFirst ? (o * inputs + i) * taps : i * outputs + o;
        const auto channel = static_cast<std::size_t>(o / perGroup * inputs + i);
        for (std::int64_t t = first; t < first + taps; ++t) {
          const auto at = static_cast<std::size_t>(t);
          const double error =
              static_cast<double>(reals[at]) - static_cast<double>(scale) * whole.at(t);
          errors[out] += error * means[channel];
        }
      }
    }
    return errors;
  }

  /// Constants that are moved among quantised values take their scale.
  void setMovedConstants(Node& node) {
    if (!graph_.value(node.output).quantization) return;
    for (ValueId& input : node.inputs) {
      if (!graph_.isConstant(input) || !quantizable(input)) continue;
      const Value reals = graph_.value(input);
      const Quantization q = *graph_.value(node.output).quantization;
      input = graph_.addValue(
          {fresh(reals.name), format_.type, reals.shape, quantizedConstant(reals, q), q});
    }
  }

  Constant quantizedConstant(const Value& reals, const Quantization& q) const {
    if (reals.constant->seed) return *reals.constant;
    const Tensor tensor = reals.constant->materialize(reals.type, reals.shape);
    auto integers = std::make_shared<Tensor>(format_.type, reals.shape);
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      integers->set(i, roundedTo(tensor.at(i) / q.scales.front() + q.zeroPoint,
                                 -format_.largest - 1, format_.largest));
    }
    Constant constant;
    constant.dense = std::move(integers);
    return constant;
  }

  Graph& graph_;
  const CodeFormat& format_;
  const Calibration& calibration_;
  bool floatTail_;
  std::vector<bool> chosen_;  ///< values that become codes
  Groups groups_;
  std::vector<bool> symmetric_;
};

}  // namespace

void quantizeTo(Graph& graph, DataType type, const Calibration& calibration, bool floatTail) {
  Quantizer(graph, type, calibration, floatTail).run();
}

}  // namespace npusim::passes
