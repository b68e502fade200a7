#include "sim/laws/row_stationary_passes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "sim/core/error.h"

namespace npusim {
namespace {

/// The steps in which a dimension is taken, each about as large and at most `most`.
std::int64_t evenStep(std::int64_t extent, std::int64_t most) {
  return ceilDiv(extent, ceilDiv(extent, most));
}

std::int64_t wordsOf(const OperandStoreConfig& store, std::int64_t bytes) {
  return std::max<std::int64_t>(1, store.bytes / bytes);
}

/// Cycles that a store's ports need for `accesses` to one word.
std::int64_t portCycles(const OperandStoreConfig& store, std::int64_t bytes,
                        std::int64_t accesses) {
  const std::int64_t each = store.wordBits == 0 ? 1 : ceilDiv(bytes * 8, store.wordBits);
  return ceilDiv(each * accesses, store.ports);
}

std::int64_t intervalOf(const ArrayConfig& array, DataType format) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  ensure(rate->second <= 1, "a row-stationary PE does one MAC at a time");
  const LocalStoreConfig& store = array.localStore;
  const std::int64_t bytes = byteSize(format);
  return std::max({static_cast<std::int64_t>(std::llround(1 / rate->second)),
                   portCycles(store.weights, bytes, 1), portCycles(store.inputs, bytes, 1),
                   portCycles(store.outputs, array.storedSumBytes(format), 2)});
}

}  // namespace

RowStationaryLimits::RowStationaryLimits(const ArrayConfig& array, DataType format,
                                         const MatrixShape& shape)
    : rows(array.rows),
      cols(array.cols),
      filterRows(evenStep(shape.extents[4], array.rows)),
      taps(0),
      filterWords(wordsOf(array.localStore.weights, byteSize(format))),
      inputWords(wordsOf(array.localStore.inputs, byteSize(format))),
      sums(wordsOf(array.localStore.outputs, array.storedSumBytes(format))),
      interval(intervalOf(array, format)),
      filterBus(array.rowStationary.filterBusBits, byteSize(format) * 8),
      inputBus(array.rowStationary.inputBusBits, byteSize(format) * 8),
      sumBus(array.rowStationary.sumBusBits, array.storedSumBytes(format) * 8) {
  taps = evenStep(shape.extents[5], std::min(filterWords, inputWords));
}

std::int64_t RowStationaryLimits::mostR(std::int64_t e) const {
  return rows / filterRows / ceilDiv(e, cols);
}

std::int64_t RowStationaryLimits::mostT(std::int64_t e, std::int64_t r) const {
  return mostR(e) / r * std::max<std::int64_t>(1, cols / e);
}

const char* RowStationaryLimits::faultOf(const RowStationaryPass& pass) const {
  if (pass.p > sums) return "p sums exceed local_store.outputs";
  if (pass.q * taps > inputWords) return "q channels of a window exceed local_store.inputs";
  if (pass.p * pass.q * taps > filterWords) return "p x q filter rows exceed local_store.weights";
  if (pass.r > mostR(pass.e)) return "r sets of e columns exceed the array";
  if (pass.t > mostT(pass.e, pass.r)) return "r x t sets of e columns exceed the array";
  return nullptr;
}

std::int64_t PassLaw::lines(const ProcessingPass& pass) const {
  const std::int64_t unshared = std::min(pass.rows, shape_.dilations[0]);
  const std::int64_t fresh = std::min(std::abs(shape_.strides[0]), pass.filterRows);
  return unshared * pass.filterRows + (pass.rows - unshared) * fresh;
}

std::int64_t PassLaw::freshColumns(const ProcessingPass& pass) const {
  const std::int64_t stride = shape_.strides[1];
  const bool slides = shape_.dilations[1] == 1 && stride >= 0;
  return slides ? std::min(stride, pass.taps) : pass.taps;
}

std::int64_t PassLaw::columns(const ProcessingPass& pass) const {
  return pass.taps + (shape_.extents[2] - 1) * freshColumns(pass);
}

/// When the last window starts, counted from the loaded filters. Windows are at least `spacing`
/// apart; one may wait for what the buses bring. What has come grows linearly within an image and
/// from image to image, so the wait that matters is that of a first or a last window of the first
/// or the last image.
std::int64_t PassLaw::lastStart(const ProcessingPass& pass, std::int64_t spacing) const {
  const std::int64_t perColumn = lines(pass) * pass.channels;
  const std::int64_t images = shape_.extents[0], width = shape_.extents[2];
  std::int64_t latest = 0;
  for (const std::int64_t image : {std::int64_t{0}, images - 1}) {
    for (const std::int64_t x : {std::int64_t{0}, width - 1}) {
      const std::int64_t seen = image * columns(pass) + pass.taps + x * freshColumns(pass);
      const std::int64_t window = image * width + x;
      std::int64_t arrival = limits_.inputBus.cyclesFor(seen * perColumn);
      if (pass.readsSums) {
        const std::int64_t sums = (window + 1) * pass.rows * pass.filters;
        arrival = std::max(arrival, limits_.sumBus.cyclesFor(sums));
      }
      latest = std::max(latest, arrival + (windows() - 1 - window) * spacing);
    }
  }
  return latest;
}

PassTime PassLaw::time(const ProcessingPass& pass) const {
  const std::int64_t p = std::min(m_.p, pass.filters);
  const std::int64_t q = std::min(m_.q, pass.channels);
  const std::int64_t column = ceilDiv(pass.channels, q) * pass.filterRows;
  const std::int64_t macs = p * q * pass.taps * limits_.interval;
  const std::int64_t sums = limits_.sumBus.cyclesFor(pass.rows * pass.filters);
  const std::int64_t start = lastStart(pass, std::max(macs, sums));
  const std::int64_t words = pass.filters * pass.channels * pass.filterRows * pass.taps;
  return {limits_.filterBus.cyclesFor(words),
          start + macs + stages_ - 1 + column - 1 + std::max(p, sums), windows() * macs};
}

}  // namespace npusim
