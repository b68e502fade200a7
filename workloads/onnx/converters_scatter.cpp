#include <algorithm>
#include <array>

#include "workloads/onnx/converters.h"

/// GatherND, GatherElements, ScatterND and ScatterElements. All see the data as rows [places,
/// inner] and compute the place of each row that is taken or given.
namespace npusim::onnx_import {
namespace {

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
  return elementCount(Shape(shape.begin() + static_cast<std::ptrdiff_t>(first),
                            shape.begin() + static_cast<std::ptrdiff_t>(last)));
}

/// Throws BadInput when a constant index is outside [-n, n) of its dimension: `extents` holds those
/// of the last dimension's entries in turn.
void requireInside(NodeContext& c, ValueId indices, const Shape& extents) {
  if (!isInteger(c.type(indices))) throw BadInput("indices are no integers");
  if (!c.isConstant(indices)) return;
  const Tensor list = c.constantValue(indices, "indices");
  for (std::int64_t i = 0; i < list.size(); ++i) {
    const std::int64_t extent = extents[static_cast<std::size_t>(i) % extents.size()];
    const auto index = static_cast<std::int64_t>(list.at(i));
    if (index >= -extent && index < extent) continue;
    throw BadInput("index " + std::to_string(index) + " is outside a dimension of " +
                   std::to_string(extent));
  }
}

/// Row-major number of each tuple (the last dimension) of `indices` in `extents`; negative indices
/// count from the end.
ValueId tupleNumbers(NodeContext& c, ValueId indices, const Shape& extents) {
  requireInside(c, indices, extents);
  const std::vector<ValueId> inputs = {
      emitCast(c, indices, DataType::Int64), c.constant("extents", int64Tensor(extents)),
      c.constant("strides", int64Tensor(rowMajorStrides(extents)))};
  const ValueId parts =
      c.emit(Elementwise{}, inputs,
             {{.op = ElementOp::Mod, .operand = 1}, {.op = ElementOp::Mul, .operand = 2}});
  const int last = static_cast<int>(c.shape(indices).size()) - 1;
  return c.emit(Reduce{ReduceOp::Sum, {last}, false}, {parts});
}

/// Row-major number of the element of `data` that each of `indices` along `axis` means, where its
/// other coordinates are its own.
ValueId elementNumbers(NodeContext& c, const Shape& data, ValueId indices, std::size_t axis) {
  const Shape own = c.shape(indices);
  if (own.size() != data.size()) {
    throw BadInput("indices " + toString(own) + " do not have the rank of " + toString(data));
  }
  requireInside(c, indices, {data[axis]});
  const Shape strides = rowMajorStrides(data);
  Tensor base = blankConstant(DataType::Int64, own);
  const Shape ownStrides = rowMajorStrides(own);
  for (std::int64_t i = 0; i < base.size(); ++i) {
    std::int64_t& place = base.as<std::int64_t>()[static_cast<std::size_t>(i)];
    for (std::size_t d = 0; d < own.size(); ++d) {
      const std::int64_t at = i / ownStrides[d] % own[d];
      if (d != axis && at >= data[d]) {
        throw BadInput("indices " + toString(own) + " reach past the data " + toString(data));
      }
      if (d != axis) place += at * strides[d];
    }
  }
  const auto scalar = [&](std::int64_t value) {
    return c.constant("extent", int64Tensor({value}).reshaped({}));
  };
  const std::vector<ValueId> inputs = {emitCast(c, indices, DataType::Int64), scalar(data[axis]),
                                       scalar(strides[axis]), c.constant("base", std::move(base))};
  return c.emit(Elementwise{}, inputs,
                {{.op = ElementOp::Mod, .operand = 1},
                 {.op = ElementOp::Mul, .operand = 2},
                 {.op = ElementOp::Add, .operand = 3}});
}

std::vector<std::int64_t> listOf(NodeContext& c, ValueId places) {
  const Tensor tensor = c.constantValue(places, "indices");
  requireIndexList(tensor.size());
  const auto values = tensor.as<std::int64_t>();
  return {values.begin(), values.end()};
}

/// Rows [places..., inner] of `rows` [all, inner].
ValueId takeRows(NodeContext& c, ValueId rows, ValueId places) {
  const std::int64_t count = elementCount(c.shape(places));
  if (count == 0) return c.constant("empty", Tensor(c.type(rows), {0, c.shape(rows)[1]}));
  if (c.isConstant(places)) return remap(c, rows, {listOf(c, places), {}});
  return c.emit(Gather{0}, {rows, reshapeTo(c, places, {count})});
}

void convertGatherNd(NodeContext& c) {
  const ValueId data = c.input(0);
  const ValueId indices = c.input(1);
  const Shape shape = c.shape(data), list = c.shape(indices);
  const auto batches =
      static_cast<std::size_t>(std::max<std::int64_t>(0, c.integer("batch_dims", 0)));
  const auto depth = list.empty() ? 0 : static_cast<std::size_t>(list.back());
  if (list.size() <= batches || depth < 1 || batches + depth > shape.size() ||
      !std::equal(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(batches),
                  shape.begin())) {
    throw BadInput("indices " + toString(list) + " do not fit the data " + toString(shape) +
                   " with batch_dims " + std::to_string(batches));
  }
  const auto first = shape.begin() + static_cast<std::ptrdiff_t>(batches);
  const Shape extents(first, first + static_cast<std::ptrdiff_t>(depth));
  ValueId places = tupleNumbers(c, indices, extents);
  if (batches > 0) {
    Tensor base = blankConstant(DataType::Int64, Shape(list.begin(), list.end() - 1));
    const std::int64_t each = product(list, batches, list.size() - 1);
    for (std::int64_t i = 0; i < base.size(); ++i) {
      base.as<std::int64_t>()[static_cast<std::size_t>(i)] = i / each * elementCount(extents);
    }
    places = emitBinary(c, ElementOp::Add, places, c.constant("base", std::move(base)));
  }
  const std::int64_t inner = product(shape, batches + depth, shape.size());
  const ValueId rows =
      reshapeTo(c, data, {elementCount(shape) / std::max<std::int64_t>(1, inner), inner});
  Shape result(list.begin(), list.end() - 1);
  result.insert(result.end(), first + static_cast<std::ptrdiff_t>(depth), shape.end());
  c.output(0, reshapeTo(c, takeRows(c, rows, places), result));
}

void convertGatherElements(NodeContext& c) {
  const ValueId data = c.input(0);
  const ValueId indices = c.input(1);
  const Shape shape = c.shape(data);
  const auto axis = static_cast<std::size_t>(normalizeAxis(c.integer("axis", 0), shape.size()));
  const ValueId places = elementNumbers(c, shape, indices, axis);
  const ValueId rows = reshapeTo(c, data, {elementCount(shape), 1});
  c.output(0, reshapeTo(c, takeRows(c, rows, places), c.shape(indices)));
}

/// How an update changes what is there, and what changes nothing.
struct Reduction {
  std::string_view name;
  ElementOp op;
  float neutral;
};
constexpr std::array<Reduction, 2> kReductions = {
    {{"add", ElementOp::Add, 0}, {"mul", ElementOp::Mul, 1}}};

/// Updates put in the place of rows: the last one counts.
ValueId replaceRows(NodeContext& c, ValueId rows, ValueId updates,
                    const std::vector<std::int64_t>& places) {
  const std::int64_t count = c.shape(rows)[0];
  std::vector<std::int64_t> source(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::int64_t>(i);
  for (std::size_t i = 0; i < places.size(); ++i) {
    source[static_cast<std::size_t>(places[i])] = count + static_cast<std::int64_t>(i);
  }
  return remap(c, c.emit(Concat{0}, {rows, updates}), {std::move(source), {}});
}

/// Updates combined with rows: as many passes as any row has updates.
ValueId combineRows(NodeContext& c, ValueId rows, ValueId updates,
                    const std::vector<std::int64_t>& places, const Reduction& reduction) {
  const std::vector<std::int64_t> none(static_cast<std::size_t>(c.shape(rows)[0]), -1);
  std::vector<std::vector<std::int64_t>> passes;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto place = static_cast<std::size_t>(places[i]);
    std::size_t pass = 0;
    while (pass < passes.size() && passes[pass][place] >= 0) ++pass;
    if (pass == passes.size()) passes.push_back(none);
    requireParts(static_cast<std::int64_t>(passes.size()), "passes");
    passes[pass][place] = static_cast<std::int64_t>(i);
  }
  for (std::vector<std::int64_t>& pass : passes) {
    const ValueId operand = remap(c, updates, {std::move(pass), {}}, reduction.neutral);
    rows = emitBinary(c, reduction.op, rows, operand);
  }
  return rows;
}

/// `data` with rows of `inner` elements changed at `places`, as attribute `reduction` says.
void outputScattered(NodeContext& c, ValueId data, ValueId updates, ValueId places,
                     std::int64_t inner) {
  const Shape shape = c.shape(data);
  const std::int64_t count = elementCount(c.shape(places));
  if (c.type(updates) != c.type(data) || elementCount(c.shape(updates)) != count * inner) {
    throw BadInput("updates " + toString(c.shape(updates)) + " do not fit the data " +
                   toString(shape) + " and indices");
  }
  const std::string wanted = c.text("reduction", "none");
  if (count == 0 || inner == 0) return c.output(0, data);
  requireIndexList(elementCount(shape) / inner);
  const ValueId rows = reshapeTo(c, data, {elementCount(shape) / inner, inner});
  const ValueId given = reshapeTo(c, updates, {count, inner});
  const std::vector<std::int64_t> list = listOf(c, places);
  if (wanted == "none") return c.output(0, reshapeTo(c, replaceRows(c, rows, given, list), shape));
  for (const Reduction& reduction : kReductions) {
    if (wanted != reduction.name) continue;
    return c.output(0, reshapeTo(c, combineRows(c, rows, given, list, reduction), shape));
  }
  throw BadInput("reduction is '" + wanted + "', expected none, add or mul");
}

void convertScatterNd(NodeContext& c) {
  const ValueId data = c.input(0);
  const ValueId indices = c.input(1);
  c.constantValue(indices, "indices");
  const Shape shape = c.shape(data), list = c.shape(indices);
  const auto depth = list.empty() ? 0 : static_cast<std::size_t>(list.back());
  if (depth < 1 || depth > shape.size()) {
    throw BadInput("indices " + toString(list) + " do not fit the data " + toString(shape));
  }
  const Shape extents(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(depth));
  outputScattered(c, data, c.input(2), tupleNumbers(c, indices, extents),
                  product(shape, depth, shape.size()));
}

void convertScatterElements(NodeContext& c) {
  const ValueId data = c.input(0);
  const ValueId indices = c.input(1);
  c.constantValue(indices, "indices");
  const Shape shape = c.shape(data);
  const auto axis = static_cast<std::size_t>(normalizeAxis(c.integer("axis", 0), shape.size()));
  outputScattered(c, data, c.input(2), elementNumbers(c, shape, indices, axis), 1);
}

constexpr std::array kConverters = {
    Converter{"GatherElements", convertGatherElements},
    Converter{"GatherND", convertGatherNd},
    Converter{"Scatter", convertScatterElements},
    Converter{"ScatterElements", convertScatterElements},
    Converter{"ScatterND", convertScatterNd},
};

}  // namespace

std::span<const Converter> scatterConverters() { return kConverters; }

}  // namespace npusim::onnx_import
