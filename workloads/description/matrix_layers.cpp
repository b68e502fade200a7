#include <fmt/format.h>

#include "workloads/description/kinds.h"

namespace npusim {

ValueId addBias(Layer& layer, ValueId x, const Shape& shape) {
  return binary(layer, "biased", ElementOp::Add, x, layer.net.weight(layer.part("bias"), shape));
}

ValueId addEnding(Layer& layer, bool batchNorm, ValueId x) {
  if (batchNorm) x = addBatchNorm(layer, layer.name + ".batch_norm", x);
  const std::optional<Field> activation = layer.options.optional("activation");
  if (!activation) return x;
  const LayerKind* kind = findLayerKind(activation->text());
  if (kind == nullptr || !kind->isActivation) {
    activation->fail("'" + activation->text() + "' is not an activation; relu is one");
  }
  Layer ending{layer.net, layer.part(kind->name), {x}, layer.options};
  return kind->build(ending, *kind);
}

namespace {

/// The weights of an embedding, used again.
ValueId tiedWeights(const Layer& layer, const Field& field, const Shape& shape) {
  const ValueId id = layer.net.find(field.text() + ".weight");
  if (id == kNoValue || layer.net.shape(id) != shape || !layer.net.weightsAreConstant()) {
    field.fail("no embedding '" + field.text() + "' outside loops with weights " + toString(shape));
  }
  return id;
}

}  // namespace

ValueId buildGemm(Layer& layer, const LayerKind& kind) {
  const Shape x = layer.shape();
  if (x.size() < 2 || x.size() > 3) {
    layer.options.place().fail(fmt::format(
        "gemm takes [batch, features] or [batch, rows, features], its input is {}; put flatten "
        "before it",
        toString(x)));
  }
  const std::int64_t features = layer.options.required("features").integer(1);
  const bool batchNorm = layer.options.flag("batch_norm", false);
  const bool bias = layer.options.flag("bias", !batchNorm);
  // Taken pass by pass, weights lie as the array reads them: [inputs, outputs].
  const bool constant = layer.net.weightsAreConstant();
  const std::optional<Field> tied = layer.options.optional("tied");
  const ValueId w = tied ? tiedWeights(layer, *tied, {features, x.back()})
                         : layer.net.weight(layer.part("weight"), {features, x.back()},
                                            layer.options.share("weight_zeros"), !constant);
  const ValueId b = bias && constant ? layer.net.weight(layer.part("bias"), {features}) : kNoValue;
  ValueId y = layer.net.add(layer.name, kind.opName, MatMul{.transposeB = constant},
                            {layer.inputs[0], w, b});
  if (bias && !constant) y = addBias(layer, y, {features});
  return addEnding(layer, batchNorm, y);
}

ValueId buildMatMul(Layer& layer, const LayerKind& kind) {
  const MatMul op{.transposeB = layer.options.flag("transpose_b", false)};
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

ValueId buildEmbedding(Layer& layer, const LayerKind& kind) {
  const std::int64_t entries = layer.options.required("entries").integer(1);
  const std::int64_t features = layer.options.required("features").integer(1);
  if (!isInteger(layer.net.graph.value(layer.inputs[0]).type)) {
    layer.options.place().fail("embedding takes whole numbers; give its input 'type: int32'");
  }
  const ValueId table = layer.net.weight(layer.part("weight"), {entries, features});
  return layer.net.add(layer.name, kind.opName, Gather{0}, {table, layer.inputs[0]});
}

/// Rows of a table for the positions of the input's dimension 1.
ValueId buildPositions(Layer& layer, const LayerKind&) {
  const std::int64_t entries = layer.options.required("entries").integer(1);
  const std::int64_t features = layer.options.required("features").integer(1);
  const std::int64_t first = layer.options.integer("first", 0, 0);
  const std::int64_t count = layer.shape().size() > 1 ? layer.shape()[1] : 1;
  if (count > entries || first > entries - count) {
    layer.options.place().fail(fmt::format("positions {} to {} do not fit a table of {} entries",
                                           first, first + count - 1, entries));
  }
  const ValueId table = layer.net.weight(layer.part("weight"), {entries, features});
  const ValueId rows = sliced(layer, "rows", table, 0, first, count);
  return layer.net.add(layer.name, "Reshape", Reshape{{1, count, features}}, {rows});
}

/// Weights that are a layer's input, the same for every element of the batch.
ValueId buildParameter(Layer& layer, const LayerKind& kind) {
  Shape shape = layer.options.required("shape").integers(1);
  const std::int64_t batch = layer.shape().empty() ? 1 : layer.shape()[0];
  requireListable(layer, batch);
  shape.insert(shape.begin(), 1);
  const ValueId own = layer.net.weight(layer.part("weight"), shape);
  Remap again;
  again.source.resize(shape.size());
  again.source[0].assign(static_cast<std::size_t>(batch), 0);
  return layer.net.add(layer.name, kind.opName, again, {own});
}

}  // namespace npusim
