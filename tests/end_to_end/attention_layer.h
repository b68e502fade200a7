#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random.h"

namespace npusim::end_to_end {

/// softmax(queries x keys^T x scale + mask) x values. Queries of `groups` heads share keys.
struct AttentionLayer {
  std::int64_t batch = 1, heads = 1, groups = 1, queries = 8, keys = 8, size = 8;
  bool transposedKeys = true;  ///< keys lie [keys, size], as queries do
  bool self = false;           ///< queries, keys and values are one
  bool mask = true;
  bool positions = false;    ///< inputs are [batch, positions, heads, size]
  bool joined = false;       ///< so is the result
  bool scaledAfter = false;  ///< a step behind the softmax
  bool lateValues = false;   ///< made between the softmax and its product
  bool weightsAreOutput = false;
};

inline ValueId headsOf(GraphBuilder& builder, const AttentionLayer& layer, std::int64_t rows) {
  if (!layer.positions) return builder.input({layer.batch, layer.heads, rows, layer.size});
  const ValueId x = builder.input({layer.batch, rows, layer.heads, layer.size});
  return builder.add(Transpose{{0, 2, 1, 3}}, {x});
}

inline ValueId scaled(GraphBuilder& builder, ValueId x, double factor) {
  Tensor scale(DataType::Float32, {});
  scale.set(0, factor);
  return builder.binary(x, ElementOp::Mul, builder.constant(std::move(scale)));
}

inline Graph attentionLayer(const AttentionLayer& layer, Random& random) {
  GraphBuilder builder;
  const std::int64_t rows = layer.groups * layer.queries;
  const ValueId q = headsOf(builder, layer, rows);
  ValueId k = q, v = q;
  if (!layer.self) {
    k = layer.transposedKeys ? headsOf(builder, layer, layer.keys)
                             : builder.input({layer.batch, layer.heads, layer.size, layer.keys});
    v = headsOf(builder, layer, layer.keys);
  }
  const bool transposed = layer.self || layer.transposedKeys;
  ValueId scores = builder.add(MatMul{.transposeB = transposed}, {q, k, kNoValue});
  scores = scaled(builder, scores, 0.25);
  if (layer.mask) {
    const std::int64_t columns = builder.shape(scores).back();
    scores =
        builder.binary(scores, ElementOp::Add, builder.constant(random.floats({rows, columns}, 4)));
  }
  ValueId weights = builder.add(Softmax{3}, {scores});
  if (layer.scaledAfter) weights = scaled(builder, weights, 2);
  if (layer.lateValues) v = builder.unary(v, ElementOp::Relu);
  ValueId result = builder.add(MatMul{}, {weights, v, kNoValue});
  if (layer.joined) result = builder.add(Transpose{{0, 2, 1, 3}}, {result});
  builder.graph().outputs = {result};
  if (layer.weightsAreOutput) builder.graph().outputs.push_back(weights);
  return builder.graph();
}

}  // namespace npusim::end_to_end
