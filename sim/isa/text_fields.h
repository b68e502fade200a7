#pragma once

#include <bit>
#include <concepts>
#include <type_traits>

#include "sim/isa/program.h"
#include "sim/isa/text_names.h"

/// The text form, described once for both directions: `Io` is a TextWriter (with const values) or
/// a TextReader (with fresh ones). Fields come in a fixed order; those at their default are absent.
namespace npusim::isa::text {

constexpr int kVersion = 1;

/// Words that begin instructions, in the order of Instruction::body's alternatives.
constexpr std::array<std::string_view, 6> kMnemonics = {"loop",     "end",    "sync",
                                                        "transfer", "matrix", "vector"};

/// `T` is `Of` or const `Of`.
template <class T, class Of>
concept Like = std::same_as<std::remove_const_t<T>, Of>;

inline bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}
template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}

template <class Io, class T>
void field(Io& io, std::string_view key, T& value) {
  io.key(key);
  io.value(value);
}

/// A field that is absent when it has its default.
template <class Io, class T, class Default>
void optionalField(Io& io, std::string_view key, T& value, const Default& usual) {
  if (io.optional(key, !same(value, static_cast<std::remove_const_t<T>>(usual)))) io.value(value);
}

template <class Io, class T>
void line(Io& io, std::string_view key, T& value) {
  field(io, key, value);
  io.endLine();
}

template <class Io, class T>
void scalingFields(Io& io, T& scaling) {
  optionalField(io, "scale", scaling.scale, 1.0F);
  optionalField(io, "zero", scaling.zeroPoint, 0);
}

template <class Io, class T>
void rangeFields(Io& io, T& range) {
  io.value(range.first);
  field(io, "count", range.count);
}

template <class Io, class T>
void digitFields(Io& io, T& digit) {
  io.value(digit.divisor);
  field(io, "of", digit.count);
}

template <class Io, class T>
void distributionFields(Io& io, T& distribution) {
  io.key("over");
  io.storage(distribution.buffer);
  field(io, "at", distribution.address);
  field(io, "from", distribution.first);
  io.each("deal", distribution.levels, [&](auto& level) {
    io.value(level.chunk);
    field(io, "to", level.count);
    field(io, "step", level.step);
  });
}

template <class Io, class T>
void encodedFields(Io& io, T& weights) {
  io.key("in");
  io.storage(weights.memory);
  field(io, "at", weights.address);
  auto& code = weights.code;
  field(io, "as", code.format);
  field(io, "bits", code.bits);
  field(io, "of", code.type);
  field(io, "values", code.values);
  field(io, "columns", code.columns);
  field(io, "rows", code.rows);
  optionalField(io, "scale_rows", code.rowsPerScale, 1);
  io.flag("zero_points", code.zeroPoints);
  optionalField(io, "kept", code.kept, 0);
}

template <class Io, class T>
void storageFields(Io& io, T& storage) {
  io.value(storage.name);
  field(io, "bytes", storage.capacityBytes);
  field(io, "on_chip", storage.onChip);
  if (io.optional("spread", storage.distribution.has_value()))
    distributionFields(io, io.engaged(storage.distribution));
  if (io.optional("encoded", storage.encoded.has_value()))
    encodedFields(io, io.engaged(storage.encoded));
  io.declareStorage(storage.name);
}

template <class Io, class T>
void semaphoreFields(Io& io, T& semaphore) {
  io.value(semaphore.name);
  field(io, "initial", semaphore.initial);
  if (io.optional("cores", semaphore.signallers.has_value()))
    rangeFields(io, io.engaged(semaphore.signallers));
  io.declareSemaphore(semaphore.name);
}

template <class Io, class T>
void workFields(Io& io, T& work) {
  io.value(work.name);
  io.value(work.kind);
  optionalField(io, "times", work.times, 1);
  optionalField(io, "batch", work.batch, 1);
  optionalField(io, "m", work.m, 0);
  optionalField(io, "n", work.n, 0);
  optionalField(io, "k", work.k, 0);
  optionalField(io, "window", work.window, 1);
  optionalField(io, "macs", work.macs, 0);
  optionalField(io, "simple_ops", work.simpleOps, 0);
  optionalField(io, "divide_ops", work.divideOps, 0);
  optionalField(io, "transcendental_ops", work.transcendentalOps, 0);
  optionalField(io, "input_elements", work.inputElements, 0);
  optionalField(io, "weight_elements", work.weightElements, 0);
  optionalField(io, "output_elements", work.outputElements, 0);
  optionalField(io, "element_bytes", work.elementBytes, 4);
}

template <class Io, class T>
void layerFields(Io& io, T& layer) {
  io.value(layer.name);
  field(io, "op", layer.op);
  field(io, "output", layer.outputShape);
  field(io, "macs", layer.macs);
  if (io.optional("work", layer.work != OperatorWork{})) workFields(io, layer.work);
  io.declareLayer(layer.name);
}

template <class Io, class T>
void constantFields(Io& io, T& block) {
  io.value(block.name);
  io.key("in");
  io.storage(block.storage);
  field(io, "at", block.address);
  field(io, "size", block.size);
  if (io.optional("scatter", block.scatter.has_value())) {
    auto& scatter = io.engaged(block.scatter);
    rangeFields(io, scatter.cores);
    io.key("digit");
    digitFields(io, scatter.digit);
    field(io, "part", scatter.partBytes);
  }
}

template <class Io, class T>
void portFields(Io& io, T& port) {
  io.value(port.name);
  io.key("in");
  io.storage(port.storage);
  field(io, "at", port.address);
  field(io, "type", port.type);
  field(io, "shape", port.shape);
  field(io, "strides", port.strideBytes);
  scalingFields(io, port.scaling);
  io.flag("quantized", port.quantized);
}

