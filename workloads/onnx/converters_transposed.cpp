#include <algorithm>
#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/window.h"

namespace npusim::onnx_import {
namespace {

/// One dimension of a transposed convolution: output o gets x[i] w[k] where
/// o + pad = i * stride + k * dilation.
struct Extent {
  std::int64_t in = 0, out = 0, kernel = 0;
  std::int64_t stride = 1, dilation = 1;
  std::int64_t pad = 0;  ///< at the beginning

  /// Outputs of each phase; the last of some are one too many.
  std::int64_t phaseOutputs() const { return (out + stride - 1) / stride; }
};

/// What outputs stride * q + phase of a dimension are: a convolution with every so many-th tap,
/// last first, of elements [skipped, skipped + read) of x. Where none is read they are 0.
struct Phase {
  std::vector<std::int64_t> taps;
  std::int64_t dilation = 1, padBegin = 0, padEnd = 0, skipped = 0, read = 0;
};

/// Output q reads x[q + offset - j * dilation] with the j-th tap.
Phase phaseOf(const Extent& e, std::int64_t phase) {
  const std::int64_t common = std::gcd(e.stride, e.dilation);
  Phase result;
  result.dilation = e.dilation / common;
  const std::int64_t shifted = phase + e.pad;
  std::int64_t first = 0;
  while (first < e.kernel && (shifted - first * e.dilation) % e.stride != 0) ++first;
  for (std::int64_t k = first; k < e.kernel; k += e.stride / common) result.taps.push_back(k);
  if (result.taps.empty()) return result;
  std::reverse(result.taps.begin(), result.taps.end());
  const std::int64_t offset = (shifted - first * e.dilation) / e.stride;
  const auto reach = static_cast<std::int64_t>(result.taps.size() - 1) * result.dilation;
  const std::int64_t beyond = e.phaseOutputs() - e.in + offset;
  result.padBegin = std::max<std::int64_t>(0, reach - offset);
  result.padEnd = std::max<std::int64_t>(0, beyond);
  result.skipped = std::max<std::int64_t>(0, offset - reach);
  result.read = e.in - result.skipped - std::max<std::int64_t>(0, -beyond);
  return result;
}

/// ONNX ConvTranspose as stride^d ordinary convolutions, one for each phase of the outputs, which
/// are interleaved.
class TransposedConvolution {
 public:
  explicit TransposedConvolution(NodeContext& c) : c_(c), x_(c.input(0)) {
    const Shape spatial = spatialShape(c.shape(x_));
    const Shape w = c.shape(c.input(1));
    groups_ = c.integer("group", 1);
    if (w.size() != c.shape(x_).size() || groups_ < 1 || c.shape(x_)[1] % groups_ != 0 ||
        w[0] != c.shape(x_)[1]) {
      throw BadInput("weights " + toString(w) + " do not fit the input " + toString(c.shape(x_)) +
                     " in " + std::to_string(groups_) + " groups");
    }
    outputs_ = w[1] * groups_;
    readExtents(spatial, Shape(w.begin() + 2, w.end()));
    w_ = outputsFirst(c.input(1));
  }

  void convert() {
    const ValueId bias = c_.optionalInput(2);
    const bool complete = std::all_of(extents_.begin(), extents_.end(), [](const Extent& e) {
      for (std::int64_t p = 0; p < e.stride; ++p) {
        if (phaseOf(e, p).read <= 0) return false;
      }
      return true;
    });
    bias_ = complete ? bias : kNoValue;
    ValueId y = part(interleaved({}), Shape(extents_.size(), 0), sizes(&Extent::out));
    if (bias != kNoValue && !complete) {
      Shape shape(extents_.size() + 1, 1);
      shape[0] = outputs_;
      y = emitBinary(c_, ElementOp::Add, y, reshapeTo(c_, bias, shape));
    }
    c_.output(0, y);
  }

 private:
  void readExtents(const Shape& spatial, const Shape& kernel) {
    const std::size_t rank = spatial.size();
    if (c_.integers("kernel_shape", kernel) != kernel) {
      throw BadInput("kernel_shape " + toString(c_.integers("kernel_shape", kernel)) +
                     " differs from the weights'");
    }
    const Window window = readWindow(c_, spatial, kernel);
    requireParts(elementCount(window.strides), "convolutions");
    for (const std::int64_t taps : kernel) requireIndexList(taps);
    const Shape extra = sized("output_padding", Shape(rank, 0));
    const Shape given = sized("output_shape", Shape(rank, 0));
    const std::string autoPad = c_.text("auto_pad", "NOTSET");
    for (std::size_t d = 0; d < rank; ++d) {
      Extent e{spatial[d], 0, kernel[d], window.strides[d], window.dilations[d]};
      const std::int64_t full = (e.in - 1) * e.stride + (e.kernel - 1) * e.dilation + 1 + extra[d];
      const bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
      e.pad = window.padsBegin[d];
      e.out = full - window.padsBegin[d] - window.padsEnd[d];
      if (given[d] != 0 || same) {
        e.out = given[d] != 0 ? given[d] : e.in * e.stride;
        const std::int64_t total = std::max<std::int64_t>(0, full - e.out);
        e.pad = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      }
      if (e.out < 1) throw BadInput("pads leave nothing of dimension " + std::to_string(d));
      extents_.push_back(e);
    }
  }

