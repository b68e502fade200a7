#include <fmt/format.h>

#include <cmath>

#include "workloads/description/kinds.h"

namespace npusim {
namespace {

/// What is added to scores that must not count: exp() of it is 0 in every format, and half floats
/// hold it (as BERT's reference code has it).
constexpr double kMasked = -10000;

struct Attention {
  Layer& layer;
  std::int64_t batch = 1, queries = 1, keys = 1, past = 0;
  std::int64_t heads = 1, groups = 1;  ///< of keys and values; query heads that share each
  std::int64_t size = 1;               ///< of a head

  std::int64_t rows() const { return groups * queries; }

  /// [batch, positions, heads x size] as [batch, heads, positions, size].
  ValueId headsOf(std::string_view what, ValueId x, std::int64_t positions) const {
    const std::string name(what);
    const ValueId apart = reshaped(layer, name + ".apart", x, {batch, positions, heads, size});
    return transposed(layer, name + ".heads", apart, {0, 2, 1, 3});
  }

  /// Queries: those that share keys are rows of one product.
  ValueId queryHeads(ValueId q) const {
    if (groups == 1) return headsOf("query", q, queries);
    const ValueId apart = reshaped(layer, "query.apart", q, {batch, queries, heads, groups, size});
    const ValueId ordered = transposed(layer, "query.order", apart, {0, 2, 3, 1, 4});
    return reshaped(layer, "query.heads", ordered, {batch, heads, rows(), size});
  }

  ValueId joined(ValueId y) const {
    if (groups == 1) {
      const ValueId ordered = transposed(layer, "order", y, {0, 2, 1, 3});
      return layer.net.add(layer.name, "Reshape", Reshape{{batch, queries, heads * size}},
                           {ordered});
    }
    const ValueId apart = reshaped(layer, "shared.apart", y, {batch, heads, groups, queries, size});
    const ValueId ordered = transposed(layer, "order", apart, {0, 3, 1, 2, 4});
    return layer.net.add(layer.name, "Reshape", Reshape{{batch, queries, heads * groups * size}},
                         {ordered});
  }

  /// q x k^T / sqrt(size).
  ValueId scores(std::string_view part, ValueId q, ValueId k, bool transposeB) const {
    const std::string name(part);
    const ValueId product = layer.net.add(layer.part(name + ".products"), "MatMul",
                                          MatMul{.transposeB = transposeB}, {q, k});
    const ValueId scale =
        layer.net.number(layer.part(name + ".scale"), 1 / std::sqrt(static_cast<double>(size)));
    return binary(layer, part, ElementOp::Mul, product, scale);
  }

  ValueId product(std::string_view part, ValueId weights, ValueId values) const {
    return layer.net.add(layer.part(part), "MatMul", MatMul{}, {weights, values});
  }

