#include "kernels/pipeline/compress_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
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
    const bool plain = !value.quantization && !value.constant->form && !value.constant->splat;
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

/// Whether the weights take fewer bytes in the form.
bool isSmaller(const WeightForm& form, const Value& value, const MatrixLayout& layout) {
  WeightCode code;
  code.format = form.format;
  code.bits = form.bits;
  code.type = value.type;
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

}  // namespace

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
  const std::string_view format = name(choice.format);
  if (!chip.decoder.decodes(choice.format)) {
    std::string offered;
    for (const WeightFormat each : chip.decoder.formats) offered += fmt::format(" {}", name(each));
    throw NotPossible(fmt::format(
        "chip '{}' does not decode {} weights; its decoder.formats are{}; to give it one: --set "
        "decoder.formats={}",
        chip.name, format, offered.empty() ? " none" : offered, format));
  }
  WeightForm form;
  form.format = choice.format;
  form.bits = choice.bits;
  form.rowsPerScale = choice.format == WeightFormat::Int4 ? kRowsPerInt4Scale : 0;
  form.keptShare = 1 - choice.pruned;
  const Weights weights(graph);
  bool any = false;
  for (const Node& node : graph.nodes) {
    const auto found = weights.of(node);
    if (!found || !isSmaller(form, graph.value(found->constant), found->layout)) continue;
    Value& value = graph.value(found->constant);
    if (values) encodeValues(value, found->layout, form, choice.pruned);
    value.constant->form = form;
    any = true;
  }
  if (!any) {
    throw NotPossible(
        fmt::format("--weights: no constant weights of floats that get smaller as {}", format));
  }
}

}  // namespace npusim