  Shape sized(const char* name, const Shape& otherwise) {
    Shape values = c_.integers(name, otherwise);
    if (values.size() == otherwise.size() + 2) values.erase(values.begin(), values.begin() + 2);
    const bool sensible = std::all_of(values.begin(), values.end(), [](std::int64_t value) {
      return value >= 0 && value <= kMaxElements;
    });
    if (values.size() == otherwise.size() && sensible) return values;
    throw BadInput(std::string(name) + " is " + toString(values) + ", expected " +
                   std::to_string(otherwise.size()) + " sizes");
  }

  /// Weights [C, M/groups, kernel...] as [M, C/groups, kernel...].
  ValueId outputsFirst(ValueId w) {
    const Shape shape = c_.shape(w);
    const std::int64_t inputs = shape[0] / groups_;
    Shape split = {groups_, inputs, shape[1]};
    Shape joined = {outputs_, inputs};
    split.insert(split.end(), shape.begin() + 2, shape.end());
    joined.insert(joined.end(), shape.begin() + 2, shape.end());
    Transpose swap;
    swap.permutation.resize(split.size());
    std::iota(swap.permutation.begin(), swap.permutation.end(), 0);
    std::swap(swap.permutation[1], swap.permutation[2]);
    return reshapeTo(c_, c_.emit(std::move(swap), {reshapeTo(c_, w, split)}), joined);
  }

  /// All outputs whose first dimensions are of the phases given, and those that are too many.
  ValueId interleaved(const std::vector<std::int64_t>& phases) {
    const std::size_t d = phases.size();
    if (d == extents_.size()) return convolved(phases);
    const Extent& e = extents_[d];
    std::vector<ValueId> parts;
    for (std::int64_t phase = 0; phase < e.stride; ++phase) {
      std::vector<std::int64_t> with = phases;
      with.push_back(phase);
      parts.push_back(interleaved(with));
    }
    ValueId y = parts[0];
    if (e.stride == 1) return y;
    Shape shape = c_.shape(y);
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(d) + 3, 1);
    for (ValueId& part : parts) part = reshapeTo(c_, part, shape);
    y = c_.emit(Concat{static_cast<int>(d) + 3}, parts);
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(d) + 3);
    shape[d + 2] *= e.stride;
    return reshapeTo(c_, y, shape);
  }

  Shape sizes(std::int64_t Extent::*size) const {
    Shape result;
    for (const Extent& e : extents_) result.push_back(e.*size);
    return result;
  }

  /// Elements [begin, begin + count) of each spatial dimension.
  ValueId part(ValueId x, const Shape& begin, const Shape& count) {
    std::vector<std::vector<std::int64_t>> source(c_.shape(x).size());
    for (std::size_t d = 0; d < count.size(); ++d) {
      if (begin[d] == 0 && count[d] == c_.shape(x)[d + 2]) continue;
      requireIndexList(count[d]);
      source[d + 2].resize(static_cast<std::size_t>(count[d]));
      std::iota(source[d + 2].begin(), source[d + 2].end(), begin[d]);
    }
    return remap(c_, x, std::move(source));
  }

  /// The convolution that gives the outputs of one phase a dimension; zeros where no tap reaches.
  ValueId convolved(const std::vector<std::int64_t>& phases) {
    Convolution op;
    op.groups = groups_;
    op.strides.assign(phases.size(), 1);
    Shape result = {c_.shape(x_)[0], outputs_};
    std::vector<std::vector<std::int64_t>> taps(2);
    Shape skipped, read;
    bool reached = true;
    for (std::size_t d = 0; d < phases.size(); ++d) {
      Phase phase = phaseOf(extents_[d], phases[d]);
      result.push_back(extents_[d].phaseOutputs());
      reached = reached && phase.read > 0;
      if (!reached) continue;
      skipped.push_back(phase.skipped);
      read.push_back(phase.read);
      op.dilations.push_back(phase.dilation);
      op.padsBegin.push_back(phase.padBegin);
      op.padsEnd.push_back(phase.padEnd);
      taps.push_back(std::move(phase.taps));
    }
    if (!reached) return c_.splat("zeros", c_.type(x_), result, 0);
    const ValueId x = part(x_, skipped, read);
    return emitConvolution(c_, op, x, remap(c_, w_, std::move(taps)), bias_);
  }

  NodeContext& c_;
  ValueId x_, w_ = kNoValue, bias_ = kNoValue;
  std::int64_t groups_ = 1, outputs_ = 1;
  std::vector<Extent> extents_;
};

void convertConvTranspose(NodeContext& c) { TransposedConvolution(c).convert(); }

constexpr std::array kConverters = {Converter{"ConvTranspose", convertConvTranspose}};

}  // namespace

std::span<const Converter> transposedConverters() { return kConverters; }

}  // namespace npusim::onnx_import
