#include <algorithm>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"
#include "workloads/evaluate/product.h"

namespace npusim {
namespace {

/// Output pixels computed together: they share each panel of weights while it is in the cache.
constexpr std::int64_t kPixelBlock = 48;

Shape spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

Shape outputShape(const Convolution& op, const Shape& x, const Shape& w) {
  ensure(x.size() >= 3 && w.size() == x.size() && op.strides.size() == x.size() - 2 &&
             op.dilations.size() == x.size() - 2 && op.padsBegin.size() == x.size() - 2 &&
             op.padsEnd.size() == x.size() - 2,
         "evaluate: convolution operands of different ranks");
  ensure(op.groups >= 1 && x[1] == w[1] * op.groups && w[0] % op.groups == 0,
         "evaluate: convolution channels do not divide into the groups");
  Shape y{x[0], w[0]};
  for (std::size_t d = 0; d + 2 < x.size(); ++d) {
    const std::int64_t reach = op.dilations[d] * (w[d + 2] - 1) + 1;
    const std::int64_t room = x[d + 2] + op.padsBegin[d] + op.padsEnd[d] - reach;
    ensure(room >= 0, "evaluate: convolution window larger than the padded input");
    y.push_back(room / op.strides[d] + 1);
  }
  return y;
}

/// One image [channels][positions] as [positions][channels].
template <typename T>
std::vector<T> channelsLast(const T* image, std::int64_t channels, std::int64_t positions) {
  std::vector<T> last(static_cast<std::size_t>(channels * positions));
  for (std::int64_t p = 0; p < positions; ++p) {
    T* out = last.data() + p * channels;
    for (std::int64_t c = 0; c < channels; ++c) out[c] = image[c * positions + p];
  }
  return last;
}

/// The convolution of one image, split into dense products of patches with weights.
template <typename T>
class DenseConvolution {
 public:
  DenseConvolution(const Window& window, std::int64_t groups, const Array<T>& w, const T* bias)
      : window_(window),
        groups_(groups),
        outputs_(w.dim(0) / groups),
        inputs_(w.dim(1)),
        depth_(inputs_ * window.taps()),
        bias_(bias) {
    packWeights(w.data());
  }

  /// y [groups * outputs][pixels] from x [positions][groups * inputs].
  void run(const T* x, T* y) {
    for (std::int64_t group = 0; group < groups_; ++group) {
      for (std::int64_t pixel = 0; pixel < window_.pixels(); pixel += kPixelBlock) {
        const std::int64_t count = std::min(kPixelBlock, window_.pixels() - pixel);
        gatherPatches(x + group * inputs_, pixel, count);
        multiplyPatches(group, pixel, count, y);
      }
    }
  }

 private:
  /// Weights [outputs][inputs][taps] of each group as panels whose k runs over (tap, input).
  void packWeights(const T* w) {
    std::vector<std::int64_t> rows;
    for (std::int64_t tap = 0; tap < window_.taps(); ++tap) {
      for (std::int64_t c = 0; c < inputs_; ++c) rows.push_back(c * window_.taps() + tap);
    }
    panels_.resize(static_cast<std::size_t>(groups_ * panelsPerGroup() * panelSize()));
    T* panel = panels_.data();
    for (std::int64_t group = 0; group < groups_; ++group) {
      for (std::int64_t n = 0; n < outputs_; n += kPanelColumns, panel += panelSize()) {
        packPanel<T>(w + group * outputs_ * depth_, rows, outputs_, depth_, n, panel);
      }
    }
  }

  /// patches_[p][(tap, input)] for `count` pixels; padding is zero.
  void gatherPatches(const T* x, std::int64_t pixel, std::int64_t count) {
    patches_.resize(static_cast<std::size_t>(count * depth_));
    T* patch = patches_.data();
    for (std::int64_t p = pixel; p < pixel + count; ++p) {
      for (std::int64_t tap = 0; tap < window_.taps(); ++tap, patch += inputs_) {
        const std::int64_t position = window_.source(p, tap).position;
        if (position >= 0) {
          std::copy_n(x + position * groups_ * inputs_, inputs_, patch);
        } else {
          std::fill_n(patch, inputs_, T{0});
        }
      }
    }
  }

