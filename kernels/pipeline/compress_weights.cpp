#include "kernels/pipeline/compress_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "kernels/pipeline/weight_values.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

constexpr std::int64_t kRowsPerInt4Scale = 32;

/// The number behind the colon of `word`; none if it is not one.
template <typename Number>
std::optional<Number> numberBehind(std::string_view word, std::string_view prefix) {
  Number number{};
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + prefix.size(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// The constant that a product's weights are, itself or taken part by part in a loop.
ValueId constantOf(const Graph& graph, ValueId weights, const std::vector<int>& producers) {
  if (graph.isConstant(weights)) return weights;
  const int producer = producers.at(static_cast<std::size_t>(weights));
  if (producer < 0) return kNoValue;
  const Node& node = graph.nodes[static_cast<std::size_t>(producer)];
  const bool taken = std::holds_alternative<Take>(node.operation) && node.steps.empty();
  return taken && graph.isConstant(node.inputs[0]) ? node.inputs[0] : kNoValue;
}

/// The weights that products read, and how each value of a tensor lies in the product's matrix.
class Weights {
 public:
  explicit Weights(const Graph& graph)
      : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {}

  struct Found {
    ValueId constant;
    MatrixLayout layout;
  };

  std::optional<Found> of(const Node& node) const {
    const auto* convolution = std::get_if<Convolution>(&node.operation);
    const auto* product = std::get_if<MatMul>(&node.operation);
    if (!product && (!convolution || convolution->groups > 1)) return std::nullopt;
    const ValueId weights = node.inputs[1];
    const ValueId constant = constantOf(graph_, weights, producers_);
    if (constant == kNoValue || !readHereOnly(constant) || !readHereOnly(weights)) {
      return std::nullopt;
    }
    const Value& value = graph_.value(constant);
    const bool real = isFloat(value.type) && byteSize(value.type) <= 4;
    const bool plain = !value.quantization && !value.constant->splat;
    if (!real || !plain) return std::nullopt;
    const Shape& shape = graph_.value(weights).shape;
    if (convolution) return Found{constant, convolutionLayout(shape)};
    const std::int64_t matrix = shape.size() < 2 ? 0 : shape.back() * shape[shape.size() - 2];
    if (elementCount(shape) != matrix) return std::nullopt;
    return Found{constant, matMulLayout(shape, product->transposeB)};
  }

 private:
  bool readHereOnly(ValueId id) const {
    return consumers_.at(static_cast<std::size_t>(id)).size() == 1;
  }

  const Graph& graph_;
  const std::vector<int> producers_;
  const std::vector<std::vector<int>> consumers_;
};

/// Whether the weights take fewer bytes in the form than as values of `type`.
bool isSmaller(const WeightForm& form, const Value& value, DataType type,
               const MatrixLayout& layout) {
  WeightCode code;
  code.format = form.format;
  code.bits = form.bits;
  code.type = type;
  code.zeroPoints = form.zeroPoints;
  code.values = elementCount(value.shape);
  code.rows = layout.rows;
  code.columns = layout.columns;
  code.rowsPerScale =
      form.rowsPerScale == 0 ? layout.rows : std::min(form.rowsPerScale, layout.rows);
  code.kept = std::llround(form.keptShare * static_cast<double>(code.values));
  return code.bytes() < code.valueBytes();
}

/// Gives the constant the values that come of its form.
void encodeValues(Value& value, const MatrixLayout& layout, const WeightForm& form, double pruned) {
  Constant& constant = *value.constant;
  Tensor dense = constant.materialize(value.type, value.shape);
  if (isScaled(form.format)) {
    constant.scales =
        std::make_shared<const Tensor>(roundToScales(dense, layout, form.rowsPerScale, form.bits));
  } else if (form.format == WeightFormat::Palette) {
    roundToPalette(dense, form.bits);
  } else {
    prune(dense, pruned);
  }
  constant.dense = std::make_shared<const Tensor>(std::move(dense));
  constant.seed.reset();
}

/// Rows that share scale and zero point in every column, as many as do.
std::int64_t rowsPerScale(const Constant& weights, const MatrixLayout& layout) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(layout.rows * layout.columns));
  for (std::int64_t i = 0; i < std::ssize(places); ++i) {
    places[static_cast<std::size_t>(layout.column(i) * layout.rows + layout.row(i))] = i;
  }
  const auto same = [](const std::shared_ptr<const Tensor>& of, std::int64_t a, std::int64_t b) {
    return of == nullptr || of->at(a) == of->at(b);
  };
  std::int64_t shared = layout.rows;
  for (std::int64_t p = 1; p < std::ssize(places); ++p) {
    const std::int64_t row = p % layout.rows;
    const auto before = places[static_cast<std::size_t>(p - 1)];
    const auto here = places[static_cast<std::size_t>(p)];
    const bool equal = same(weights.scales, before, here) && same(weights.zeros, before, here);
    if (row > 0 && !equal) shared = std::gcd(shared, row);
  }
  return shared;
}

/// The weights with scales of `type`: what their codes, less the zero points, give with those.
void roundScales(Constant& weights, DataType type) {
  const Tensor exact = *weights.scales;
  Tensor dense = *weights.dense;
  auto scales = std::make_shared<const Tensor>(convert(exact, type));
  Tensor rounded = convert(*scales, dense.type());
  for (std::int64_t i = 0; i < dense.size(); ++i) {
    const double code = exact.at(i) == 0 ? 0 : std::nearbyint(dense.at(i) / exact.at(i));
    rounded.set(i, static_cast<float>(code) * static_cast<float>(rounded.at(i)));
  }
  weights.dense = std::make_shared<const Tensor>(convert(convert(rounded, type), dense.type()));
  weights.scales = std::move(scales);
  if (weights.zeros == nullptr) return;
  const DataType integers = byteSize(type) == 2 ? DataType::Int16 : DataType::Int32;
  weights.zeros = std::make_shared<const Tensor>(convert(*weights.zeros, integers));
}