/// Everything but the queues and the chip's description.
template <class Io, class T>
void header(Io& io, T& program) {
  io.key("npusim_program");
  io.version(kVersion);
  io.endLine();
  line(io, "network", program.network);
  line(io, "chip_hash", program.chipHash);
  line(io, "precision", program.precision);
  line(io, "batch", program.batch);
  if (io.optional("cores", program.cores != 1)) {
    io.value(program.cores);
    io.endLine();
  }
  line(io, "values", program.values);
  line(io, "compulsory_dram_bytes", program.compulsoryDramBytes);
  const auto entries = [&io](std::string_view key, auto& items, const auto& fields) {
    io.each(key, items, [&](auto& item) {
      fields(item);
      io.endLine();
    });
  };
  entries("storage", program.storages, [&](auto& item) { storageFields(io, item); });
  entries("semaphore", program.semaphores, [&](auto& item) { semaphoreFields(io, item); });
  entries("layer", program.layers, [&](auto& item) { layerFields(io, item); });
  entries("constant", program.constants, [&](auto& item) { constantFields(io, item); });
  entries("input", program.inputs, [&](auto& item) { portFields(io, item); });
  entries("output", program.outputs, [&](auto& item) { portFields(io, item); });
}

template <class Io, Like<Loop> T>
void fields(Io& io, T& loop) {
  io.value(loop.count);
  if (!io.optional("if", loop.condition.has_value())) return;
  auto& condition = io.engaged(loop.condition);
  io.flag("not", condition.inverted);
  io.access(condition.byte, DimensionNames{0});
}

template <class Io, Like<EndLoop> T>
void fields(Io&, T&) {}

template <class Io, Like<Sync> T>
void fields(Io&, T&) {}

template <class Io, Like<Transfer> T>
void fields(Io& io, T& transfer) {
  field(io, "over", transfer.dims);
  const DimensionNames dims{transfer.dims.size()};
  field(io, "run", transfer.run);
  io.key("from");
  io.access(transfer.source, dims);
  io.key("to");
  io.access(transfer.target, dims);
  if (io.optional("fill", transfer.fill.has_value())) {
    io.value(io.engaged(transfer.fill));
    field(io, "width", transfer.fillBytes);
  }
  if (io.optional("gather", transfer.gather.has_value())) {
    io.value(transfer.gatherDim);
    io.key("by");
    io.access(io.engaged(transfer.gather), dims);
  }
  io.flag("streamed", transfer.streamed);
  io.flag("coded", transfer.coded);
  if (io.optional("sharers", transfer.sharers != CoreDigit{})) digitFields(io, transfer.sharers);
}

template <class Io, class T>
void passFields(Io& io, T& pass) {
  io.value(pass.e);
  field(io, "p", pass.p);
  field(io, "q", pass.q);
  field(io, "r", pass.r);
  field(io, "t", pass.t);
}

template <class Io, Like<Matrix> T>
void fields(Io& io, T& matrix) {
  const DimensionNames dims{7, true};
  field(io, "m", matrix.m);
  field(io, "n", matrix.n);
  field(io, "k", matrix.k);
  io.key("a");
  io.access(matrix.a, dims);
  optionalField(io, "padding", matrix.padding, 0);
  io.key("b");
  io.access(matrix.b, dims);
  io.key("c");
  io.access(matrix.c, dims);
  if (io.optional("bias", matrix.bias.has_value())) io.access(io.engaged(matrix.bias), dims);
  if (io.optional("zero_a", matrix.zeroA.has_value())) io.access(io.engaged(matrix.zeroA), dims);
  if (io.optional("zero_b", matrix.zeroB.has_value())) io.access(io.engaged(matrix.zeroB), dims);
  if (io.optional("accumulate_over", !matrix.accumulateOver.empty()))
    io.loops(matrix.accumulateOver);
  if (io.optional("useful", matrix.usefulNumerator != 1 || matrix.usefulDenominator != 1)) {
    io.value(matrix.usefulNumerator);
    field(io, "of", matrix.usefulDenominator);
  }
  if (io.optional("pass", matrix.pass != RowStationaryPass{})) passFields(io, matrix.pass);
}

template <class Io, Like<VectorPass> T>
void fields(Io& io, T& pass) {
  field(io, "over", pass.dims);
  const DimensionNames dims{pass.dims.size()};
  if (io.optional("reduce", pass.reduceDims != 0)) {
    io.value(pass.reduceDims);
    field(io, "by", pass.reduce);
  }
  io.each("in", pass.operands, [&](auto& operand) {
    io.access(operand.access, dims);
    scalingFields(io, operand.scaling);
  });
  if (io.optional("pre", !pass.pre.empty())) io.steps(pass.pre);
  if (io.optional("post", !pass.post.empty())) io.steps(pass.post);
  io.key("out");
  io.access(pass.out.access, dims);
  scalingFields(io, pass.out.scaling);
  io.flag("after_array", pass.afterArray);
}

/// An instruction after its mnemonic.
template <class Io, class T>
void instructionFields(Io& io, T& instruction) {
  std::visit([&](auto& body) { fields(io, body); }, instruction.body);
  if (io.optional("wait", !instruction.waits.empty())) io.semaphores(instruction.waits);
  if (io.optional("signal", !instruction.signals.empty())) io.semaphores(instruction.signals);
  if (io.optional("cores", instruction.cores != CoreRange{})) rangeFields(io, instruction.cores);
}

}  // namespace npusim::isa::text