  void multiplyPatches(std::int64_t group, std::int64_t pixel, std::int64_t count, T* y) {
    for (std::int64_t n = 0; n < outputs_; n += kPanelColumns) {
      const std::int64_t columns = std::min(kPanelColumns, outputs_ - n);
      const std::int64_t first = group * outputs_ + n;
      sums_.assign(static_cast<std::size_t>(count * kPanelColumns), T{0});
      for (std::int64_t p = 0; bias_ != nullptr && p < count; ++p) {
        std::copy_n(bias_ + first, columns, sums_.data() + p * kPanelColumns);
      }
      const std::int64_t panel = group * panelsPerGroup() + n / kPanelColumns;
      multiplyPanel(patches_.data(), depth_, count, panels_.data() + panel * panelSize(), depth_,
                    sums_.data());
      for (std::int64_t c = 0; c < columns; ++c) {
        T* row = y + (first + c) * window_.pixels() + pixel;
        for (std::int64_t p = 0; p < count; ++p) {
          row[p] = sums_[static_cast<std::size_t>(p * kPanelColumns + c)];
        }
      }
    }
  }

  std::int64_t panelsPerGroup() const { return (outputs_ + kPanelColumns - 1) / kPanelColumns; }
  std::int64_t panelSize() const { return depth_ * kPanelColumns; }

  Window window_;
  std::int64_t groups_, outputs_, inputs_, depth_;
  const T* bias_;
  std::vector<T> panels_, patches_, sums_;
};

/// y [channels][pixels] from x [positions][channels]: each channel has a window of its own.
template <typename T>
void convolveDepthwise(const Window& window, const Array<T>& w, const T* bias, const T* x, T* y) {
  const std::int64_t channels = w.dim(0);
  const std::vector<T> taps = channelsLast(w.data(), channels, window.taps());
  const std::vector<T> zeros(static_cast<std::size_t>(channels), T{0});
  std::vector<T> sums(zeros);
  for (std::int64_t pixel = 0; pixel < window.pixels(); ++pixel) {
    std::copy_n(bias != nullptr ? bias : zeros.data(), channels, sums.data());
    for (std::int64_t tap = 0; tap < window.taps(); ++tap) {
      const std::int64_t position = window.source(pixel, tap).position;
      multiplyAdd(position >= 0 ? x + position * channels : zeros.data(),
                  taps.data() + tap * channels, channels, sums.data());
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      y[c * window.pixels() + pixel] = sums[static_cast<std::size_t>(c)];
    }
  }
}

}  // namespace

template <typename T>
Array<T> convolve(const Convolution& op, const Array<T>& x, const Array<T>& w,
                  const std::optional<Array<T>>& bias) {
  Array<T> y(outputShape(op, x.shape(), w.shape()));
  ensure(!bias || bias->size() == w.dim(0), "evaluate: convolution bias of another length");
  const Window window = makeWindow(op, spatial(x.shape()), spatial(w.shape()), spatial(y.shape()));
  const T* biasData = bias ? bias->data() : nullptr;
  const std::int64_t channels = x.dim(1);
  const bool depthwise = op.groups == channels && w.dim(0) == channels;
  std::optional<DenseConvolution<T>> dense;
  if (!depthwise) dense.emplace(window, op.groups, w, biasData);
  for (std::int64_t n = 0; n < x.dim(0); ++n) {
    const std::vector<T> image =
        channelsLast(x.data() + n * channels * window.positions(), channels, window.positions());
    T* out = y.own() + n * w.dim(0) * window.pixels();
    if (dense) {
      dense->run(image.data(), out);
    } else {
      convolveDepthwise(window, w, biasData, image.data(), out);
    }
  }
  return y;
}

template Array<float> convolve(const Convolution&, const Array<float>&, const Array<float>&,
                               const std::optional<Array<float>>&);
template Array<std::int32_t> convolve(const Convolution&, const Array<std::int32_t>&,
                                      const Array<std::int32_t>&,
                                      const std::optional<Array<std::int32_t>>&);
template Array<std::int64_t> convolve(const Convolution&, const Array<std::int64_t>&,
                                      const Array<std::int64_t>&,
                                      const std::optional<Array<std::int64_t>>&);

}  // namespace npusim
