#include "sim/array/module/row_stationary_pass.h"

#include <algorithm>
#include <cmath>

#include "sim/core/rounding.h"

namespace npusim::modules {
namespace {

/// The fewest steps of at most `most` over `extent`, as even as can be: the size of one.
std::int64_t evenStep(std::int64_t extent, std::int64_t most) {
  return ceilDiv(extent, ceilDiv(extent, most));
}

std::vector<Stretch> cut(std::int64_t extent, std::int64_t step) {
  std::vector<Stretch> all;
  for (std::int64_t first = 0; first < extent; first += step) {
    all.push_back({first, std::min(step, extent - first)});
  }
  return all;
}

std::int64_t intervalOf(const ArrayConfig& array, DataType format) {
  const auto portCycles = [](const OperandStoreConfig& store, std::int64_t bytes, int accesses) {
    const std::int64_t words = store.wordBits == 0 ? 1 : ceilDiv(bytes * 8, store.wordBits);
    return ceilDiv(words * accesses, store.ports);
  };
  const auto multiplier =
      static_cast<std::int64_t>(std::llround(1 / array.macsPerCycle.at(format)));
  return std::max({multiplier, portCycles(array.localStore.weights, byteSize(format), 1),
                   portCycles(array.localStore.inputs, byteSize(format), 1),
                   portCycles(array.localStore.outputs, array.storedSumBytes(format), 2)});
}

}  // namespace

RowStationaryProgram::RowStationaryProgram(const ArrayConfig& array, DataType format,
                                           const MatrixShape& shape,
                                           const RowStationaryPass& mapping)
    : array_(array),
      shape_(shape),
      mapping_(mapping),
      filterRows_(evenStep(shape.extents[4], array.rows)),
      interval_(intervalOf(array, format)) {
  const LocalStoreConfig& store = array.localStore;
  const std::int64_t words = std::min(store.weights.bytes, store.inputs.bytes) / byteSize(format);
  const std::int64_t taps = evenStep(shape.extents[5], std::max<std::int64_t>(1, words));
  for (const Stretch& filters : cut(shape.n(), mapping.p * mapping.t)) {
    for (const Stretch& rows : cut(shape.extents[1], mapping.e)) {
      Pass pass{filters, rows, {}, {}, {}, true, shape.startsFromSums()};
      for (const Stretch& filterRows : cut(shape.extents[4], filterRows_)) {
        for (const Stretch& tapsOfPass : cut(shape.extents[5], taps)) {
          for (const Stretch& channels : cut(shape.extents[6], mapping.q * mapping.r)) {
            pass.filterRows = filterRows;
            pass.taps = tapsOfPass;
            pass.channels = channels;
            passes_.push_back(pass);
            pass.opens = false;
            pass.readsSums = true;
          }
        }
      }
    }
  }
}

std::int64_t RowStationaryProgram::interleavedFilters(const Pass& pass) const {
  return std::min(mapping_.p, pass.filters.count);
}
std::int64_t RowStationaryProgram::interleavedChannels(const Pass& pass) const {
  return std::min(mapping_.q, pass.channels.count);
}

std::int64_t RowStationaryProgram::slidingColumns(const Pass& pass) const {
  if (shape_.dilations[1] != 1 || shape_.strides[1] < 0) return pass.taps.count;
  return std::min(shape_.strides[1], pass.taps.count);
}

std::int64_t RowStationaryProgram::productRow(std::int64_t outputRow, std::int64_t window) const {
  const std::int64_t width = shape_.extents[2];
  return (window / width * shape_.extents[1] + outputRow) * width + window % width;
}

/// From its place: rows of the array are filter rows within sets of channels within the parts of a
/// strip within sets of filters; columns are output rows within sets of filters.
Role RowStationaryProgram::roleOf(const Pass& pass, std::int64_t row, std::int64_t col) const {
  const std::int64_t p = interleavedFilters(pass), q = interleavedChannels(pass);
  const std::int64_t parts = ceilDiv(mapping_.e, array_.cols);
  const std::int64_t width = std::min(mapping_.e, array_.cols);
  const std::int64_t filterRow = row % filterRows_;
  const std::int64_t channelSet = row / filterRows_ % mapping_.r;
  const std::int64_t strip = row / filterRows_ / mapping_.r;
  const std::int64_t filterSet = strip / parts * (array_.cols / width) + col / width;
  const std::int64_t outputRow = strip % parts * width + col % width;
  const std::int64_t strips = array_.rows / filterRows_ / mapping_.r;
  const std::int64_t filters = std::min(p, pass.filters.count - filterSet * p);
  const std::int64_t channels = std::min(q, pass.channels.count - channelSet * q);
  Role role;
  role.works = strip < strips && col < array_.cols / width * width && filterSet < mapping_.t &&
               filterRow < pass.filterRows.count && outputRow < pass.rows.count && filters > 0 &&
               channels > 0;
  if (!role.works) return role;
  const std::int64_t setAbove = row - filterRow - filterRows_;
  role.above = filterRow > 0 ? row - 1 : channelSet > 0 ? setAbove + pass.filterRows.count - 1 : -1;
  role.last = filterRow + 1 == pass.filterRows.count && (channelSet + 1) * q >= pass.channels.count;
  role.filterTag = {filterRow, channelSet, filterSet};
  role.inputTag = {channelSet, inputRow(filterRow, outputRow), 0};
  role.filters = {pass.filters.first + filterSet * p, filters};
  role.channels = channels;
  role.outputRow = pass.rows.first + outputRow;
  role.firstTap = (pass.filterRows.first + filterRow) * shape_.extents[5] + pass.taps.first;
  role.firstChannel = pass.channels.first + channelSet * q;
  return role;
}

}  // namespace npusim::modules