/// False where weights that came encoded are better values.
bool settle(Value& value, const MatrixLayout& layout, const ChipConfig& chip, DataType type) {
  Constant& weights = *value.constant;
  if (!isFloat(type) || !weights.dense || !weights.scales) return false;
  if (layout.rows * layout.columns != elementCount(value.shape)) return false;
  WeightForm& form = *weights.form;
  if (!chip.decoder.decodes(form.format)) return false;
  const std::int64_t shared = rowsPerScale(weights, layout);
  form.rowsPerScale = shared == layout.rows ? 0 : shared;
  if (!isSmaller(form, value, type, layout)) return false;
  roundScales(weights, type);
  return true;
}

WeightForm formOf(const WeightChoice& choice) {
  WeightForm form;
  form.format = choice.format;
  form.bits = choice.bits;
  form.rowsPerScale = choice.format == WeightFormat::Int4 ? kRowsPerInt4Scale : 0;
  form.keptShare = 1 - choice.pruned;
  return form;
}

void requireDecoder(const ChipConfig& chip, WeightFormat format) {
  if (chip.decoder.decodes(format)) return;
  std::string offered, wanted;
  for (const WeightFormat each : chip.decoder.formats) {
    offered += fmt::format(" {}", name(each));
    wanted += fmt::format("{},", name(each));
  }
  throw NotPossible(fmt::format(
      "chip '{}' does not decode {} weights; its decoder.formats are{}; to give it one: --set "
      "decoder.formats=[{}{}]",
      chip.name, name(format), offered.empty() ? " none" : offered, wanted, name(format)));
}

/// For a network with nothing left to encode.
void requireNoneEncoded(const Graph& graph, WeightFormat format) {
  const std::int64_t encoded = encodedWeights(graph);
  if (encoded == 0) return;
  throw NotPossible(fmt::format(
      "--weights: the file's own encoding of its weights is kept ({} of them) and no others get "
      "smaller as {}; leave --weights out",
      encoded, name(format)));
}

}  // namespace

std::int64_t encodedWeights(const Graph& graph) {
  return std::count_if(graph.values.begin(), graph.values.end(),
                       [](const Value& value) { return value.constant && value.constant->form; });
}

void settleEncodedWeights(Graph& graph, const ChipConfig& chip, DataType type) {
  if (encodedWeights(graph) == 0) return;
  const Weights weights(graph);
  std::set<ValueId> settled;
  for (const Node& node : graph.nodes) {
    const auto found = weights.of(node);
    if (!found || !graph.value(found->constant).constant->form) continue;
    if (settle(graph.value(found->constant), found->layout, chip, type)) {
      settled.insert(found->constant);
    }
  }
  for (ValueId id = 0; id < std::ssize(graph.values); ++id) {
    if (!graph.isConstant(id) || settled.contains(id)) continue;
    Constant& constant = *graph.value(id).constant;
    constant.form.reset();
    constant.scales.reset();
    constant.zeros.reset();
  }
}

void checkWeightsEncodable(DataType precision) {
  if (isFloat(precision)) return;
  throw NotPossible(fmt::format(
      "--weights encodes weights of fp32, fp16 and bf16 runs (--precision); this one computes {}",
      name(precision)));
}

std::optional<WeightChoice> weightChoiceNamed(std::string_view word) {
  constexpr std::string_view kPalette = "palette:", kPruned = "pruned:";
  if (word == "dense") return std::nullopt;
  if (word == "int8") return WeightChoice{WeightFormat::Int8, 8};
  if (word == "int4") return WeightChoice{WeightFormat::Int4, 4};
  if (word.starts_with(kPalette)) {
    const auto bits = numberBehind<int>(word, kPalette);
    if (bits && *bits >= 2 && *bits <= 8) return WeightChoice{WeightFormat::Palette, *bits};
  } else if (word.starts_with(kPruned)) {
    const auto share = numberBehind<double>(word, kPruned);
    if (share && *share > 0 && *share < 1) return WeightChoice{WeightFormat::Pruned, 1, *share};
  }
  throw BadInput(fmt::format(
      "--weights {}: must be dense, int8, int4, palette:BITS (2 to 8) or pruned:SHARE (above 0, "
      "below 1)",
      word));
}

void compressWeights(Graph& graph, const ChipConfig& chip, const WeightChoice& choice,
                     bool values) {
  const WeightForm form = formOf(choice);
  const Weights weights(graph);
  std::vector<Weights::Found> smaller;
  for (const Node& node : graph.nodes) {
    const auto found = weights.of(node);
    if (!found) continue;
    const Value& value = graph.value(found->constant);
    if (!value.constant->form && isSmaller(form, value, value.type, found->layout)) {
      smaller.push_back(*found);
    }
  }
  if (smaller.empty()) requireNoneEncoded(graph, choice.format);
  requireDecoder(chip, choice.format);
  if (smaller.empty()) {
    throw NotPossible(fmt::format("--weights: no constant weights of floats that get smaller as {}",
                                  name(choice.format)));
  }
  for (const Weights::Found& each : smaller) {
    Value& value = graph.value(each.constant);
    if (values) encodeValues(value, each.layout, form, choice.pruned);
    value.constant->form = form;
  }
}

}  // namespace npusim