  ValueId causalMask() const;
};

/// 0 where a query may see a key, else kMasked: [rows, past + keys]. From the positions, before all
/// loops, and once for all layers of these sizes.
ValueId Attention::causalMask() const {
  DescriptionBuilder& net = layer.net;
  const std::string name = fmt::format("causal_mask_{}x{}_{}", queries, past + keys, groups);
  if (const ValueId known = net.find(name); known != kNoValue) return known;
  requireListable(layer, rows());
  requireListable(layer, past + keys);
  Tensor rowAt(DataType::Int32, {rows(), 1}), columnAt(DataType::Int32, {past + keys});
  for (std::int64_t r = 0; r < rows(); ++r) rowAt.set(r, static_cast<double>(past + r % queries));
  for (std::int64_t c = 0; c < past + keys; ++c) columnAt.set(c, static_cast<double>(c));
  const ValueId row = net.given(name + ".rows", std::move(rowAt));
  const ValueId column = net.given(name + ".columns", std::move(columnAt));
  const ValueId later = net.addOutside(name + ".later", "Less", Elementwise{}, {row, column},
                                       {{.op = ElementOp::Less, .operand = 1}});
  const ValueId real = net.addOutside(name + ".real", "Cast", Elementwise{}, {later});
  net.graph.value(real).type = DataType::Float32;
  const ValueId masked = net.number(name + ".masked", kMasked);
  return net.addOutside(name, "Mul", Elementwise{}, {real, masked},
                        {{.op = ElementOp::Mul, .operand = 1}});
}

/// Tables of cos and sin of position / theta^(2 i / size): [positions, 1, size / 2], known
/// beforehand, as implementations keep them (Su et al. 2021, section 3.2.2).
struct Rotary {
  ValueId cosines, sines;
};

Rotary rotaryTables(const Attention& a, double theta) {
  DescriptionBuilder& net = a.layer.net;
  const std::string name = fmt::format("rotary_{}_{}_{}_{}", a.past, a.queries, a.size, theta);
  if (const ValueId known = net.find(name + ".cos"); known != kNoValue) {
    return {known, net.find(name + ".sin")};
  }
  const std::int64_t half = a.size / 2;
  requireListable(a.layer, a.queries);
  requireListable(a.layer, a.queries * half);
  Tensor cosines(DataType::Float32, {a.queries, 1, half}), sines = cosines;
  for (std::int64_t i = 0; i < a.queries * half; ++i) {
    const double exponent = -2.0 * static_cast<double>(i % half) / static_cast<double>(a.size);
    const double angle = static_cast<double>(a.past + i / half) * std::pow(theta, exponent);
    cosines.set(i, std::cos(angle));
    sines.set(i, std::sin(angle));
  }
  return {net.given(name + ".cos", std::move(cosines)), net.given(name + ".sin", std::move(sines))};
}

/// Turns the pairs (i, i + size / 2) of every head of x [batch, positions, heads x size].
ValueId rotated(const Attention& a, std::string_view part, ValueId x, const Rotary& tables) {
  const Layer& layer = a.layer;
  const std::string name(part);
  const Shape whole = layer.net.shape(x);
  const ValueId heads =
      reshaped(layer, name + ".each", x, {whole[0], whole[1], whole[2] / a.size, a.size});
  const std::int64_t half = a.size / 2;
  const ValueId first = sliced(layer, name + ".first", heads, 3, 0, half);
  const ValueId second = sliced(layer, name + ".second", heads, 3, half, half);
  const auto turned = [&](const std::string& which, ValueId own, ElementOp op, ValueId other) {
    const ValueId sine = binary(layer, name + which + ".sine", ElementOp::Mul, other, tables.sines);
    const ValueId cosine =
        binary(layer, name + which + ".cosine", ElementOp::Mul, own, tables.cosines);
    return binary(layer, name + which, op, cosine, sine);
  };
  const ValueId both = layer.net.add(layer.part(name + ".turned"), "Concat", Concat{3},
                                     {turned(".first_turned", first, ElementOp::Sub, second),
                                      turned(".second_turned", second, ElementOp::Add, first)});
  return reshaped(layer, name, both, whole);
}

Attention readSizes(Layer& layer) {
  const std::size_t count = layer.inputs.size();
  if (count != 3 && count != 5) {
    layer.options.place().fail(fmt::format(
        "attention takes queries, keys and values, and may take past keys and past values; not {} "
        "inputs",
        count));
  }
  const Shape q = layer.shape(0), k = layer.shape(1);
  if (q.size() != 3 || k.size() != 3 || layer.shape(2) != k || q[0] != k[0]) {
    layer.options.place().fail(
        fmt::format("queries {}, keys {} and values {} must be [batch, positions, features]",
                    toString(q), toString(k), toString(layer.shape(2))));
  }
  const std::int64_t heads = layer.options.required("heads").integer(1);
  const std::int64_t kvHeads = layer.options.integer("kv_heads", 1, heads);
  const bool even = heads % kvHeads == 0 && q[2] % heads == 0 && k[2] % kvHeads == 0;
  if (!even || q[2] / heads != k[2] / kvHeads) {
    layer.options.place().fail(
        fmt::format("queries {} in {} heads and keys {} in {} do not fit together", toString(q),
                    heads, toString(k), kvHeads));
  }
  return {layer, q[0], q[1], k[1], 0, kvHeads, heads / kvHeads, q[2] / heads};
}

/// The cache as it must lie: keys [batch, heads, size, past], as products read them, and values
/// [batch, heads, past, size].
void readPast(Attention& a) {
  const Layer& layer = a.layer;
  if (layer.inputs.size() < 5 || layer.inputs[3] == kNoValue) return;
  const Shape keys = layer.shape(3);
  if (keys.size() == 4) a.past = keys[3];
  const Shape fittingKeys{a.batch, a.heads, a.size, a.past};
  const Shape fittingValues{a.batch, a.heads, a.past, a.size};
  if (keys == fittingKeys && layer.inputs[4] != kNoValue && layer.shape(4) == fittingValues) return;
  layer.options.place().fail(
      fmt::format("past keys {} must be [batch, kv_heads, size, past] and past values [batch, "
                  "kv_heads, past, size], here {}x{}x{}xP and {}x{}xPx{}",
                  toString(keys), a.batch, a.heads, a.size, a.batch, a.heads, a.size));
}

}  // namespace

ValueId buildAttention(Layer& layer, const LayerKind&) {
  Attention a = readSizes(layer);
  readPast(a);
  const bool causal = layer.options.flag("causal", false);
  ValueId query = layer.inputs[0], key = layer.inputs[1];
  if (const std::optional<Field> rotary = layer.options.optional("rotary")) {
    if (a.queries != a.keys || a.size % 2 != 0) {
      rotary->fail("needs as many keys as queries, and heads of an even size");
    }
    const Rotary tables = rotaryTables(a, rotary->number());
    query = rotated(a, "rotary_query", query, tables);
    key = rotated(a, "rotary_key", key, tables);
  }
  const ValueId q = a.queryHeads(query);
  const ValueId k = a.headsOf("key", key, a.keys), v = a.headsOf("value", layer.inputs[2], a.keys);
  ValueId scores = a.scores("scores", q, k, true);
  if (a.past > 0) {
    const ValueId old = a.scores("past_scores", q, layer.inputs[3], false);
    scores = layer.net.add(layer.part("all_scores"), "Concat", Concat{3}, {old, scores});
  }
  if (causal && a.queries > 1) {
    scores = binary(layer, "masked", ElementOp::Add, scores, a.causalMask());
  }
  const ValueId weights = layer.net.add(layer.part("softmax"), "Softmax", Softmax{3}, {scores});
  if (a.past == 0) return a.joined(a.product("weighted", weights, v));
  const ValueId old = a.product(
      "past_weighted", sliced(layer, "past_weights", weights, 3, 0, a.past), layer.inputs[4]);
  const ValueId recent =
      a.product("recent_weighted", sliced(layer, "recent_weights", weights, 3, a.past, a.keys), v);
  return a.joined(binary(layer, "weighted", ElementOp::Add, old, recent));
}

}  // namespace npusim
